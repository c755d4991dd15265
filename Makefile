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
