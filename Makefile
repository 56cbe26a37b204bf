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
PEERS := "scikit-criteria>=0.10,<0.11" "statsforecast>=2,<3"
OFFICE := libreoffice-calc libreoffice-writer fonts-noto-cjk poppler-utils fontconfig
DBT_PLACES := --project-dir dbt_project --profiles-dir dbt_project --quiet \
	--target-path $(CURDIR)/$(BUILD)/dbt --log-path $(CURDIR)/$(BUILD)/dbt
INSTALL := --quiet --compile-bytecode --python $(BIN)/python

.PHONY: peers help env run test fuzz lint format test-history test-newyork test-cities test-airflow test-sources test-office office
.PHONY: test-mutation test-life-cycle bouncer catalogue docs-dbt picture picture-contracts bench-rules bench-ingest \
	bench-pairing bench-marts bench-contracts bench-gate bench-scoring bench-forecast airflow lock clean

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
	$(BIN)/python -m pytest -m "not acceptance and not slow" -n 2 --dist loadgroup

test-history: env ## The slow tests: years restated as they were known, runs killed at any moment, years in any order
	$(BIN)/python -m pytest -m slow -n 2 --dist loadgroup

lint: env ## Check style, SQL and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/sqlfluff lint --processes 2 dbt_project warehouse/views
	$(MAKE) --no-print-directory bouncer

bouncer: env ## Hold the dbt project against the rules of dbt-bouncer.yml
	$(BIN)/dbt parse $(DBT_PLACES)
	$(BIN)/dbt-bouncer run --config-file dbt-bouncer.yml

format: env ## Put Python and SQL into shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/sqlfluff fix dbt_project

docs-dbt: env ## Write the documentation of the dbt project with its lineage: build/dbt/static_index.html
	$(BIN)/dbt docs generate --static --no-compile --empty-catalog $(DBT_PLACES)
	@echo "Documentation: $(BUILD)/dbt/static_index.html"

catalogue: env ## Write the marts' columns, docs/indicators.md and README's table from seeds/policy/indicator.csv
	$(BIN)/python -m landgauge.catalogue

fuzz: env ## Ingest 2,400 mutated files of all formats (FUZZ="--seed 2 --files 500" for others)
	$(BIN)/python -W ignore -m tests.fuzz --keep $(BUILD)/fuzz $(FUZZ)
	FUZZ_EXAMPLES=10 $(BIN)/python -m pytest tests/fuzz/test_properties.py

test-mutation: env ## Wrong formulas, one after the other: each must be found by a test (ONLY=text for some of them)
	$(BIN)/python -m tests.twin $(ONLY)

test-life-cycle: env ## 10,000 random agreements over 30 years: the contract models against the simulation in Python
	$(BIN)/python -m pytest -m acceptance tests/life_cycle

test-newyork: env ## Acceptance run on the industrial zones of New York (needs ../shared/data)
	$(BIN)/python -m pytest -m acceptance tests/acceptance/test_newyork.py

test-cities: env ## Back-test of forecasts on the series of 36 real cities (needs ../shared/data)
	$(BIN)/python -m pytest -m acceptance tests/acceptance/test_major_cities.py

test-airflow: env ## Acceptance run of the annual DAG against the command line
	$(BIN)/python -m pytest -m acceptance tests/airflow

test-office: env office ## Open marked workbooks and templates in LibreOffice
	$(BIN)/python -m pytest -m acceptance tests/office

picture: env office ## Draw docs/images/marked_workbook.png
	$(BIN)/python tests/office/picture.py docs/images/marked_workbook.png

picture-contracts: env office ## Draw docs/images/dossier.png and notice.png from the generated city of `make run` (needs chromium)
	$(BIN)/python tests/office/contract_pictures.py $(BUILD)/demo XY-2010-0000092 2024 过程 docs/images

# LibreOffice, a Chinese font and pdftoppm; installed where this may be done.
office:
	@command -v soffice >/dev/null && command -v pdftoppm >/dev/null && fc-list :lang=zh | grep -q . || { \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then apt-get update -qq && \
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(OFFICE) >/dev/null; \
	else echo "LibreOffice is needed: sudo apt-get install $(OFFICE)"; exit 2; fi; }

test-sources: env ## Acceptance run of S3, SFTP and PostgreSQL as sources (as root it installs PostgreSQL)
	tests/sources/install_postgresql.sh
	$(BIN)/python -m pytest -m acceptance tests/sources -n 2 --dist loadfile

bench-rules: env ## Measure the row rules with quarantine on 5,000,000 rows beside a bare script of the same checks
	$(BIN)/python -m benchmarks.rules

bench-ingest: env ## Measure the ingestion of a csv of 5,000,000 rows beside DuckDB alone
	$(BIN)/python -m benchmarks.ingest

bench-pairing: env ## Measure the pairing of 1,000,000 points with 100,000 polygons and check every pair
	$(BIN)/python -m benchmarks.pairing

bench-marts: env ## Measure the indicator marts of 100,000 parcels and 1,000,000 enterprises in 5 years beside a bare script
	$(BIN)/python -m benchmarks.marts

bench-contracts: env ## Measure the contract models on 100,000 agreements in 20 years, by model
	$(BIN)/python -m benchmarks.contracts

bench-gate: env ## Measure the gate on a city year of 100,000 parcels and 1,000,000 enterprises
	$(BIN)/python -m benchmarks.gate

# Libraries that only benchmarks compare with; the lock says what they may not change.
peers: env
	@$(BIN)/uv --system-certs pip install --quiet --python $(BIN)/python --constraint requirements.lock $(PEERS) || \
	$(BIN)/uv pip install --quiet --python $(BIN)/python --constraint requirements.lock $(PEERS)

bench-scoring: env peers ## Measure weights and scores of 10,000,000 units, and 1,000 weight draws for 100,000, beside pymcdm, scikit-criteria and numpy
	$(BIN)/python -m benchmarks.scoring

bench-forecast: env peers ## Measure the coverage of intervals, and the seconds of 10,000 series beside statsforecast
	$(BIN)/python -m benchmarks.forecast coverage
	$(BIN)/python -m benchmarks.forecast speed

airflow: env ## Start Airflow on this machine with SQLite
	deploy/standalone.sh

lock: env ## Resolve the dependencies anew
	$(BIN)/uv pip compile --universal --python-version 3.11 --no-header --no-annotate --quiet \
		--extra dev --extra examples pyproject.toml --output-file requirements.lock

clean: ## Remove what was built
	rm -rf $(BUILD)
