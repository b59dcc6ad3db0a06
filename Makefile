# Everything starts here: `make` lists what there is. Needs Python 3.11+, git and make; no root.
# Nothing of ours has to be installed: .venv/ is made from the hash-pinned lists in locks/.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
PY := $(BIN)/python
UV := $(BIN)/uv
STAMPS := $(VENV)/stamps
NPM := $(shell command -v npm 2>/dev/null)
INSTALL := $(UV) pip install --quiet --python $(PY) --require-hashes --compile-bytecode
COMPILE := $(UV) pip compile --quiet --universal --python-version 3.11 \
	--generate-hashes --no-annotate --no-header $(UPGRADE)

# slither and halmos pin what we do not want to pin, so they live in an environment of their own.
CONTRACTS := $(VENV)/contracts
PROVERS := slither-analyzer halmos

# Files side by side, one worker a core; a file's tests stay together with their fixtures.
PYTEST_ARGS ?= -q -n auto --dist loadfile
# Version of the interpreter to build with, if the search should not choose: make PYTHON=python3.12
PYTHON ?=
# make locks UPGRADE=--upgrade moves every pin to the newest version that fits.
UPGRADE ?=

# Without .pyc files every start of Snakemake costs seconds; foreign paths would leak into .venv.
unexport PYTHONDONTWRITEBYTECODE PYTHONPATH PYTHONHOME VIRTUAL_ENV
export PATH := $(CURDIR)/$(BIN):$(PATH)

NODE_MODULES := contracts/node_modules/.stamp tests/interop/node_modules/.stamp

.PHONY: help demo test attack-test interop check fmt bench attacks docs contracts artifacts locks clean env env-dev env-bench env-contracts npm-hint

help:  ## what you are reading
	@echo "coopt-dag: research challenges as a DAG of small steps"
	@echo
	@grep -hE '^[a-z-]+:.*  ## ' Makefile | sed -E 's/^([a-z-]+):.*  ## (.*)/  make \1	\2/' | expand -t 18
	@echo
	@echo "Start with 'make demo'. The first run makes $(VENV)/ (about a minute); later runs are instant."

demo: env  ## one challenge from data to credit, on this machine; writes results/demo.json
	@$(BIN)/coopt demo

test: env-dev $(if $(NPM),$(NODE_MODULES),npm-hint)  ## every test, with the real ratings and contracts
	@select=""; \
	if ! $(BIN)/coopt data fetch movielens; then \
	  if [ -n "$${CI:-}" ]; then echo "make test: the ratings could not be fetched" >&2; exit 1; fi; \
	  echo "note: no ratings, so tests marked 'data' are left out; to get them: coopt data fetch movielens" >&2; \
	  select="not data"; \
	fi; \
	$(if $(NPM),,select="$${select:+$$select and }not npm";) \
	$(PY) -m pytest $(PYTEST_ARGS) $${select:+-m "$$select"}

attack-test: env-dev  ## try 14 attacks on the cage, inside namespaces of their own (also part of make test)
	@$(PY) -m tools.attack_test

interop: env-dev $(if $(NPM),tests/interop/node_modules/.stamp,npm-hint)  ## exchange bytes with Kubo, js-ipfs, Helia: software that we did not write
	@$(PY) -m pytest $(PYTEST_ARGS) -m "interop$(if $(NPM),, and not npm)" tests

# Every check runs, so that one look shows all that is wrong.
check: env-dev $(if $(NPM),contracts/node_modules/.stamp,npm-hint)  ## style, types, layers, generated files, specifications
	@failed=""; \
	step() { echo "check: $$1"; said="$$("$${@:2}" 2>&1)" || { echo "$$said" >&2; failed+="; $$1"; }; }; \
	step "style (ruff)" $(BIN)/ruff check --quiet --output-format concise .; \
	step "format (ruff)" $(BIN)/ruff format --quiet --check .; \
	step "types (mypy, strict)" $(BIN)/mypy --no-error-summary; \
	step "layers (import-linter)" $(BIN)/lint-imports --no-logo --no-cache; \
	step "schemas are fresh" $(PY) -m coopt_dag.specs.export --check; \
	step "generated pages are fresh" $(PY) -m tools.pages --check; \
	step "challenges and solutions (coopt lint)" $(BIN)/coopt lint; \
	step "events of the contracts are fresh" $(PY) -m tools.interface --check; \
	$(if $(NPM),step "contracts compile to the committed bytecode" npm --prefix contracts run --silent check;) \
	if [ -n "$$failed" ]; then echo "check: not yet: $${failed#; }" >&2; exit 1; fi; \
	echo "check: all fine"

fmt: env-dev  ## put code into house style
	@$(BIN)/ruff format --quiet .
	@$(BIN)/ruff check --quiet --fix .

bench: env-bench $(if $(NPM),contracts/node_modules/.stamp benchmarks/eas/node_modules/.stamp,npm-hint)  ## measure us and the tools that people use today
	@$(PY) -m benchmarks

attacks: env  ## try ten attacks on credit against three rules; writes the tables and figure of docs/attacks.md
	@$(PY) -m benchmarks.attacks

docs: env-dev  ## write every generated page and schema anew
	@$(PY) -m coopt_dag.specs.export
	@$(PY) -m tools.pages

