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
AUDITED ?= requirements.lock
# Readers of the published marts in an environment of their own: duckdb-engine is made for SQLAlchemy 2.0.
CLIENTS := $(BUILD)/clients
CLIENT_PACKAGES := "duckdb==1.5.5" "duckdb-cli==1.5.5" "duckdb-engine>=0.17,<0.18" "sqlalchemy>=2.0,<2.1"
MAPS := gdal-bin python3-qgis fonts-noto-cjk fontconfig
OFFICE := libreoffice-calc libreoffice-writer fonts-noto-cjk poppler-utils fontconfig
CHROMIUM := chromium fonts-noto-cjk poppler-utils fontconfig
PLAYWRIGHT := "playwright>=1.60,<2"
DBT_PLACES := --project-dir dbt_project --profiles-dir dbt_project --quiet \
	--target-path $(CURDIR)/$(BUILD)/dbt --log-path $(CURDIR)/$(BUILD)/dbt
INSTALL := --quiet --compile-bytecode --python $(BIN)/python

.PHONY: test-layers map-programs picture-outputs
.PHONY: peers help env run test fuzz lint format test-history test-newyork test-cities test-airflow test-sources test-office office
.PHONY: test-pages picture-report chromium superset test-dashboards
.PHONY: test-publishing test-serving audit
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

test-office: env office ## Open marked workbooks, templates and the workbooks of results in LibreOffice
	$(BIN)/python -m pytest -m acceptance tests/office

test-pages: env chromium ## Open the report in Chromium: desk, phone, paper, both languages (LANDGAUGE_PAGES=build: on what stands there)
	$(BIN)/python -m pytest -m acceptance tests/pages -s

picture-report: env chromium ## Draw the report's pictures in docs/images from build/demo (`make run`) and the New York zones
	$(BIN)/python tests/pages/pictures.py $(BUILD)/demo $(BUILD)/newyork 2024 docs/images

# Chromium, a Chinese font and pdftotext, installed where this may be done, and the driver; it downloads no browser.
chromium: env
	@command -v chromium >/dev/null && command -v pdftotext >/dev/null && fc-list :lang=zh | grep -q . || { \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then apt-get update -qq && \
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(CHROMIUM) >/dev/null; \
	else echo "Chromium is needed: sudo apt-get install $(CHROMIUM)"; exit 2; fi; }
	@$(BIN)/uv --system-certs pip install --quiet --python $(BIN)/python $(PLAYWRIGHT) || \
	$(BIN)/uv pip install --quiet --python $(BIN)/python $(PLAYWRIGHT)

test-layers: env map-programs ## Open the map layers in GDAL and draw them in QGIS by their own styles
	$(BIN)/python -m pytest -m acceptance tests/layers

picture-outputs: env office map-programs ## Draw docs/images/workbook.png and layers.png from the generated city of `make run`
	$(BIN)/python tests/office/result_picture.py $(BUILD)/demo 2024 docs/images/workbook.png
	$(BIN)/python tests/layers/picture.py $(BUILD)/demo 2024 docs/images/layers.png

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

test-publishing: env ## 100 publications while DuckDB's command line, SQLAlchemy and Parquet readers look on; kills at any moment
	$(BIN)/python -m venv --without-pip $(CLIENTS)
	$(BIN)/uv --system-certs pip install --quiet --python $(CLIENTS)/bin/python $(CLIENT_PACKAGES) || \
	$(BIN)/uv pip install --quiet --python $(CLIENTS)/bin/python $(CLIENT_PACKAGES)
	CLIENTS=$(CLIENTS) $(BIN)/python -m pytest -m acceptance tests/warehouse -s

# GDAL's tools and QGIS for the system's Python; installed where this may be done.
map-programs:
	@command -v ogrinfo >/dev/null && /usr/bin/python3 -c "import qgis.core" 2>/dev/null && fc-list :lang=zh | grep -q . || { \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then apt-get update -qq && \
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(MAPS) >/dev/null; \
	else echo "GDAL and QGIS are needed: sudo apt-get install $(MAPS)"; exit 2; fi; }

test-sources: env ## Acceptance run of S3, SFTP and PostgreSQL as sources (as root it installs PostgreSQL)
	tests/sources/install_postgresql.sh
	$(BIN)/python -m pytest -m acceptance tests/sources -n 2 --dist loadfile

test-serving: env ## The marts in PostgreSQL: equal values, whole swaps, and the leak test (as root it installs PostgreSQL)
	tests/sources/install_postgresql.sh
	$(BIN)/python -m pytest -m acceptance tests/serving

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

superset: env ## Start Superset with the dashboards on this machine, on the marts of build/demo (docs/dashboards.md)
	LANDGAUGE_SUPERSET_HOME=$(CURDIR)/$(BUILD)/superset LANDGAUGE_WAREHOUSE=$(or $(LANDGAUGE_WAREHOUSE),$(CURDIR)/$(BUILD)/demo) deploy/superset/standalone.sh

test-dashboards: env chromium ## Start Superset, provision it twice, open every dashboard in Chromium (screenshots: build/dashboards)
	tests/sources/install_postgresql.sh
	LANDGAUGE_SUPERSET_HOME=$(CURDIR)/$(BUILD)/superset deploy/superset/standalone.sh --install-only
	$(BIN)/python -m pytest -m "acceptance or not acceptance" tests/dashboards -s

airflow: env ## Start Airflow on this machine with SQLite
	deploy/standalone.sh

lock: env ## Resolve the dependencies anew
	$(BIN)/uv pip compile --universal --python-version 3.11 --no-header --no-annotate --quiet \
		--extra dev --extra examples pyproject.toml --output-file requirements.lock

# One that PyPI gives no answer about fails too (--strict): silence is no answer.
audit: env ## Hold the pinned packages against PyPI's known vulnerabilities
	$(BIN)/uv --system-certs tool run --python $(BIN)/python --from "pip-audit>=2.9,<3" \
		pip-audit --requirement $(AUDITED) --no-deps --disable-pip --strict

clean: ## Remove what was built
	rm -rf $(BUILD)
