# Two commands do everything: `make run` and `make test`. The rest is for those who change things.
.DEFAULT_GOAL := help
VENV := .venv
BIN := $(VENV)/bin
BUILD ?= build
# Any of Python 3.11, 3.12, 3.13; the first that works is taken. Override with `make PYTHON=...`.
PYTHON ?= $(shell for p in python3 python3.12 python3.13 python3.11 python; do \
	$$p -c 'import sys, venv, ensurepip; sys.exit(not ((3, 11) <= sys.version_info[:2] <= (3, 13)))' 2>/dev/null \
	&& command -v $$p && break; done)
# The machine's certificates first (an office network may have its own authority), then those that uv brings.
INSTALL := --quiet --compile-bytecode --python $(BIN)/python

.PHONY: help env run test lint format test-newyork test-airflow airflow lock clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

env: $(VENV)/.ready ## Make the environment in .venv

$(VENV)/.ready: requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 with venv is needed (Debian: apt install python3-venv)."; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv --system-certs pip install $(INSTALL) -r requirements.lock || $(BIN)/uv pip install $(INSTALL) -r requirements.lock
	$(BIN)/uv --system-certs pip install $(INSTALL) --no-deps --editable . || $(BIN)/uv pip install $(INSTALL) --no-deps --editable .
	@touch $@

run: env ## Evaluate a generated city and the cadastral plots of Prague-Bubeneč
	$(BIN)/landgauge demo --warehouse $(BUILD)/demo
	$(BIN)/python examples/prague/write_landing.py $(BUILD)/prague/landing
	$(BIN)/landgauge evaluate --landing $(BUILD)/prague/landing --warehouse $(BUILD)/prague --year 2024
	@echo "Reports: $(BUILD)/demo/published/report/2024/city.html and $(BUILD)/prague/published/report/2024/city.html"

test: env ## Run the tests and the checks of style and structure
	$(MAKE) --no-print-directory lint
	$(BIN)/python -m pytest -m "not acceptance" -n 2 --dist loadgroup

lint: env ## Check style, SQL and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/sqlfluff lint --processes 2 dbt_project

format: env ## Put Python and SQL into shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/sqlfluff fix dbt_project

test-newyork: env ## Acceptance run on the industrial zones of New York (needs ../shared/data)
	$(BIN)/python -m pytest -m acceptance tests/acceptance/test_newyork.py

test-airflow: env ## Acceptance run of the annual DAG against the command line
	$(BIN)/python -m pytest -m acceptance tests/airflow

airflow: env ## Start Airflow on this machine with SQLite
	deploy/standalone.sh

lock: env ## Resolve the dependencies anew
	$(BIN)/uv pip compile --universal --python-version 3.11 --no-header --no-annotate --quiet \
		--extra dev --extra examples pyproject.toml --output-file requirements.lock

clean: ## Remove what was built
	rm -rf $(BUILD)
