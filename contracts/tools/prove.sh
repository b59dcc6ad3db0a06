#!/usr/bin/env bash
# All that is claimed of the contracts, one step after the other; a step says what it found.
# Needs node_modules/ (make does it) and slither and halmos on the PATH. Writes only to .forge/.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export PATH="$PWD/node_modules/@foundry-rs/forge-linux-amd64/bin:$PATH"
export FOUNDRY_DISABLE_NIGHTLY_WARNING=1 NO_COLOR=1
mkdir -p .forge

step() {
  local name="$1" started=$SECONDS log=.forge/step.log
  shift
  if ! "$@" >"$log" 2>&1; then
    cat "$log" >&2
    echo "contracts: NOT YET: $name" >&2
    exit 1
  fi
  echo "contracts: $name ($((SECONDS - started)) s)"
  # What is worth reading in a log of thousands of lines: sums, sizes, shares.
  grep -E "^(Ran .* tests passed|Symbolic test result|Coopt.*bytes|lines:|branches:|[0-9]+ (contracts|findings))" "$log" \
    | grep -v "^Ran [0-9]* tests for" | sed 's/^/    /' || true
}

same_bytecode() {
  forge build
  node tools/same_bytecode.mjs
}

test_fully() {
  FOUNDRY_PROFILE=full forge test --no-match-contract GasTest
}

gas_snapshot() {
  forge test --isolate --match-contract GasTest --gas-snapshot-check true
}

slither_findings() {
  rm -f .forge/slither.json
  # slither's own exit code counts findings; what counts here is that each is justified.
  slither . --foundry-ignore-compile --foundry-out-directory .forge/out --json .forge/slither.json || true
  node tools/findings.mjs .forge/slither.json SECURITY.md
}

coverage() {
  forge coverage --ir-minimum --report lcov --report-file .forge/lcov.info --no-match-contract GasTest
  node tools/coverage.mjs .forge/lcov.info 98
}

step "compiles to the committed bytecode, within the limits of size" node compile.mjs --check
step "forge builds the same bytecode" same_bytecode
step "unit tests, fuzz (10,000 runs), invariants (256 x 128)" test_fully
step "gas is that of the committed snapshot" gas_snapshot
step "slither" slither_findings
step "halmos" halmos
step "coverage of src/" coverage
echo "contracts: all proven ($SECONDS s)"
