.DEFAULT_GOAL := help
.PHONY: help setup run test test-pooler test-stock test-cluster test-deploy coverage lint format types bench bench-scaling profile requirements audit sbom clean

PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/installed

help: ## list these commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 15

setup: $(INSTALLED) ## install everything into .venv, and check the hashes

$(INSTALLED): requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed" if sys.version_info < (3, 11) else 0)'
	@echo "installing into .venv ..."
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

run: $(INSTALLED) ## run the service with a Postgres of its own (PORT=3001, data in .local/)
	@exec $(BIN)/python -m futuretracker dev

test: $(INSTALLED) ## run the tests against real servers: up to half an hour
	@$(BIN)/python -m tests

# The tests marked `apart` do not use a Postgres that could be behind the pooler.
test-pooler: $(INSTALLED) ## run the tests that use Postgres again, through PgBouncer
	$(BIN)/python -m pytest -m "not apart" --pooler

test-stock: $(INSTALLED) ## run the tests of HTTP again, with gunicorn's own worker
	$(BIN)/python -m pytest --worker stock

test-cluster: $(INSTALLED) ## run three hosts, nginx, Postgres and Valkey as a cluster: 3 minutes
	$(BIN)/python -m pytest tests/cluster

test-deploy: $(INSTALLED) ## run the files in deploy/ with the software that reads them
	$(BIN)/python -m pytest tests/deploy

coverage: $(INSTALLED) ## run the tests and list the lines that none of them runs
	$(BIN)/python -m pytest --cov --cov-report=term-missing:skip-covered

lint: $(INSTALLED) ## check style, types and imports
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

types: $(INSTALLED) ## generate the TypeScript types from the OpenAPI document (needs Node)
	mkdir -p .local
	$(BIN)/python -m futuretracker openapi > .local/openapi.json
	cd clients/typescript && npm ci --no-audit --no-fund
	cd clients/typescript && npm run generate -- ../../.local/openapi.json --output src/api.d.ts

BENCH := $(BIN)/python -m benchmarks.bench

bench: $(INSTALLED) ## compare the speed with Fastify, Express, FastAPI and pgbench; QUICK=1; BASE=folder: with another checkout (needs wrk, Node)
ifdef BASE
	$(BENCH) --servers futuretracker --base $(BASE) $(if $(QUICK),--rounds 2 --seconds 1)
else ifdef QUICK
	$(BENCH) --rounds 2 --seconds 1
else
	$(BENCH) --output bench
	$(BENCH) --behind nginx --workloads list one create mix \
		--servers futuretracker fastify express fastapi --output bench-nginx
endif

bench-scaling: $(INSTALLED) ## measure the speed with more workers, users and rows; LARGE=1: up to ten million rows (needs wrk)
	$(BIN)/python -m benchmarks.scaling --output scaling $(if $(LARGE),--rows 10000 100000 1000000 10000000)

profile: $(INSTALLED) ## show the CPU time of each layer of a request (needs wrk)
	$(BIN)/python -m benchmarks.profile

requirements: $(INSTALLED) ## pin the newest version of every package, with hashes
	for name in requirements requirements-dev; do \
		$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 \
			--generate-hashes --no-strip-extras --no-header $$name.in --output-file $$name.txt; \
	done

audit: $(INSTALLED) ## look for known vulnerabilities of the pinned packages; AUDIT_OFFLINE=ok: succeed if offline
	@$(BIN)/python deploy/updates/audit.py

sbom: $(INSTALLED) ## list all packages of the service in CycloneDX: .local/sbom.json
	@mkdir -p .local
	@$(BIN)/cyclonedx-py requirements --output-reproducible --output-format JSON \
		--output-file .local/sbom.json requirements.txt

clean: ## delete .venv, node_modules and the local data
	rm -rf .venv .local clients/typescript/node_modules tests/clients/node_modules
