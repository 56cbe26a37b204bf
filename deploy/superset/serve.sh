#!/bin/sh
# Superset's web server: LANDGAUGE_SUPERSET_BIND (default 127.0.0.1:8088), LANDGAUGE_SUPERSET_WORKERS (default 2).
set -eu

here=$(cd "$(dirname "$0")" && pwd)
export SUPERSET_CONFIG_PATH="${SUPERSET_CONFIG_PATH:-$here/superset_config.py}"
exec gunicorn --bind "${LANDGAUGE_SUPERSET_BIND:-127.0.0.1:8088}" --workers "${LANDGAUGE_SUPERSET_WORKERS:-2}" \
    --worker-class gthread --threads 4 --timeout 120 "superset.app:create_app()"
