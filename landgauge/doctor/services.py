"""Checks of what runs beside: Airflow where AIRFLOW_HOME is set, PostgreSQL where LANDGAUGE_SERVING is."""

from __future__ import annotations

import configparser
import os
import shlex
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg

from landgauge.doctor.findings import Finding, Installation, fault, ok, skipped

POOL = "landgauge_writer"
_SECONDS = 5
_SQLITE = "sqlite:///"


def serving(_: Installation) -> Iterator[Finding]:
    """The database of LANDGAUGE_SERVING answers; nothing is read there, and no password is shown."""
    to = os.environ.get("LANDGAUGE_SERVING", "")
    if not to:
        yield skipped("LANDGAUGE_SERVING is not set")
        return
    try:
        given = psycopg.conninfo.conninfo_to_dict(to)
    except psycopg.Error:  # its text may hold what was given
        yield fault("is no PostgreSQL URL", "LANDGAUGE_SERVING", "Write postgresql://USER@HOST/DATABASE.")
        return
    if given.get("password"):
        advice = "Put it into PGPASSWORD or the password file (~/.pgpass)."
        yield fault("holds a password, and `landgauge serve` refuses it", "LANDGAUGE_SERVING", advice)
        return
    try:
        psycopg.connect(to, connect_timeout=_SECONDS, application_name="landgauge doctor").close()
    except psycopg.Error as error:
        what = f"PostgreSQL cannot be reached: {' '.join(str(error).split())}"
        yield fault(what, "LANDGAUGE_SERVING", "Correct the address, PGPASSWORD or the server.")
    else:
        yield ok("PostgreSQL answers", "LANDGAUGE_SERVING")


def airflow(_: Installation) -> Iterator[Finding]:
    """Airflow's folder of DAGs, its pool for the one writer, and DAGs that it could not import."""
    home = os.environ.get("AIRFLOW_HOME", "")
    if not home:
        yield skipped("AIRFLOW_HOME is not set")
        return
    place = Path(home).expanduser()
    config = _config(place)
    yield _dags(Path(_setting(config, "core", "dags_folder") or place / "dags"))
    address = _setting(config, "database", "sql_alchemy_conn") or f"{_SQLITE}{place}/airflow.db"
    where = place / "airflow.cfg"
    try:
        slots, broken = _metadata(address)
    except (sqlite3.Error, psycopg.Error):  # their text may hold the address
        advice = "Start it, or prepare it with deploy/init.sh (docs/airflow.md)."
        yield fault("the metadata database cannot be read", where, advice)
        return
    if slots != 1:
        what = f"pool {POOL} has {slots} slots" if slots else f"pool {POOL} is missing: tasks stay scheduled for ever"
        yield fault(what, where, f'airflow pools set {POOL} 1 "One writer"')
    else:
        yield ok(f"pool {POOL} has one slot", where)
    for name in broken:
        yield fault("a DAG cannot be imported", name, "airflow dags list-import-errors says why.")


def _dags(folder: Path) -> Finding:
    if any(folder.glob("annual_evaluation.py")):
        return ok("the DAGs are there", folder)
    return fault("the DAGs are not there", folder, "Set AIRFLOW__CORE__DAGS_FOLDER to the folder `dags`.")


def _config(home: Path) -> configparser.ConfigParser:
    config = configparser.ConfigParser(interpolation=None, strict=False)
    if (home / "airflow.cfg").is_file():
        config.read(home / "airflow.cfg", encoding="utf-8")
    return config


def _setting(config: configparser.ConfigParser, section: str, key: str) -> str:
    """A setting as Airflow finds it: a variable, a variable that names a command, airflow.cfg; or nothing."""
    variable = f"AIRFLOW__{section.upper()}__{key.upper()}"
    if text := os.environ.get(variable):
        return text
    if command := os.environ.get(f"{variable}_CMD"):
        done = subprocess.run(shlex.split(command), capture_output=True, text=True, timeout=_SECONDS, check=False)
        return done.stdout.strip()
    return config.get(section, key, fallback="")


def _metadata(address: str) -> tuple[int | None, list[str]]:
    """Slots of the pool, None where there is none, and files of DAGs that could not be imported."""
    with closing(_metadata_connection(address)) as con:
        found = con.execute(f"select slots from slot_pool where pool = '{POOL}'").fetchone()
        broken = con.execute("select filename from import_error order by filename").fetchall()
    return (found[0] if found else None), [str(name) for (name,) in broken]


def _metadata_connection(address: str) -> Any:
    if address.startswith(_SQLITE):
        path = Path(address.removeprefix(_SQLITE).split("?")[0])
        return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    scheme, _, rest = address.partition("://")
    return psycopg.connect(f"{scheme.split('+')[0]}://{rest}", connect_timeout=_SECONDS)
