#!/bin/sh
# Airflow on one computer: SQLite, this repository's DAGs, http://127.0.0.1:8080.
# LANDGAUGE_LANDING and LANDGAUGE_WAREHOUSE say where the data stand (default: the generated city of `make run`).
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
PATH="$root/.venv/bin:$PATH"
export PATH
export AIRFLOW_HOME="${AIRFLOW_HOME:-$root/.airflow}"
export AIRFLOW__CORE__DAGS_FOLDER="$root/dags"
export AIRFLOW__CORE__LOAD_EXAMPLES=False
export AIRFLOW__CORE__PARALLELISM="${AIRFLOW__CORE__PARALLELISM:-4}"
export AIRFLOW__API__HOST="${AIRFLOW__API__HOST:-127.0.0.1}"
export AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL="${AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL:-10}"
export LANDGAUGE_WAREHOUSE="${LANDGAUGE_WAREHOUSE:-$root/build/demo}"
export LANDGAUGE_LANDING="${LANDGAUGE_LANDING:-$LANDGAUGE_WAREHOUSE/landing}"
export PYTHONPATH="$root${PYTHONPATH:+:$PYTHONPATH}"

sh "$root/deploy/init.sh"
if [ "${1:-}" = "--init-only" ]; then
    exit 0
fi
echo "User admin; password: $AIRFLOW_HOME/simple_auth_manager_passwords.json.generated"
exec airflow standalone
