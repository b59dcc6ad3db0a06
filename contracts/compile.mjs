// Compile contracts/src with the pinned compiler into coopt_dag/ledger/artifacts/<Name>.json.
// `--check` writes nothing: it compares the bytes and exits 1 when a committed file is stale.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { maxCreationBytes, maxRuntimeBytes, published, settings } from "./tools/settings.mjs";
import { compile, root, version } from "./tools/solidity.mjs";

const target = join(root, "..", "coopt_dag", "ledger", "artifacts");

function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.keys(value).sort().map((k) => [k, sorted(value[k])]));
}

function artifact(name, { abi, evm }) {
  const document = {
    abi,
    bytecode: `0x${evm.bytecode.object}`,
    compiler: version,
    contract: name,
    runtime: `0x${evm.deployedBytecode.object}`,
    settings,
  };
  return `${JSON.stringify(sorted(document), null, 1)}\n`;
}

function fits(name, { evm }) {
  const runtime = evm.deployedBytecode.object.length / 2;
  const creation = evm.bytecode.object.length / 2;
  const isFit = runtime <= maxRuntimeBytes && creation <= maxCreationBytes;
  const line = `${name}: runtime ${runtime} of ${maxRuntimeBytes} bytes, creation ${creation} of ${maxCreationBytes}`;
  (isFit ? process.stdout : process.stderr).write(`${line}${isFit ? "" : ": TOO LONG"}\n`);
  return isFit;
}

function isFresh(name, text) {
  const path = join(target, `${name}.json`);
  if (existsSync(path) && readFileSync(path, "utf8") === text) return true;
  process.stderr.write(`${name}.json is stale; run: make artifacts\n`);
  return false;
}

const isCheck = process.argv.includes("--check");
const contractNamed = compile();
let failures = 0;
mkdirSync(target, { recursive: true });
for (const name of published) {
  const contract = contractNamed(name);
  if (!contract) {
    process.stderr.write(`src/${name}.sol has no contract ${name}\n`);
    failures += 1;
    continue;
  }
  const text = artifact(name, contract);
  if (!fits(name, contract)) failures += 1;
  else if (!isCheck) writeFileSync(join(target, `${name}.json`), text);
  else if (!isFresh(name, text)) failures += 1;
}
process.exit(failures === 0 ? 0 : 1);
