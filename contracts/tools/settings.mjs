// All that the bytecode depends on, besides the sources and the versions in package-lock.json.
// foundry.toml says the same to forge; tools/same_bytecode.mjs tells when the two part.
export const settings = {
  optimizer: { enabled: true, runs: 200 },
  viaIR: true,
  evmVersion: "cancun",
  metadata: { bytecodeHash: "none", appendCBOR: false },
  debug: { revertStrings: "default" },
};

// What is deployed, and therefore committed under coopt_dag/ledger/artifacts/.
export const published = ["CooptGuard", "CooptLedger", "CooptNotes", "CooptTreasury"];

// EIP-170: a longer runtime cannot be deployed. EIP-3860: nor a longer creation code.
export const maxRuntimeBytes = 24576;
export const maxCreationBytes = 49152;
