// Lines and branches of src/ that the tests reach, read from an lcov file; fails below the floor.
// Usage: node tools/coverage.mjs LCOV_FILE FLOOR_PERCENT
import { readFileSync } from "node:fs";

const [file, floor] = [process.argv[2], Number(process.argv[3])];

/** Gives per source file the hits of its lines (by number) and branches (by place and number). */
function records(text) {
  const found = [];
  for (const line of text.split("\n")) {
    const [tag, rest = ""] = [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1)];
    if (tag === "SF") found.push({ name: rest, lines: new Map(), branches: new Map() });
    if (tag === "DA") {
      const [number, hits] = rest.split(",");
      found.at(-1).lines.set(number, Number(hits));
    }
    if (tag === "BRDA") {
      const [number, block, branch, hits] = rest.split(",");
      found.at(-1).branches.set(`${number}:${block}.${branch}`, hits === "-" ? 0 : Number(hits));
    }
  }
  return found.filter(({ name }) => name.startsWith("src/"));
}

function count(sources, kind) {
  const hits = sources.flatMap((source) => [...source[kind].values()]);
  const reached = hits.filter((n) => n > 0).length;
  return { reached, all: hits.length, percent: hits.length === 0 ? 0 : (100 * reached) / hits.length };
}

const sources = records(readFileSync(file, "utf8"));
let isEnough = true;
for (const kind of ["lines", "branches"]) {
  const { reached, all, percent } = count(sources, kind);
  process.stdout.write(`${kind}: ${reached} of ${all} (${percent.toFixed(2)} %, floor ${floor} %)\n`);
  isEnough &&= percent >= floor;
}
for (const source of sources) {
  for (const kind of ["lines", "branches"]) {
    const missed = [...source[kind]].filter(([, hits]) => hits === 0).map(([place]) => place);
    const out = isEnough ? process.stdout : process.stderr;
    if (missed.length > 0) out.write(`  not reached: ${source.name} ${kind} ${missed.join(" ")}\n`);
  }
}
process.exit(isEnough ? 0 : 1);
