// Compile contracts/src with the pinned compiler into coopt_dag/ledger/artifacts/<Name>.json.
// `--check` writes nothing: it compares the bytes and exits 1 when a committed file is stale.
import { readFileSync, readdirSync, writeFileSync, mkdirSync, existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { createRequire } from "node:module";

const solc = createRequire(import.meta.url)("solc");
const here = dirname(fileURLToPath(import.meta.url));
const target = join(here, "..", "coopt_dag", "ledger", "artifacts");
const published = ["CooptLedger"];

// Everything that the bytecode depends on is pinned here and in package-lock.json.
const settings = {
  optimizer: { enabled: true, runs: 200 },
  viaIR: true,
  evmVersion: "cancun",
  metadata: { bytecodeHash: "none", appendCBOR: false },
  debug: { revertStrings: "default" },
};

function compile() {
  const names = readdirSync(join(here, "src")).filter((n) => n.endsWith(".sol")).sort();
  const sources = Object.fromEntries(
    names.map((n) => [`src/${n}`, { content: readFileSync(join(here, "src", n), "utf8") }]),
  );
  const outputSelection = { "*": { "*": ["abi", "evm.bytecode.object", "evm.deployedBytecode.object"] } };
  const input = { language: "Solidity", sources, settings: { ...settings, outputSelection } };
  const output = JSON.parse(solc.compile(JSON.stringify(input)));
  const complaints = output.errors ?? [];
  complaints.forEach((e) => process.stderr.write(e.formattedMessage));
  if (complaints.length > 0) process.exit(1);
  return output.contracts;
}

function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.keys(value).sort().map((k) => [k, sorted(value[k])]));
}

function artifact(name, contracts) {
  const { abi, evm } = contracts[`src/${name}.sol`][name];
  const document = {
    abi,
    bytecode: `0x${evm.bytecode.object}`,
    compiler: solc.version().replace(/\.Emscripten.*$/, ""),
    contract: name,
    runtime: `0x${evm.deployedBytecode.object}`,
    settings,
  };
  return `${JSON.stringify(sorted(document), null, 1)}\n`;
}

const check = process.argv.includes("--check");
const contracts = compile();
let stale = 0;
mkdirSync(target, { recursive: true });
for (const name of published) {
  const path = join(target, `${name}.json`);
  const text = artifact(name, contracts);
  if (!check) writeFileSync(path, text);
  else if (!existsSync(path) || readFileSync(path, "utf8") !== text) {
    process.stderr.write(`${name}.json is stale; run: npm --prefix contracts run compile\n`);
    stale += 1;
  }
}
process.exit(stale === 0 ? 0 : 1);
