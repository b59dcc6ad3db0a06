#!/usr/bin/env node
// The npm compiler, as forge and crytic-compile call a native one; so no compiler is downloaded.
// Understood: `--version` and `--standard-json [FILE] [--base-path P] [--include-path P]...`.
import { existsSync, readFileSync, writeSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";

const solc = createRequire(import.meta.url)("solc");
const words = process.argv.slice(2);

function write(text) {
  const bytes = Buffer.from(text);
  // A pipe takes what it has room for; the rest is offered again.
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(1, bytes, at);
    } catch (error) {
      if (error.code !== "EAGAIN") throw error;
    }
  }
}

function valuesOf(option) {
  return words.flatMap((word, i) => (word === option ? [words[i + 1]] : []));
}

function finder() {
  const bases = [...valuesOf("--base-path"), ...valuesOf("--include-path")];
  const folders = bases.length > 0 ? bases : [process.cwd()];
  return (path) => {
    const file = folders.map((folder) => resolve(folder, path)).find(existsSync);
    return file ? { contents: readFileSync(file, "utf8") } : { error: `not found: ${path}` };
  };
}

if (words.includes("--version")) {
  const version = solc.version().replace(/\.Emscripten.*$/, ".Linux.g++");
  write(`solc, the solidity compiler commandline interface\nVersion: ${version}\n`);
} else if (words.includes("--standard-json")) {
  const next = words[words.indexOf("--standard-json") + 1];
  const input = readFileSync(next && !next.startsWith("-") ? next : 0, "utf8");
  write(solc.compile(input, { import: finder() }));
} else {
  process.stderr.write(`contracts/tools/solc.mjs does not know: ${words.join(" ")}\n`);
  process.exit(1);
}
