.DEFAULT_GOAL := help
.PHONY: help setup run test test-pooler test-cluster test-deploy coverage lint format types bench bench-scaling profile requirements audit sbom clean

PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/installed

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 15

setup: $(INSTALLED) ## install everything into .venv, with checked hashes

$(INSTALLED): requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed" if sys.version_info < (3, 11) else 0)'
	@echo "installing into .venv ..."
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

run: $(INSTALLED) ## run the service here: embedded Postgres, PORT=3001, data under .local/
	@exec $(BIN)/python -m futuretracker dev

test: $(INSTALLED) ## run every test against real servers
	@$(BIN)/python -m tests

# Node and Chromium ask for the same routes as the others, and two runs would install them at once.
test-pooler: $(INSTALLED) ## run every test that meets Postgres through a real PgBouncer
	@$(BIN)/python -m pytest --pooler -m "not apart"

test-cluster: $(INSTALLED) ## run three hosts, nginx, Postgres and Valkey as a cluster: 3 minutes
	$(BIN)/python -m pytest tests/cluster

test-deploy: $(INSTALLED) ## run what is in deploy/ on the software that it is for
	$(BIN)/python -m pytest tests/deploy

coverage: $(INSTALLED) ## run the tests and show the lines that none of them reaches
	$(BIN)/python -m pytest --cov --cov-report=term-missing:skip-covered

lint: $(INSTALLED) ## check style, types and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/basedpyright --pythonpath $(BIN)/python --level error futuretracker/database/queries \
		futuretracker/database/__init__.py futuretracker/database/connection.py futuretracker/database/pool.py \
		futuretracker/database/replica.py
	$(BIN)/lint-imports --no-logo setup.cfg

format: $(INSTALLED) ## format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(INSTALLED) ## make the TypeScript types from the API's document (needs Node)
	mkdir -p .local
	$(BIN)/python -m futuretracker openapi > .local/openapi.json
	cd clients/typescript && npm ci --no-audit --no-fund
	cd clients/typescript && npm run generate -- ../../.local/openapi.json --output src/api.d.ts

BENCH := $(BIN)/python -m benchmarks.bench

bench: $(INSTALLED) ## compare with Fastify, Express, FastAPI, pgbench (needs wrk, Node); QUICK=1; BASE=folder: with another checkout
ifdef BASE
	$(BENCH) --servers futuretracker --base $(BASE) $(if $(QUICK),--rounds 2 --seconds 1)
else ifdef QUICK
	$(BENCH) --rounds 2 --seconds 1
else
	$(BENCH) --output bench
	$(BENCH) --behind nginx --workloads list one create mix \
		--servers futuretracker fastify express fastapi --output bench-nginx
endif

bench-scaling: $(INSTALLED) ## measure how it grows (needs wrk); LARGE=1: up to ten million rows
	$(BIN)/python -m benchmarks.scaling --output scaling $(if $(LARGE),--rows 10000 100000 1000000 10000000)

profile: $(INSTALLED) ## show where a request's CPU time goes, layer by layer (needs wrk)
	$(BIN)/python -m benchmarks.profile

requirements: $(INSTALLED) ## pin the newest versions, with hashes
	for name in requirements requirements-dev; do \
		$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 \
			--generate-hashes --no-strip-extras --no-header $$name.in --output-file $$name.txt; \
	done

audit: $(INSTALLED) ## ask whether a pinned package is known to be vulnerable; AUDIT_OFFLINE=ok: if it can
	@$(BIN)/python deploy/updates/audit.py

sbom: $(INSTALLED) ## list what the service is made of, as CycloneDX: .local/sbom.json
	@mkdir -p .local
	@$(BIN)/cyclonedx-py requirements --output-reproducible --output-format JSON \
		--output-file .local/sbom.json requirements.txt

clean: ## remove what was installed, and the local data
	rm -rf .venv .local clients/typescript/node_modules tests/clients/node_modules
