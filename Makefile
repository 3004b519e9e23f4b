# `make run` and `make test` are all that one needs to know. Nothing here needs more than Python 3.11, git and make.

PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && command -v "$$name" && break; done)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet
# This installation's programs first: the Node of the virtual environment is found where the machine has none.
export PATH := $(CURDIR)/$(BIN):$(PATH)
# Names of packages that hold Python: what is checked.
CODE := $(wildcard analytics api bench casework cli dashboards infra migrations realtime tests web workers)

.PHONY: run test check install lock bench clean clean-data chromium

run: $(VENV)/.run node_modules/.installed
	@DEMO=$${DEMO:-1} exec $(BIN)/relais run

test: check chromium
	$(BIN)/pytest -n 2 --dist worksteal

check: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy $(CODE)
	$(BIN)/lint-imports --no-logo
	$(BIN)/pytest -q -p no:randomly tests/docs tests/translations

install: $(VENV)/.run $(VENV)/.dev node_modules/.installed

chromium: node_modules/.installed
	@sh tests/chromium/get.sh

bench: $(VENV)/.run $(VENV)/.bench
	$(BIN)/python -m bench.live
	$(BIN)/python -m bench.actions
	$(BIN)/python -m bench.forms

# The locks hold hashes and no address: whichever index pip is set up for serves them, or is refused.
lock: $(VENV)/.dev
	sh requirements.sh

clean:
	rm -rf $(VENV) node_modules .chromium .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build *.egg-info

# The data of `make run`: database, documents, mails. There is no way back.
clean-data:
	rm -rf .relais

$(BIN)/python:
	@if [ -z "$(PYTHON)" ]; then echo "Relais needs Python 3.11 or later." >&2; exit 1; fi
	@"$(PYTHON)" -m venv $(VENV) || { rm -rf $(VENV); \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; \
		then apt-get install -qq -y python3-venv >/dev/null && "$(PYTHON)" -m venv $(VENV); \
		else echo "Python's venv module is missing: install python3-venv, then try again." >&2; exit 1; fi; }

$(VENV)/.run: requirements.lock pyproject.toml | $(BIN)/python
	@echo "Installing what Relais needs…"
	@$(PIP) --require-hashes -r requirements.lock
	@$(PIP) --no-deps --no-build-isolation --no-index -e .
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.run
	@echo "Installing what its tests need…"
	@$(PIP) --require-hashes -r requirements-dev.lock
	@touch $@

$(VENV)/.bench: requirements-bench.lock $(VENV)/.run
	@echo "Installing the peers…"
	@$(PIP) --require-hashes -r requirements-bench.lock
	@touch $@

node_modules/.installed: package-lock.json .npmrc $(VENV)/.run
	@command -v npm >/dev/null || $(PIP) --require-hashes -r requirements-node.lock
	@npm ci --ignore-scripts --silent
	@touch $@
