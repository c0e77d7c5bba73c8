# Everything runs from .venv; nothing but Python 3.11, pip and make is needed beforehand.

PYTHON ?= python3
ARGS ?=
BIN := .venv/bin
STAMP := .venv/.lineup-stamp

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-browser lint format bench faults lock clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(STAMP) ## make .venv from the lock; at once when nothing changed

$(STAMP): pyproject.toml requirements-dev.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo "Lineup needs Python 3.11 or newer; name one with: make setup PYTHON=python3.11" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@awk '/^uv==/ { on = 1 } on { print } on && !/\\$$/ { exit }' requirements-dev.lock > .venv/uv.txt
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --require-hashes -r .venv/uv.txt || true
	@UV_PYTHON_DOWNLOADS=never VIRTUAL_ENV="$(CURDIR)/.venv" $(BIN)/uv pip sync --compile-bytecode --require-hashes requirements-dev.lock || \
		{ echo "uv could not install the lock; pip tries"; $(BIN)/python -m pip install --require-hashes -r requirements-dev.lock; }
	@$(BIN)/python -m pip install --quiet --no-deps --no-index --no-build-isolation --editable .
	@touch $@

demo: setup ## simulated portals, synced and served (ARGS="…")
	$(BIN)/lineup demo $(ARGS)

test: setup ## the whole suite, real services included (ARGS="-k name")
	@$(BIN)/python -m compileall -q app workers alembic # it starts hundreds of processes, maybe where none may write bytecode
	$(BIN)/python -m pytest $(ARGS)

# Only this check needs a package of the system. Where there is neither Chromium nor apt, the tests say so.
test-browser: setup ## the pages in a real browser, screenshots in build/screenshots
	@command -v "$${CHROMIUM:-chromium}" >/dev/null || command -v chromium-browser >/dev/null || ! command -v apt-get >/dev/null || \
		{ apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null; }
	$(BIN)/python -m pytest tests/browser $(ARGS)

lint: setup ## ruff, mypy, import floors, locks
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -m pytest -q tests/architecture/test_locks.py

format: setup ## let ruff fix and format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: setup ## benchmarks, each a table (ARGS="name")
	$(BIN)/python -m bench $(ARGS)

faults: setup ## every fault against real processes, up to 20 minutes (ARGS="name")
	$(BIN)/python -m tests.faults $(ARGS)

COMPILE := UV_PYTHON_DOWNLOADS=never VIRTUAL_ENV="$(CURDIR)/.venv" $(BIN)/uv pip compile --quiet --universal --python-version 3.11 \
	--generate-hashes --no-header --no-emit-index-url --no-emit-find-links $(ARGS) pyproject.toml

lock: ## re-make both locks from pyproject.toml (ARGS="--upgrade")
	@test -x $(BIN)/uv || { test -x $(BIN)/python || $(PYTHON) -m venv .venv; $(BIN)/python -m pip install --quiet uv; }
	$(COMPILE) --output-file requirements.lock
	$(COMPILE) --group dev --constraint requirements.lock --output-file requirements-dev.lock

clean: ## remove what can be made again (never ./data)
	rm -rf .venv build dist htmlcov .coverage .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find app workers tests bench alembic -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true
