#!/bin/sh
# Superset on one computer: an environment of its own, SQLite, http://127.0.0.1:8088, user admin.
# LANDGAUGE_WAREHOUSE says whose published marts are shown (default: the generated city of `make run`);
# LANDGAUGE_BI_URI, where set, goes before it. LANDGAUGE_SUPERSET_HOME holds environment, metadata and password.
# With --install-only it makes the environment, with --provision-only it provisions too, and stops.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
home="${LANDGAUGE_SUPERSET_HOME:-$root/build/superset}"
python="${LANDGAUGE_SUPERSET_PYTHON:-python3.11}"
mkdir -p "$home"
chmod 700 "$home"

if ! cmp -s "$here/requirements.txt" "$home/installed.txt"; then
    "$python" -m venv --clear "$home/venv"
    uv="$root/.venv/bin/uv"
    "$uv" --system-certs pip install --quiet --compile-bytecode --python "$home/venv/bin/python" -r "$here/requirements.txt" ||
        "$uv" pip install --quiet --compile-bytecode --python "$home/venv/bin/python" -r "$here/requirements.txt"
    cp "$here/requirements.txt" "$home/installed.txt"
fi
[ "${1:-}" != "--install-only" ] || exit 0

umask 077
for secret in key admin_password; do
    [ -s "$home/$secret" ] || "$home/venv/bin/python" -c 'import secrets; print(secrets.token_urlsafe(32), end="")' >"$home/$secret"
done
export PATH="$home/venv/bin:$PATH"
export SUPERSET_HOME="$home"
export SUPERSET_CONFIG_PATH="$here/superset_config.py"
export LANDGAUGE_SUPERSET_KEY_FILE="${LANDGAUGE_SUPERSET_KEY_FILE:-$home/key}"
export LANDGAUGE_SUPERSET_ADMIN_PASSWORD_FILE="${LANDGAUGE_SUPERSET_ADMIN_PASSWORD_FILE:-$home/admin_password}"
export LANDGAUGE_SUPERSET_METADATA="${LANDGAUGE_SUPERSET_METADATA:-sqlite:///$home/superset.db}"
if [ -z "${LANDGAUGE_BI_URI:-}" ]; then
    warehouse="${LANDGAUGE_WAREHOUSE:-$root/build/demo}"
    if [ ! -e "$warehouse/published/current.duckdb" ]; then
        echo "$warehouse: nothing is published there. Run \`make run\`, or name a warehouse with LANDGAUGE_WAREHOUSE." >&2
        exit 2
    fi
    LANDGAUGE_BI_URI="duckdb:///$(cd "$warehouse/published" && pwd)/current.duckdb"
fi
export LANDGAUGE_BI_URI

cd "$home"
python "$here/provision.py"
[ "${1:-}" != "--provision-only" ] || exit 0
echo "User admin; password: $LANDGAUGE_SUPERSET_ADMIN_PASSWORD_FILE"
exec sh "$here/serve.sh"
