"""One reader of a published city, in a loop until a file appears: `reader.py KIND PUBLISHED QUERIES STOP`.

KIND is cli (a process of DuckDB's own command line a look), sqlalchemy, or parquet. QUERIES is a JSON file with the
query on the snapshot and that on the Parquet files. Each look is printed as one line of JSON: the row, or an error.
It runs in the environment of the clients, not in that of the project.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

KIND, PUBLISHED, QUERIES, STOP = sys.argv[1], Path(sys.argv[2]), json.loads(Path(sys.argv[3]).read_text()), sys.argv[4]
SNAPSHOT = PUBLISHED / "current.duckdb"


def cli() -> list:
    command = [Path(sys.executable).with_name("duckdb"), "-readonly", "-json", SNAPSHOT, "-c", QUERIES["snapshot"]]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode or done.stderr:
        raise RuntimeError(done.stderr)
    return list(json.loads(done.stdout)[0].values())


def sqlalchemy() -> list:
    import sqlalchemy as sa

    engine = sa.create_engine(f"duckdb:///{SNAPSHOT}", connect_args={"read_only": True}, poolclass=sa.pool.NullPool)
    with engine.connect() as con:
        first = con.execute(sa.text(QUERIES["snapshot"])).fetchone()
        again = con.execute(sa.text(QUERIES["snapshot"])).fetchone()
    engine.dispose()
    if first != again:
        raise RuntimeError(f"one connection saw two states: {first} and {again}")
    return list(first)


def parquet() -> list:
    import duckdb

    folder = (PUBLISHED / "parquet").resolve()  # one look, one state
    with duckdb.connect() as con:
        return list(con.execute(QUERIES["parquet"].replace("FOLDER", str(folder))).fetchone())


LOOKS: dict[str, Callable[[], list]] = {"cli": cli, "sqlalchemy": sqlalchemy, "parquet": parquet}
while not Path(STOP).exists():
    try:
        line = {"row": LOOKS[KIND]()}
    except Exception as error:
        line = {"error": repr(error)}
    print(json.dumps(line), flush=True)
