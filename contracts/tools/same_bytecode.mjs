// What forge tested is what is published: its bytecode is, byte by byte, the committed one.
// Run after a forge build; `FOUNDRY_OUT` names another folder than foundry.toml does.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { published } from "./settings.mjs";

const contracts = join(import.meta.dirname, "..");
const out = process.env.FOUNDRY_OUT ?? join(contracts, ".forge", "out");
const artifacts = join(contracts, "..", "coopt_dag", "ledger", "artifacts");

function read(...parts) {
  return JSON.parse(readFileSync(join(...parts), "utf8"));
}

let differing = 0;
for (const name of published) {
  const tested = read(out, `${name}.sol`, `${name}.json`);
  const committed = read(artifacts, `${name}.json`);
  const isSame =
    tested.bytecode.object === committed.bytecode && tested.deployedBytecode.object === committed.runtime;
  if (!isSame) {
    process.stderr.write(`${name}: forge's bytecode is not the committed one\n`);
    differing += 1;
  }
}
if (differing > 0) {
  process.stderr.write("hint: make artifacts; then compare foundry.toml with tools/settings.mjs\n");
  process.exit(1);
}
process.stdout.write(`${published.length} contracts: forge's bytecode is the committed one\n`);
