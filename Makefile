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
ENGINES := "duckdb==1.5.5" "pandas>=3.1,<4" "polars>=2.1,<3" "psutil>=7" "pyarrow>=26,<27" "pyspark>=4.3,<4.4"
AUDIT ?=
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
ORCHESTRATION := $(BUILD)/orchestration
SPARK := $(BUILD)/spark/env
SERVICES := --quiet --compile-bytecode --python $(ORCHESTRATION)/env/bin/python -r requirements.lock -r deploy/requirements.txt

.PHONY: test-layers map-programs picture-outputs
.PHONY: peers help env run test fuzz lint format test-history test-newyork test-cities test-airflow test-sources test-office office
.PHONY: test-pages picture-report chromium superset test-dashboards
.PHONY: java spark test-spark bench-spark
.PHONY: keep-warehouse test-publishing test-serving test-orchestration bench-airflow audit
.PHONY: test-mutation test-life-cycle bouncer catalogue docs-dbt picture picture-contracts bench-rules bench-ingest \
	bench-pairing bench-marts bench-contracts bench-questions bench-gate bench-scoring bench-forecast bench bench-peers bench-page airflow \
	lock clean

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

kill: env ## Kill runs at random moments of every stage, repeat and compare: N=200 SEED=1; goes on where it was left
	$(BIN)/python -m tests.recovery --kills $(or $(N),200) --seed $(or $(SEED),1) --folder $(BUILD)/kill

faults: env ## Each stage on a full disk, and ended by a signal; then done again
	$(BIN)/python -m pytest -m acceptance tests/recovery

keep-warehouse: env ## Make the kept warehouse of tests/upgrade anew, by the program of COMMIT=…
	$(BIN)/python -m tests.upgrade.keep $(COMMIT)

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

test-airflow: env $(ORCHESTRATION)/env/.ready ## The annual DAG against the command line; people, databases and images of docker compose (as root it installs PostgreSQL)
	tests/sources/install_postgresql.sh
	ORCHESTRATION=$(ORCHESTRATION) $(BIN)/python -m pytest -m acceptance tests/airflow

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

$(SPARK)/.ready: deploy/spark-requirements.txt | env
	$(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python $(SPARK)
	$(BIN)/uv --system-certs pip install --quiet --compile-bytecode --python $(SPARK)/bin/python -r $< || \
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(SPARK)/bin/python -r $<
	@touch $@

spark: java $(SPARK)/.ready ## Make the environment for building on Apache Spark (docs/spark.md)

# Java 17 or newer, installed where this may be done.
java:
	@command -v java >/dev/null || { \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then apt-get update -qq && \
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends default-jre-headless >/dev/null; \
	else echo "Java is needed: sudo apt-get install default-jre-headless"; exit 2; fi; }

test-spark: spark ## The marts of two generated cities, built on Spark with two worker processes, against DuckDB's
	LANDGAUGE_SPARK_ENV=$(CURDIR)/$(SPARK) $(BIN)/python -m pytest -m acceptance tests/spark

# The packages of the services beside those of .venv, which stays as it is: uv links what it has.
$(ORCHESTRATION)/env/.ready: requirements.lock deploy/requirements.txt | env
	$(BIN)/python -m venv --without-pip $(ORCHESTRATION)/env
	$(BIN)/uv --system-certs pip install $(SERVICES) || $(BIN)/uv pip install $(SERVICES)
	@touch $@

test-orchestration: env $(ORCHESTRATION)/env/.ready ## Airflow as compose starts it, on PostgreSQL: a year, approval, backfill, kills, over REST (as root it installs PostgreSQL)
	tests/sources/install_postgresql.sh
	ORCHESTRATION=$(ORCHESTRATION) $(BIN)/python -m pytest -m acceptance tests/orchestration -s

bench: env ## Workloads and sizes by name, engines in turn: BENCH="job city --size 1m --repeats 5 --memory 1GB" (docs/benchmarks.md)
	$(BIN)/python -m benchmarks --folder $(BUILD)/benchmarks --peers $(BUILD)/peers/bin/python $(or $(BENCH),job --size 1m)

# Engines that the workload `job` is compared with, in an environment of their own.
bench-peers: env ## Make the environment of polars and Spark for `make bench`
	$(BIN)/python -m venv --without-pip $(BUILD)/peers
	$(BIN)/uv --system-certs pip install --quiet --compile-bytecode --python $(BUILD)/peers/bin/python $(ENGINES) || \
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BUILD)/peers/bin/python $(ENGINES)

bench-page: env ## Write docs/benchmarks.md and its charts (RESULTS: files of results; without, those in the repository)
	$(BIN)/python -m benchmarks page $(RESULTS)

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

bench-questions: env ## Ask 20 questions of a BI tool of a published file of 100,000 parcels in 10 years (build/demo many times over)
	$(BIN)/python -m benchmarks.questions

bench-gate: env ## Measure the gate on a city year of 100,000 parcels and 1,000,000 enterprises
	$(BIN)/python -m benchmarks.gate

bench-spark: spark ## Cost per row on DuckDB and local Spark of what stands at PLACE=… (docs/spark.md)
	$(BIN)/python -m benchmarks.on_spark $(PLACE)

bench-airflow: env $(ORCHESTRATION)/env/.ready ## Each of 5 large years by `landgauge evaluate` and by the annual DAG in turn; goes on where it ended (SIZE="--parcels 2000 …" for less)
	tests/sources/install_postgresql.sh
	ORCHESTRATION=$(ORCHESTRATION) $(BIN)/python -m benchmarks.airflow $(SIZE)

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

# A package that no service answers for fails too; CI says so and goes on (AUDIT=--silence-is-reported).
audit: env ## Hold the pinned packages against known vulnerabilities, and look for secrets in the repository's files
	$(BIN)/python -m tests.audit $(AUDIT)
	$(BIN)/python -m tests.secret_scan

clean: ## Remove what was built
	rm -rf $(BUILD)
