// Each finding of slither stands in SECURITY.md with the reason why it is no fault, and nothing
// else does. Reads slither's JSON; a finding is a detector and the place that it points at.
// Usage: node tools/findings.mjs SLITHER_JSON SECURITY_MD
import { readFileSync } from "node:fs";

const [file, page] = process.argv.slice(2);
const report = JSON.parse(readFileSync(file, "utf8"));
if (!report.success) {
  process.stderr.write(`slither failed: ${report.error}\n`);
  process.exit(1);
}

/** `detector | Contract.function`, the way the table writes it; arguments are left out. */
function finding({ check, elements }) {
  const first = elements[0];
  const parent = first.type_specific_fields?.parent;
  const place = parent?.type === "contract" ? `${parent.name}.${first.name}` : first.name;
  return `${check} | ${place}`;
}

/** Rows of the table `| detector | place, place | reason |`. */
function justified(text) {
  const rows = [...text.matchAll(/^\| `([a-z0-9-]+)` \| (.+?) \| (\S.*?) \|$/gm)];
  return rows.flatMap(([, detector, places]) =>
    [...places.matchAll(/`([^`]+)`/g)].map(([, place]) => `${detector} | ${place}`),
  );
}

const found = new Set((report.results.detectors ?? []).map(finding));
const known = new Set(justified(readFileSync(page, "utf8")));
const fresh = [...found].filter((one) => !known.has(one)).sort();
const stale = [...known].filter((one) => !found.has(one)).sort();
fresh.forEach((one) => process.stderr.write(`found, but not justified in SECURITY.md: ${one}\n`));
stale.forEach((one) => process.stderr.write(`in SECURITY.md, but no longer found: ${one}\n`));
if (fresh.length + stale.length > 0) process.exit(1);
process.stdout.write(`${found.size} findings, each with its reason in SECURITY.md\n`);
