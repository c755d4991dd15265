.DEFAULT_GOAL := help
.PHONY: help setup run seed token test test-pooler test-stock test-waf test-cluster test-deploy coverage lint format types bench bench-scaling bench-overload bench-credentials evaluate-anomalies profile requirements audit sbom clean

PYTHON ?= python3
BIN := .venv/bin
# Everything is installed, or only what `make run` needs.
INSTALLED := .venv/installed
RUNNABLE := .venv/runnable

help: ## list these commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 20

setup: $(INSTALLED) ## install everything into .venv, and check the hashes

$(INSTALLED): requirements-dev.txt
	$(call install,$<)
	@touch $(RUNNABLE) $@

$(RUNNABLE): requirements-run.txt
	$(call install,$<)
	@touch $@

define install
$(PYTHON_IS_THERE)
@$(PYTHON) futuretracker/commands/local/install.py $(1)
endef

# What the tests of a target need besides Python packages; only root on Debian or Ubuntu installs it.
programs-%:
	$(PYTHON_IS_THERE)
	@$(PYTHON) -m tests.support.programs.install $*

define PYTHON_IS_THERE
@command -v $(PYTHON) >/dev/null || { echo "There is no '$(PYTHON)'. $(NEWER)" >&2; exit 1; }
@$(PYTHON) -c 'import sys; sys.version_info < (3, 11) and sys.exit("$(PYTHON) is Python %s.%s. $(NEWER)" % sys.version_info[:2])'
endef
NEWER = Install Python 3.11 or newer, and name it: make $(or $(MAKECMDGOALS),run) PYTHON=python3.12

# The shell has a USER too, which is not meant.
USER_OF_TOKEN = $(if $(filter command,$(firstword $(origin USER))),$(USER),user_alice)

run: $(RUNNABLE) ## run the service with a Postgres of its own (PORT=3001, data in .local/)
	@exec $(BIN)/python -m futuretracker dev

seed: $(RUNNABLE) ## fill a user with 40 opportunities, and run the service if it does not run (USER=user_alice)
	@exec $(BIN)/python -m futuretracker dev --seed $(USER_OF_TOKEN)

token: $(RUNNABLE) ## print a token for the running service, valid for 12 hours (USER=user_alice)
	@$(BIN)/python -m futuretracker token --user $(USER_OF_TOKEN)

# Tests of what is missing are left out. With REQUIRE=all it is an error.
test: programs-test $(INSTALLED) ## run the tests against real servers: about 20 minutes, longer on a busy machine
	@$(BIN)/python -m tests

# Tests marked `apart` are left out, because they start their own services.
test-pooler: programs-test-pooler $(INSTALLED) ## run the tests that use Postgres again, through PgBouncer
	$(BIN)/python -m pytest -m "not apart" --pooler

test-stock: programs-test-stock $(INSTALLED) ## run the HTTP tests again, with gunicorn's own worker
	$(BIN)/python -m pytest --worker stock

test-waf: programs-test-waf $(INSTALLED) ## run the HTTP tests again, through nginx and its firewall
	$(BIN)/python -m pytest --behind waf

test-cluster: programs-test-cluster $(INSTALLED) ## run three hosts, nginx, Postgres and Valkey as a cluster: 3 minutes
	$(BIN)/python -m pytest tests/cluster

test-deploy: programs-test-deploy $(INSTALLED) ## run the files in deploy/ with the software that reads them
	$(BIN)/python -m pytest tests/deploy

coverage: programs-coverage $(INSTALLED) ## run the tests and list the lines that no test runs
	$(BIN)/python -m pytest --cov --cov-report=term-missing:skip-covered

lint: $(INSTALLED) ## check style, types and imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/basedpyright --pythonpath $(BIN)/python --level error futuretracker/database/queries \
		futuretracker/database/__init__.py futuretracker/database/connection.py futuretracker/database/connections.py \
		futuretracker/database/failures.py futuretracker/database/idempotency.py futuretracker/database/kinds.py futuretracker/database/pool.py futuretracker/database/reports.py \
		futuretracker/database/replica.py
	$(BIN)/lint-imports --no-logo setup.cfg

format: $(INSTALLED) ## format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(INSTALLED) ## generate both clients from the OpenAPI document (needs Node)
	mkdir -p .local
	$(BIN)/python -m futuretracker openapi > .local/openapi.json
	cd clients/typescript && npm ci --no-audit --no-fund
	$(BIN)/python clients/generate.py .local/openapi.json

BENCH := $(BIN)/python -m benchmarks.bench

bench: $(INSTALLED) ## compare the speed with Fastify, Express, FastAPI and pgbench; QUICK=1: shorter; BASE=folder: with another checkout (needs wrk, Node)
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

bench-overload: $(INSTALLED) ## measure clients that give up, light users beside a heavy one, and reads beside searches: 7 minutes; BASE=folder: with another checkout
	$(BIN)/python -m benchmarks.overload --output overload $(if $(BASE),--base $(BASE))

bench-credentials: $(INSTALLED) ## compare the CPU time of session tokens, API keys and signed requests: 1 minute
	$(BIN)/python -m benchmarks.credentials

evaluate-anomalies: $(INSTALLED) ## measure anomaly detection in simulated worlds: 2 minutes; SEED=7: another world
	$(BIN)/python -m benchmarks.anomalies $(if $(SEED),--seed $(SEED),--output docs/anomalies.md)

profile: $(INSTALLED) ## show the CPU time of each layer of a request (needs wrk)
	$(BIN)/python -m benchmarks.profile

requirements: $(INSTALLED) ## pin the newest version of every package, with hashes
	for name in requirements requirements-run requirements-dev; do \
		$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 \
			--generate-hashes --no-strip-extras --no-header $$name.in --output-file $$name.txt; \
	done

audit: $(INSTALLED) ## look for known vulnerabilities in the pinned packages; AUDIT_OFFLINE=ok: succeed if offline
	@$(BIN)/python deploy/updates/audit.py

sbom: $(INSTALLED) ## list all packages of the service in CycloneDX: .local/sbom.json
	@mkdir -p .local
	@$(BIN)/cyclonedx-py requirements --output-reproducible --output-format JSON \
		--output-file .local/sbom.json requirements.txt

clean: ## delete .venv, node_modules and the local data
	rm -rf .venv .local clients/typescript/node_modules clients/typescript/dist tests/clients/node_modules
