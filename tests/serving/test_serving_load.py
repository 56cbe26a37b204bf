"""Loading a snapshot into a real PostgreSQL: equal values, whole or not at all, and nothing where nothing changed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import duckdb
import psycopg
import pytest

from landgauge.errors import ConfigurationError, LandgaugeError, StageFailed, WarehouseBusy
from tests.postgres_server import PASSWORD
from tests.serving.serving_rows import of_server, of_snapshot
from warehouse.serving import load
from warehouse.serving.load import serve

pytestmark = pytest.mark.acceptance


@pytest.fixture(scope="module")
def served(serving, snapshot) -> str:
    """A database that is loaded, with the login `everything`."""
    assert serve(snapshot, serving.database("served")).tables == len(of_snapshot(snapshot))
    serving.login("everything", "landgauge_city")
    return "served"


def changed(snapshot: Path, target: Path, sql: str) -> Path:
    shutil.copyfile(snapshot, target)
    with duckdb.connect(str(target)) as con:
        con.execute(sql)
    return target


def test_every_value_is_the_snapshot_s(serving, served, snapshot):
    with serving.open("everything", served) as con:
        found = of_server(con, of_snapshot(snapshot))
    expected = of_snapshot(snapshot)
    expected["fct_quarantine"] = sorted(row.replace("\\x00", "␀") for row in expected["fct_quarantine"])
    assert found == expected


def test_comments_go_along(serving, served):
    with serving.open("everything", served) as con:
        sql = "select obj_description('marts.dim_scheme'::regclass), col_description('marts.dim_scheme'::regclass, 1)"
        assert con.execute(sql).fetchone() == ("方案 '%s' {}", "甲; drop table x --")


def test_an_unchanged_snapshot_is_left_alone(serving, served, snapshot):
    with serving.open("everything", served) as con:
        place = "select 'marts.dim_unit'::regclass::oid"
        before = con.execute(place).fetchone()
        assert serve(snapshot, serving.to("loader", served)).tables == 0
        assert con.execute(place).fetchone() == before
        assert serve(snapshot, serving.to("loader", served), force=True).tables > 0
        assert con.execute(place).fetchone() != before


def test_a_transaction_stays_with_the_marts_it_has_read(serving, snapshot, tmp_path):
    """The swap waits for it, and one with an older view of the database finds the new tables full, not empty."""
    address, name = serving.database("waiting"), "waiting"
    serve(snapshot, address)
    serving.login("slow", "landgauge_city")
    other = changed(snapshot, tmp_path / "other.duckdb", "delete from marts.fct_score where year = 2023")
    with serving.open("slow", name) as reading, serving.open("slow", name) as older:
        for con in (reading, older):
            con.execute("begin isolation level repeatable read")
        older.execute("select 1")
        count = "select count(*) from marts.{}"
        assert reading.execute(count.format("fct_score")).fetchone() == (9,)
        loading = threading.Thread(target=serve, args=(other, address))
        loading.start()
        time.sleep(3)
        assert reading.execute(count.format("fct_score")).fetchone() == (9,)
        assert reading.execute(count.format("dim_unit")).fetchone() == (9,)
        assert loading.is_alive()
        reading.execute("commit")
        loading.join(30)
        assert older.execute(count.format("fct_score")).fetchone() == (8,)
        assert reading.execute(count.format("fct_score")).fetchone() == (8,)


def test_readers_that_never_end_leave_the_old_marts(serving, served, snapshot):
    with serving.open("everything", served) as con:
        con.execute("begin")
        con.execute("select count(*) from marts.dim_unit")
        with pytest.raises(StageFailed, match="kept the old marts open"):
            serve(snapshot, serving.to("loader", served), force=True, wait_s=1)
        con.execute("commit")
        assert con.execute("select count(*) from marts.dim_unit").fetchone() == (9,)


def test_readers_never_see_a_mixture(serving, snapshot, tmp_path):
    address = serving.database("polled")
    serving.login("poller", "landgauge_city")
    fewer = "delete from marts.fct_score where year = 2023; delete from marts.dim_unit where year = 2023"
    states = [snapshot, changed(snapshot, tmp_path / "fewer.duckdb", fewer)]
    serve(states[0], address)
    seen, failed, done = set(), [], threading.Event()

    def poll() -> None:
        with serving.open("poller", "polled") as con:
            while not done.is_set():
                try:
                    sql = "select (select count(*) from marts.fct_score), (select count(*) from marts.dim_unit)"
                    seen.add(con.execute(sql).fetchone())
                except psycopg.Error as error:
                    failed.append(error)

    threads = [threading.Thread(target=poll) for _ in range(3)]
    for thread in threads:
        thread.start()
    for turn in range(10):
        serve(states[(turn + 1) % 2], address)
    done.set()
    for thread in threads:
        thread.join()
    assert failed == []
    assert seen == {(9, 9), (8, 8)}


def test_a_killed_load_leaves_the_old_marts_and_no_remains(serving, served, snapshot, tmp_path):
    big = "insert into marts.fct_score select 'parcel', 'P' || range, 2024, random() from range(3000000)"
    other = changed(snapshot, tmp_path / "big.duckdb", big)
    code = (
        "import sys, pathlib; from warehouse.serving.load import serve; serve(pathlib.Path(sys.argv[1]), sys.argv[2])"
    )
    for wait in (1.0, 2.0, 3.0):
        command = [sys.executable, "-c", code, str(other), serving.to("loader", served)]
        process = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(Path.cwd())})
        time.sleep(wait)
        assert process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.wait()
    time.sleep(1)
    with serving.open("everything", served) as con:
        assert con.execute("select count(*) from marts.fct_score").fetchone() == (9,)
        assert con.execute("select count(*) from pg_namespace where nspname = 'marts_building'").fetchone() == (0,)


def test_a_second_load_at_the_same_time_stops(serving, served, snapshot):
    with serving.open("loader", served) as con:
        con.execute("begin")
        con.execute("create schema marts_building")
        with pytest.raises(WarehouseBusy, match="another load"):
            serve(snapshot, serving.to("loader", served), force=True)
        con.execute("rollback")


def test_a_view_of_somebody_else_on_the_marts_stops_the_load(serving, served, snapshot):
    with serving.open("loader", served) as con:
        con.execute("create schema own; create view own.seen as select * from marts.dim_unit")
        with pytest.raises(StageFailed, match="own\\.seen"):
            serve(snapshot, serving.to("loader", served), force=True)
        con.execute("drop schema own cascade")


def test_a_database_of_somebody_else_and_a_missing_right_are_refused(serving, snapshot):
    with pytest.raises(StageFailed, match="does not belong"):
        serve(snapshot, serving.to("loader", "postgres"))
    serving.login("weak")
    serving.server.sql("create database weak_one owner weak")
    with pytest.raises(StageFailed, match=r"groups that are missing|is not in"):
        serve(changed_city(snapshot), serving.to("weak", "weak_one"))


def changed_city(snapshot: Path) -> Path:
    """The same city with one more district, whose group no one has made."""
    target = snapshot.parent / "more.duckdb"
    return changed(snapshot, target, "insert into marts.dim_district values ('NEW', 2000, null, null)")


def test_the_printed_roles_let_a_loader_without_createrole_load(serving, snapshot):
    """Three districts more, so that some groups stand already and others are new."""
    other = changed(
        snapshot, snapshot.parent / "more2.duckdb", "insert into marts.dim_district values ('N2', 1, null, null)"
    )
    serving.login("plain")
    serving.server.sql("create database plain_one owner plain")
    for statement in load.roles_sql(other).splitlines():
        try:
            serving.server.sql(statement)
        except subprocess.CalledProcessError as error:
            assert "already exists" in error.stderr or "already a member" in error.stderr
    assert serve(other, serving.to("plain", "plain_one")).tables > 0


def test_a_group_that_may_log_in_is_refused(serving, served, snapshot):
    serving.server.sql('alter role "landgauge_B" login')
    try:
        with pytest.raises(StageFailed, match="may log in"):
            serve(snapshot, serving.to("loader", served), force=True)
    finally:
        serving.server.sql('alter role "landgauge_B" nologin')


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("postgresql://loader:hunter2@127.0.0.1/x", ConfigurationError),
        ("postgresql://loader@127.0.0.1:bad hunter2/x", LandgaugeError),
        ("postgresql://loader@127.0.0.1:1/x", StageFailed),
    ],
)
def test_no_message_holds_a_secret(snapshot, address, kind, monkeypatch):
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    with pytest.raises(kind) as caught:
        serve(snapshot, address)
    assert "hunter2" not in f"{caught.value} {caught.value.next_step} {caught.value.__cause__}"
    assert PASSWORD not in f"{caught.value} {caught.value.next_step} {caught.value.__cause__}"


def test_a_wrong_password_is_told_without_it(serving, served, snapshot, monkeypatch):
    monkeypatch.setenv("PGPASSWORD", "wrong-hunter2")
    with pytest.raises(StageFailed, match="password authentication failed") as caught:
        serve(snapshot, serving.to("loader", served))
    assert "hunter2" not in str(caught.value)
