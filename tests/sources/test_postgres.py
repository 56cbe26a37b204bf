"""Tables straight from a PostgreSQL server give the rows that the same tables give as files."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pandas as pd
import pytest
import servers
from conftest import YEAR, Warehouse, raises_quietly

from ingestion.sources import trouble
from landgauge.errors import STOPPED, SourceRefused, SourceUnavailable
from tests.postgres_server import Postgres, free_port, postgres
from warehouse import db

pytestmark = pytest.mark.acceptance
MOVED = f"taxes/{YEAR}/taxes_440115.csv"


@pytest.fixture(scope="module")
def server(city):
    with postgres() as started:
        _fill(started, city)
        yield started


def _fill(server: Postgres, city: Path) -> None:
    """The tax file as a table of text columns under its own headers, and a table of values that get lost easily."""
    with duckdb.connect(":memory:") as con:
        db.extensions(con, "postgres_scanner")
        password = servers.PASSWORD.replace("'", "''")
        con.execute(
            f"create secret (type postgres, host '{servers.HOST}', port {server.port}, user 'keeper', "
            f"password '{password}', database 'postgres')"
        )
        con.execute("attach '' as target (type postgres)")
        con.execute("create schema target.tax")
        con.register("filed", pd.read_csv(city / MOVED, encoding="gb18030", dtype=str, keep_default_na=False))
        con.execute("create table target.tax.filed as from filed")
        con.execute("detach target")
    server.sql(
        """
        create table odd (i bigint, n numeric, d numeric(20, 2), t text, at timestamptz, day date, flag boolean,
            raw bytea, kind interval, "a ""b"" 中" text);
        insert into odd values (2, 'NaN', 'NaN', 'x', '2024-05-01 00:30+08', 'infinity', true, '\\x00ff', '1 day', '1'),
            (1, 0.1, 123456789012345678.25, null, null, '2024-02-29', null, null, null, null),
            (1, 0.1, 5, null, null, null, null, null, null, null);
        alter role keeper set timezone = 'Asia/Shanghai';
        create role clerk login password 'clerk-geheim';
        """
    )


def _login(server: Postgres, **changed) -> str:
    fields = {"conn_type": "postgres", "host": servers.HOST, "port": server.port, "login": "keeper"}
    return json.dumps(fields | {"password": servers.PASSWORD, "schema": "postgres"} | changed)


def _declare(landing: Path, *tables: dict[str, str]) -> None:
    source = [{"connection": "TAX_DB", "tables": list(tables)}]
    (landing / "sources.yml").write_text(json.dumps(source, ensure_ascii=False), encoding="utf-8")


@pytest.fixture
def there(city, tmp_path) -> Warehouse:
    landing = Path(shutil.copytree(city, tmp_path / "landing"))
    (landing / MOVED).unlink()
    _declare(landing, {"table": "tax.filed", "to": MOVED.replace(".csv", ".parquet")})
    return Warehouse(tmp_path / "w", str(landing))


def _without_row_no(there: Warehouse) -> list:
    """The rows of a table come in an order of their own."""
    return sorted(row[1:] for row in there.rows()["taxes"])


def _counts(ledger: list) -> list:
    return [tuple(row[1:7]) for row in ledger if row[0].startswith("taxes/")]


def test_a_table_gives_the_rows_of_the_file_and_twice_changes_nothing(there, from_folder, server, connection) -> None:
    connection("TAX_DB", _login(server))
    there.ingest()
    assert _without_row_no(there) == sorted(row[1:] for row in from_folder.rows["taxes"])
    assert _counts(there.ledger()) == _counts(from_folder.ledger)
    before, files = there.ledger(), there.fetched()
    server.sql("create table tax.again as select * from tax.filed order by random(); drop table tax.filed;")
    server.sql("alter table tax.again rename to filed")
    there.ingest()
    assert (there.ledger(), there.fetched()) == (before, files)
    server.sql("create table tax.kept as table tax.filed")
    server.sql("delete from tax.filed where ctid in (select ctid from tax.filed limit 1)")
    there.ingest()
    name = MOVED.replace(".csv", ".parquet")
    assert [row[2] for row in there.ledger() if row[0] == name] == ["superseded", "loaded"]
    server.sql("drop table tax.filed; alter table tax.kept rename to filed")


def test_values_come_as_the_database_shows_them(there, server, connection) -> None:
    connection("TAX_DB", _login(server))
    _declare(Path(there.landing), {"query": "select * from odd -- all of it", "to": "odd/odd.parquet"})
    there.ingest()
    (path,) = (there.folder / "fetched" / "tables").glob("*.parquet")
    with duckdb.connect(":memory:") as con:
        found = con.execute(f"select * from '{path}'")
        names = [column[0] for column in found.description]
        rows = found.fetchall()
        at, day = con.execute(
            f"select cast(t.at as text), cast(day as text) from '{path}' as t where i = 2"
        ).fetchall()[0]
    assert names[-1] == 'a "b" 中'
    assert [row[0] for row in rows] == [1, 1, 2]
    assert [row[2] for row in rows] == ["123456789012345678.25", "5.00", "NaN"]
    assert rows[0][1] == 0.1
    assert rows[2][1] != rows[2][1]  # NaN stays NaN
    assert (at, day) == ("2024-05-01 00:30:00", "infinity")
    assert (rows[2][6], rows[2][7], rows[2][8], rows[2][9]) == (True, b"\x00\xff", "1 day", "1")


def test_writing_queries_are_refused(there, server, connection) -> None:
    connection("TAX_DB", _login(server))
    writing = ("delete from odd returning i", "select 1 as a; drop table odd")
    for query in (*writing, "with gone as (delete from odd returning *) select * from gone"):
        _declare(Path(there.landing), {"query": query, "to": "odd/odd.parquet"})
        with raises_quietly(SourceRefused, servers.PASSWORD):
            there.ingest()
    assert server.sql("select count(*) from odd").strip() == "3"


def test_refusals_name_the_source_and_not_the_password(there, server, connection) -> None:
    cases = {
        "password authentication failed": {"password": "falsch-geheim'\\ %"},
        "does not exist": {"schema": "no_such_database"},
        "permission denied": {"login": "clerk", "password": "clerk-geheim"},
    }
    for said, changed in cases.items():
        connection("TAX_DB", _login(server, **changed))
        with raises_quietly(SourceRefused, "geheim") as caught:
            there.ingest()
        assert said in caught.value.message
        assert "TAX_DB" in caught.value.message
    connection("TAX_DB", _login(server))
    _declare(Path(there.landing), {"table": "tax.gone", "to": "taxes/2024/gone.parquet"})
    with raises_quietly(SourceRefused, servers.PASSWORD) as caught:
        there.ingest()
    assert 'relation "tax.gone" does not exist' in caught.value.message


def test_the_command_line_says_it_in_a_sentence(there, server) -> None:
    command = [sys.executable, "-m", "landgauge.cli", "ingest", "--landing", there.landing, "--year", str(YEAR)]
    command += ["--warehouse", str(there.folder)]
    environment = {**os.environ, "AIRFLOW_CONN_TAX_DB": _login(server, password="falsch-geheim")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == STOPPED
    assert "password authentication failed" in done.stderr
    assert "geheim" not in done.stderr
    assert "Traceback" not in done.stderr


def test_a_server_that_is_away_or_breaks_off(there, server, connection, quick) -> None:
    connection("TAX_DB", _login(server, port=free_port()))
    with raises_quietly(SourceUnavailable, servers.PASSWORD):
        there.ingest()
    query = "select i, repeat(md5(i::text), 20) as t from generate_series(1, 30000) as i"
    _declare(Path(there.landing), {"query": query, "to": "odd/odd.parquet"})
    with servers.relay(server.port) as relay:
        connection("TAX_DB", _login(server, port=relay.port))
        relay.cut_after, relay.always = 2_000_000, True
        with raises_quietly(SourceUnavailable, servers.PASSWORD):
            there.ingest()
        assert relay.cuts == trouble.ATTEMPTS
        assert there.fetched() == {}
        relay.always = False
        there.ingest()  # one more break: tried again within the run
        assert relay.cuts == trouble.ATTEMPTS + 1
    (path,) = (there.folder / "fetched" / "tables").iterdir()
    assert duckdb.execute(f"select count(*), min(i), max(i) from '{path}'").fetchall() == [(30000, 1, 30000)]
