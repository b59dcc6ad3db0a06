// The pinned compiler, over contracts/src and the packages that it imports.
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { settings } from "./settings.mjs";

const solc = createRequire(import.meta.url)("solc");
export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** The compiler's version, without the word of what it was itself compiled to. */
export const version = solc.version().replace(/\.Emscripten.*$/, "");

function sources() {
  const names = readdirSync(join(root, "src")).filter((name) => name.endsWith(".sol")).sort();
  const text = (name) => ({ content: readFileSync(join(root, "src", name), "utf8") });
  return Object.fromEntries(names.map((name) => [`src/${name}`, text(name)]));
}

function fromPackages(path) {
  const file = join(root, "node_modules", path);
  if (!path.startsWith("@") || !existsSync(file)) return { error: `no such package file: ${path}` };
  return { contents: readFileSync(file, "utf8") };
}

/** Compile all of src/; a single warning is as bad as an error. */
export function compile() {
  const selection = ["abi", "evm.bytecode.object", "evm.deployedBytecode.object"];
  const outputSelection = { "*": { "*": selection } };
  const input = { language: "Solidity", sources: sources(), settings: { ...settings, outputSelection } };
  const output = JSON.parse(solc.compile(JSON.stringify(input), { import: fromPackages }));
  const complaints = output.errors ?? [];
  complaints.forEach((e) => process.stderr.write(e.formattedMessage));
  if (complaints.length > 0) process.exit(1);
  return (name) => output.contracts[`src/${name}.sol`]?.[name];
}
