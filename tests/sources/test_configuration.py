"""sources.yml is read strictly, connections are found by name, and no message shows a secret."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ingestion.sources import connections, declared, stores, trouble
from ingestion.sources.connections import Connection
from ingestion.sources.declared import FilesSource, TablesSource
from landgauge.errors import ConfigurationError, SourceRefused, SourceUnavailable, StageFailed
from landgauge.settings import landing_at

SECRET = "p@ss/w:rd#'%密"


def _load(folder: Path, text: str):
    (folder / "sources.yml").write_text(text, encoding="utf-8")
    return declared.load(folder)


def test_sources_are_read_as_declared(tmp_path: Path) -> None:
    files, tables = _load(
        tmp_path,
        "- {url: s3://tax-bureau/2024/, to: raw/税务/, files: '*.csv', connection: BUREAU_S3}\n"
        "- connection: TAX_DB\n  tables:\n  - {table: public.Tax 2024, to: taxes/2024/tax.parquet}\n"
        "  - {query: 'select 1; ', to: energy/2024/energy.parquet}\n",
    )
    assert files == FilesSource(url="s3://tax-bureau/2024/", to="raw/税务", files="*.csv", connection="BUREAU_S3")
    assert isinstance(tables, TablesSource)
    assert [table.sql for table in tables.tables] == ['select * from "public"."Tax 2024"', "select 1"]
    assert declared.load(tmp_path / "elsewhere") == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("url: s3://x", "must be a list"),
        ("- {url: s3://x, password: geheim}", "entry 1.password"),
        ("- {url: s3://x, to: ../out}", "entry 1.to: Value error, must be a path below LANDING"),
        ("- {url: s3://x, to: /out}", "entry 1.to"),
        ("- {url: s3://x, to: 'a//b'}", "entry 1.to"),
        ("- {url: s3://x, files: ['*.csv', ../*]}", "entry 1.files"),
        ("- {url: s3://x, connection: 'sftp://u:geheim@h'}", "entry 1.connection"),
        ("- {to: a}", "entry 1.url"),
        ("- {url: s3://x}\n- {connection: C, tables: []}", "entry 2.tables"),
        ("- {connection: C, tables: [{to: a.parquet}]}", "exactly one of table, query"),
        ("- {connection: C, tables: [{table: a, query: b, to: a.parquet}]}", "exactly one of table, query"),
        ("- {connection: C, tables: [{table: a, to: a.csv}]}", "must end in .parquet"),
        ("- {connection: C, tables: [{table: a.b.c, to: a.parquet}]}", "entry 1.tables.1.table"),
        ("- {tables: [{table: a, to: a.parquet}]}", "entry 1.connection"),
        ("- {connection: C, tables: [{table: a, to: x.parquet}, {table: b, to: x.parquet}]}", "two tables go to"),
        ("- just text", "entry 1"),
        ("- {password: 'geheim", "not readable as YAML (line"),
    ],
)
def test_a_wrong_key_is_named_and_no_value_shown(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        _load(tmp_path, text)
    assert said in caught.value.message
    assert caught.value.message.startswith("sources.yml: ")
    assert "geheim" not in f"{caught.value.message} {caught.value.next_step}"


def test_uri_and_json_say_the_same(monkeypatch) -> None:
    uri = "postgresql://me:p%40ss%2Fw%3Ard%23%27%25%E5%AF%86@db.example:5433/tax?sslmode=require"
    form = {"conn_type": "postgres", "host": "db.example", "port": 5433, "login": "me", "password": SECRET}
    form |= {"schema": "tax", "extra": '{"sslmode": "require"}'}
    monkeypatch.setenv("LANDGAUGE_CONN_TAX_DB", uri)
    monkeypatch.setenv("AIRFLOW_CONN_OTHER_DB", json.dumps(form))
    first, second = connections.find("tax_db"), connections.find("other-db")
    wanted = Connection("tax_db", "postgres", "db.example", 5433, "me", SECRET, "tax", {"sslmode": "require"})
    assert first == wanted
    assert (second.name, second.password, second.extra) == ("other-db", SECRET, {"sslmode": "require"})
    assert SECRET not in repr(first)


@pytest.mark.parametrize(
    "text",
    [
        "geheim",
        "sftp://u:geheim#1@h",
        "sftp://u:ge/heim@h",
        "sftp://u@h:geheim",
        '{"conn_type": "geheim',
        '{"login": "geheim"}',
        '{"conn_type": "s3", "extra": "geheim"}',
        '{"conn_type": "s3", "extra": ["geheim"]}',
    ],
)
def test_an_unreadable_connection_shows_nothing_of_itself(monkeypatch, text: str) -> None:
    monkeypatch.setenv("LANDGAUGE_CONN_X", text)
    with pytest.raises(ConfigurationError) as caught:
        connections.find("X")
    assert "LANDGAUGE_CONN_X cannot be read" in caught.value.message
    assert "geheim" not in f"{caught.value} {caught.value.next_step}"


def test_a_connection_that_is_nowhere_is_asked_for_by_both_names(monkeypatch) -> None:
    monkeypatch.delenv("LANDGAUGE_CONN_NOWHERE", raising=False)
    with pytest.raises(ConfigurationError, match="nowhere") as caught:
        connections.find("nowhere")
    assert "LANDGAUGE_CONN_NOWHERE or AIRFLOW_CONN_NOWHERE" in caught.value.next_step


def test_every_spelling_of_a_secret_is_masked() -> None:
    extra = {"private_key": "-----BEGIN\nabc\n-----", "deep": {"aws_session_token": "tok'en"}, "region_name": "cn"}
    known = Connection("X", "s3", login="AKIA123", password=SECRET, extra=extra)
    text = f"{SECRET} {SECRET!r} p%40ss%2Fw%3Ard%23%27%25%E5%AF%86 {json.dumps(extra)} tok''en AKIA123 cn"
    shown = connections.mask(text, known)
    assert not any(part in shown for part in ("w:rd", "w%3Ard", "abc", "tok'", "AKIA"))
    assert shown.endswith("*** cn")


def test_errors_of_libraries_become_masked_sentences() -> None:
    known = Connection("BUREAU", "sftp", login="me", password="geheim")
    refused = trouble.explain(PermissionError("no, geheim is wrong"), "sftp://h/x", known)
    broken = trouble.explain(ConnectionResetError("peer sent geheim\nand left"), "sftp://h/x", known)
    full = trouble.explain(OSError(28, "No space left on device"), "sftp://h/x", known)
    assert isinstance(refused, SourceRefused)
    assert isinstance(broken, SourceUnavailable)
    assert isinstance(full, StageFailed)
    assert "BUREAU" in refused.next_step
    assert all("geheim" not in f"{e.message} {e.next_step}" for e in (refused, broken, full))
    assert all("sftp://h/x" in e.message and e.exit_code == 3 for e in (refused, broken, full))


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("ftp://h/x", "ftp://"),
        ("sftp://me:geheim@h/x", "no password"),
        ("sftp://h:port/x", "a port is a number"),
        ("s3://b/a/../c", ".. is refused"),
        ("sftp://", "names no server"),
        ("s3:///x", "names no bucket"),
        ("sftp://KNOWN@other.example/x", "is for"),
        ("s3://KNOWN@bucket/x", "of type 'sftp'"),
    ],
)
def test_a_wrong_url_is_explained_before_anything_is_sent(monkeypatch, url: str, said: str) -> None:
    monkeypatch.setenv("LANDGAUGE_CONN_KNOWN", "sftp://me:geheim@h.example:22")
    with pytest.raises(ConfigurationError) as caught:
        stores.place(url)
    assert said in caught.value.message
    assert "geheim" not in f"{caught.value} {caught.value.next_step}"


def test_the_connection_fills_in_the_server(monkeypatch) -> None:
    monkeypatch.setenv("LANDGAUGE_CONN_KNOWN", "sftp://me@h.example:2222")
    found = stores.place("sftp://KNOWN@/declarations/税 #1?/")
    assert (found.host, found.port, found.path) == ("h.example", 2222, "/declarations/税 #1?")
    assert str(found) == "sftp://h.example:2222/declarations/税 #1?"


def test_a_landing_area_is_a_folder_or_a_url(tmp_path: Path) -> None:
    assert landing_at(None) == {}
    assert landing_at(str(tmp_path)) == {"landing": tmp_path}
    assert landing_at(f"file://{tmp_path}/a%20b") == {"landing": tmp_path / "a b"}
    assert landing_at("s3://B@bucket/x") == {"landing_url": "s3://B@bucket/x"}
