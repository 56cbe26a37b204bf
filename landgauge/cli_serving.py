"""The command that loads the published marts into PostgreSQL."""

from __future__ import annotations

import argparse
import os
import sys
import time

from landgauge.errors import DONE, ConfigurationError


def add(commands: argparse._SubParsersAction, common: argparse.ArgumentParser) -> None:
    """Add the command to the parser of the command line."""
    text = "load the published marts into PostgreSQL, where each role sees the rows of its districts and streets"
    serve = commands.add_parser("serve", parents=[common], help=text)
    serve.add_argument(
        "--to", metavar="URL", default=os.environ.get("LANDGAUGE_SERVING", ""),
        help="postgresql://USER@HOST/DATABASE, the password in PGPASSWORD or ~/.pgpass; else LANDGAUGE_SERVING",
    )  # fmt: skip
    serve.add_argument("--force", action="store_true", help="load although nothing has changed")
    serve.add_argument("--wait", type=float, default=600, metavar="S", help="how long to wait for readers; 600")
    serve.add_argument("--roles", action="store_true", help="print the SQL that makes the groups, and load nothing")
    serve.set_defaults(command=_serve)


def _serve(options: argparse.Namespace) -> int:
    from warehouse.serving.load import roles_sql, serve

    snapshot = options.warehouse.resolve() / "published" / "current.duckdb"
    if options.roles:
        sys.stdout.write(roles_sql(snapshot))
        return DONE
    if not options.to:
        raise ConfigurationError("--to is missing", "Name the database: --to postgresql://USER@HOST/DATABASE.")
    started = time.monotonic()
    done = serve(snapshot, options.to, options.force, options.wait)
    if done.tables:
        said = f"{done.tables} tables with {done.rows:,} rows are served in {time.monotonic() - started:.1f} s"
    else:
        said = "Nothing has changed since the last load"
    print(f"{said}; {len(done.groups)} groups.", file=sys.stderr)
    return DONE