contracts: $(if $(NPM),contracts/node_modules/.stamp env-contracts,npm-hint)  ## prove the contracts: bytecode, fuzz, invariants, gas, slither, halmos, coverage
	@$(if $(NPM),PATH="$(CURDIR)/$(CONTRACTS)/bin:$$PATH" contracts/tools/prove.sh,echo "make contracts: needs npm" >&2; exit 1)

artifacts: contracts/node_modules/.stamp env-dev  ## write what is committed of the contracts: ABI, bytecode, events, gas snapshot
	@cd contracts && npm run --silent compile
	@$(PY) -m tools.interface
	@cd contracts && PATH="$$PWD/node_modules/@foundry-rs/forge-linux-amd64/bin:$$PATH" \
	  npm run --silent gas

locks: $(UV)  ## resolve locks/*.txt anew from pyproject.toml (UPGRADE=--upgrade to move the pins)
	@$(COMPILE) pyproject.toml --group build -o locks/runtime.txt
	@echo uv | $(COMPILE) - --constraint locks/runtime.txt -o locks/uv.txt
	@$(COMPILE) pyproject.toml --group dev --constraint locks/runtime.txt -o locks/dev.txt
	@$(COMPILE) pyproject.toml --group build --group bench --constraint locks/runtime.txt -o locks/bench.txt
	@printf '%s\n' $(PROVERS) | $(COMPILE) - -o locks/contracts.txt
	@grep -c '^[a-z].*==' locks/*.txt | sed 's/:/: /; s/$$/ packages/'

clean:  ## remove environment and caches (never data, results, store or ledger)
	@rm -rf $(VENV) contracts/.forge contracts/node_modules tests/interop/node_modules benchmarks/eas/node_modules envs build dist .snakemake
	@rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage htmlcov
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --- environments: one stamp a lock, so that a changed lock installs and an unchanged one costs nothing

env: $(STAMPS)/package
env-dev: $(STAMPS)/dev $(STAMPS)/package
env-bench: $(STAMPS)/bench $(STAMPS)/package
env-contracts: $(STAMPS)/contracts

$(PY):
	@found=""; \
	for candidate in $(PYTHON) python3.11 python3.12 python3.13 python3; do \
	  if "$$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' \
	    >/dev/null 2>&1; then found="$$candidate"; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
	  echo "make: no Python 3.11, 3.12 or 3.13 on the PATH (python3 is $$(python3 -V 2>&1 || true))" >&2; \
	  echo "hint: install one, or name it: make PYTHON=/path/to/python3.11 demo" >&2; exit 1; \
	fi; \
	echo "environment: $(VENV)/ with $$("$$found" -V)" >&2; \
	"$$found" -m venv $(VENV) || { rm -rf $(VENV); \
	  echo "make: $$found cannot make a virtual environment" >&2; \
	  echo "hint: on Debian and Ubuntu the package python3-venv is missing" >&2; exit 1; }

$(UV): locks/uv.txt | $(PY)
	@if [ -x $(UV) ]; then $(INSTALL) -r locks/uv.txt; \
	else $(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r locks/uv.txt; fi
	@touch $(UV)

$(STAMPS)/runtime: locks/runtime.txt $(UV)
	@echo "environment: $$(grep -c '^[a-z].*==' $<) pinned packages, hashes checked" >&2
	@$(INSTALL) -r $<
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/dev: locks/dev.txt $(STAMPS)/runtime
	@echo "environment: tools for tests and checks" >&2
	@$(INSTALL) -r $<
	@touch $@

$(STAMPS)/bench: locks/bench.txt $(STAMPS)/runtime
	@echo "environment: tools to compare with" >&2
	@$(INSTALL) -r $<
	@touch $@

$(STAMPS)/contracts: locks/contracts.txt $(UV)
	@echo "environment: slither and halmos" >&2
	@$(UV) venv --quiet --clear --python $(PY) $(CONTRACTS)
	@$(UV) pip install --quiet --python $(CONTRACTS)/bin/python --require-hashes -r $<
	@mkdir -p $(STAMPS) && touch $@

# Editable, so a pull needs no reinstall; the builder is pinned too, so nothing is fetched unpinned.
$(STAMPS)/package: pyproject.toml coopt_dag_dvc.pth coopt_dag_dvc_hook.py $(STAMPS)/runtime
	@$(UV) pip install --quiet --python $(PY) --no-deps --no-build-isolation --editable .
	@touch $@

contracts/node_modules/.stamp: contracts/package-lock.json
	@echo "contracts: compiler and test chain from npm" >&2
	@cd contracts && npm ci --silent --no-audit --no-fund --ignore-scripts
	@touch $@

# Peers for the interop tests: helia, js-ipfs, ipfs-unixfs-importer, and Node 22 to run helia.
tests/interop/node_modules/.stamp: tests/interop/package-lock.json
	@echo "interop: IPFS software to exchange bytes with, from npm (a few minutes, once)" >&2
	@cd tests/interop && npm ci --silent --no-audit --no-fund --ignore-scripts
	@touch $@

# The attestation service as published, to measure its gas beside ours.
benchmarks/eas/node_modules/.stamp: benchmarks/eas/package-lock.json
	@echo "benchmarks: the Ethereum Attestation Service's contracts, from npm" >&2
	@cd benchmarks/eas && npm ci --silent --no-audit --no-fund --ignore-scripts
	@touch $@

npm-hint:
	@echo "note: no npm on the PATH, so the Solidity compiler, the test chain and IPFS peers are absent:" >&2
	@echo "      tests marked 'npm' and the bytecode comparison are left out. Users never need npm." >&2
