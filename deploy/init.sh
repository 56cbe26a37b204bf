#!/bin/sh
# Prepare Airflow's metadata database: schema, the writers' pool and, where a user name is given, roles and that user.
# Safe to repeat. The password is read from the file that LANDGAUGE_ADMIN_PASSWORD_FILE names.
set -eu

airflow db migrate
airflow pools set landgauge_writer 1 "One writer: DuckDB lets one process write"

if [ -n "${LANDGAUGE_ADMIN_USER:-}" ]; then
    : "${LANDGAUGE_ADMIN_PASSWORD_FILE:?names no file: the first user needs a password}"
    airflow fab-db migrate
    python "$(dirname "$0")/people.py"
fi
