#!/usr/bin/env bash
# All that is claimed of the contracts. Two lanes side by side; a step says what it found, and one
# that fails ends its lane. Needs node_modules/ (make does it), slither and halmos on the PATH.
# Writes only to .forge/.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export PATH="$PWD/node_modules/@foundry-rs/forge-linux-amd64/bin:$PATH" NO_COLOR=1
mkdir -p .forge

step() {
  local name="$1" started=$SECONDS log=".forge/step-$BASHPID.log" code=0
  shift
  # In a shell of its own, where a failing command still ends the step.
  bash -c "set -euo pipefail; $(declare -f); $*" >"$log" 2>&1 || code=$?
  if [ "$code" -ne 0 ]; then
    cat "$log" >&2
    echo "contracts: NOT YET: $name" >&2
    exit 1
  fi
  echo "contracts: $name ($((SECONDS - started)) s)"
  # What is worth reading in a log of thousands of lines: sums, sizes, shares.
  grep -E "^(Ran .* tests passed|Symbolic test result|Coopt[A-Za-z]*: runtime|lines:|branches:|[0-9]+ (contracts|findings))" \
    "$log" | sed 's/^/    /' || true
}

same_bytecode() {
  forge build
  node tools/same_bytecode.mjs
}

fuzz_and_invariants() {
  FOUNDRY_PROFILE=full forge test --no-match-contract GasTest
}

gas_snapshot() {
  forge test --isolate --match-contract GasTest --gas-snapshot-check true
}

# What gas may cost is not asked of code that counts its lines.
coverage() {
  forge coverage --ir-minimum --no-match-contract "GasTest|TenThousand" --report lcov --report-file .forge/lcov.info
  node tools/coverage.mjs .forge/lcov.info 98
}

slither_findings() {
  export FOUNDRY_OUT=.forge/tree FOUNDRY_CACHE_PATH=.forge/tree-cache
  forge build --ast --build-info --skip './test/**'
  rm -f .forge/slither.json
  # slither's own exit code counts findings; what counts here is that each is justified.
  slither . --foundry-ignore-compile --foundry-out-directory .forge/tree --json .forge/slither.json || true
  node tools/findings.mjs .forge/slither.json SECURITY.md
}

# halmos wants syntax trees of all that is built: so it gets a folder with its properties only.
symbolic() {
  local home=.forge/halmos
  mkdir -p "$home/test"
  rm -rf "$home/src" "$home"/test/*
  cp -r src tools foundry.toml halmos.toml "$home/"
  cp test/Halmos*.sol test/Apportion.sol "$home/test/"
  ln -sfn ../../node_modules "$home/node_modules"
  sed -i '/^skip = /d' "$home/foundry.toml"
  cd "$home"
  halmos
}

tested() {
  step "forge builds the committed bytecode" same_bytecode
  step "unit tests, fuzz (10,000 runs), invariants (256 x 128)" fuzz_and_invariants
  step "gas is that of the committed snapshot" gas_snapshot
}

read_and_solved() {
  step "compiles to the committed bytecode, within the limits of size" node compile.mjs --check
  step "slither" slither_findings
  step "halmos" symbolic
  step "coverage of src/" coverage
}

tested &
first=$!
code=0
(read_and_solved) || code=$?
wait "$first" || code=$?
[ "$code" -eq 0 ] || exit 1
echo "contracts: all proven ($SECONDS s)"
