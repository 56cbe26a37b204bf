"""A landing area on an S3 or SFTP server gives the rows that the same files give from a folder."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import servers
from conftest import YEAR, Warehouse, raises_quietly

from ingestion.sources import sftp as sftp_store
from ingestion.sources import stores, trouble
from landgauge.errors import STOPPED, SourceRefused, SourceUnavailable
from tests.postgres_server import free_port

pytestmark = pytest.mark.acceptance
TAX = f"taxes/{YEAR}/taxes_440115.csv"
ODD = f"taxes/{YEAR}/税务 'ö\"; drop--#1?&+%20.csv"


@pytest.fixture(scope="module")
def sftp(tmp_path_factory):
    with servers.sftp(tmp_path_factory.mktemp("sftp")) as server:
        yield server


def _s3_login(server: servers.S3, secret: str | None = None, port: int | None = None) -> str:
    extra = {"endpoint_url": f"http://{servers.HOST}:{port or server.port}", "region_name": "us-east-1"}
    return json.dumps({"conn_type": "aws", "login": server.key, "password": secret or server.secret, "extra": extra})


def _sftp_login(server: servers.Sftp, port: int | None = None, **changed) -> str:
    fields = {"conn_type": "sftp", "host": servers.HOST, "port": port or server.port, "login": "district"}
    fields |= {"password": servers.PASSWORD, "extra": {"host_key": server.host_key}}
    return json.dumps(fields | changed)


def _copy(city: Path, server: servers.Sftp, name: str) -> Path:
    return Path(shutil.copytree(city, server.folder / name))


def test_a_bucket_gives_the_rows_of_the_folder(city, from_folder, s3, tmp_path, connection, quick) -> None:
    s3.put_folder(city, "same 城市/'q'/")
    s3.put("same 城市/'q'2/taxes/2024/not-ours.csv", b"x")
    connection("BUREAU", _s3_login(s3))
    there = Warehouse(tmp_path, f"s3://BUREAU@{s3.bucket}/same 城市/'q'")
    assert there.ingest() == from_folder.result
    assert there.rows() == from_folder.rows
    assert there.ledger() == from_folder.ledger


def test_a_bucket_twice_changes_nothing_and_a_changed_object_supersedes(city, s3, tmp_path, connection, quick) -> None:
    s3.put_folder(city, "twice/")
    connection("BUREAU", _s3_login(s3))
    there = Warehouse(tmp_path, f"s3://BUREAU@{s3.bucket}/twice/")
    there.ingest()
    before, mirror = there.ledger(), there.fetched()
    with servers.relay(s3.port) as relay:
        connection("BUREAU", _s3_login(s3, port=relay.port))
        relay.cut_after, relay.always = 200_000, True  # a second fetch of everything would not come through
        there.ingest()
    assert (there.ledger(), there.fetched()) == (before, mirror)
    _change(lambda content: s3.put(f"twice/{TAX}", content), (city / TAX).read_bytes())
    connection("BUREAU", _s3_login(s3))
    there.ingest()
    _superseded(there, before)
    s3.client().delete_object(Bucket=s3.bucket, Key=f"twice/{TAX}")
    after = there.ledger()
    there.ingest()
    assert there.ledger() == after  # a file that has gone stays loaded
    assert not any(TAX in name for name in there.fetched())


def _change(put, content: bytes) -> None:
    header, *lines = content.split(b"\n")
    put(b"\n".join([header, *lines[1:]]))


def _superseded(there: Warehouse, before: list) -> None:
    states = [row[2] for row in there.ledger() if row[0] == TAX]
    assert states == ["superseded", "loaded"]
    assert [row for row in there.ledger() if row[0] != TAX] == [row for row in before if row[0] != TAX]


@pytest.mark.parametrize("how", ["password", "key"])
def test_an_sftp_server_gives_the_rows_of_the_folder(how, city, from_folder, sftp, tmp_path, connection, quick) -> None:
    _copy(city, sftp, f"市 {how}")
    login = _sftp_login(sftp)
    if how == "key":
        extra = {"host_key": sftp.host_key, "private_key": sftp.private_key}
        login = _sftp_login(sftp, password="", extra=extra)
    connection("DISTRICT", login)
    there = Warehouse(tmp_path, f"sftp://DISTRICT@{servers.HOST}:{sftp.port}/市 {how}")
    assert there.ingest() == from_folder.result
    assert there.rows() == from_folder.rows
    assert there.ledger() == from_folder.ledger


def test_an_sftp_server_twice_and_a_changed_file(city, sftp, tmp_path, connection, quick) -> None:
    folder = _copy(city, sftp, "twice")
    connection("DISTRICT", _sftp_login(sftp))
    there = Warehouse(tmp_path, "sftp://DISTRICT@/twice")
    there.ingest()
    before, mirror = there.ledger(), there.fetched()
    there.ingest()
    assert (there.ledger(), there.fetched()) == (before, mirror)
    _change((folder / TAX).write_bytes, (city / TAX).read_bytes())
    there.ingest()
    _superseded(there, before)


def test_a_further_source_stands_where_it_is_sent(city, from_folder, sftp, s3, tmp_path, connection, quick) -> None:
    landing = Path(shutil.copytree(city, tmp_path / "landing"))
    shutil.move(landing / TAX, sftp.folder / "tax.csv")
    shutil.move(landing / "parcels" / str(YEAR), tmp_path / "share")
    for path in (landing / "occupancy" / str(YEAR)).iterdir():
        s3.put(f"occupancy/{path.name}", path.read_bytes())
        path.unlink()
    (sftp.folder / "other.txt").write_text("not asked for")
    shutil.move(sftp.folder / "tax.csv", sftp.folder / Path(TAX).name)
    (landing / "sources.yml").write_text(
        f"- {{url: 'sftp://{servers.HOST}:{sftp.port}/', connection: DISTRICT, files: '*.csv', to: taxes/{YEAR}}}\n"
        f"- {{url: 's3://BUREAU@{s3.bucket}/occupancy', to: occupancy/{YEAR}}}\n"
        f"- {{url: 'file://{tmp_path}/share', to: parcels/{YEAR}/}}\n"
    )
    connection("DISTRICT", _sftp_login(sftp))
    connection("BUREAU", _s3_login(s3))
    there = Warehouse(tmp_path / "w", str(landing))
    assert there.ingest() == from_folder.result
    assert there.rows() == from_folder.rows
    assert there.ledger() == from_folder.ledger


def test_names_that_no_folder_can_hold_are_refused_one_by_one(city, s3, tmp_path, connection, quick) -> None:
    s3.put_folder(city, "odd/")
    content = (city / TAX).read_bytes()
    s3.client().delete_object(Bucket=s3.bucket, Key=f"odd/{TAX}")
    s3.put(f"odd/{ODD}", content)
    bad = ["../up.csv", "taxes/2024/../../../../up.csv", "a//b.csv", "taxes", f"taxes/{YEAR}/{'长' * 90}.csv"]
    for name in [*bad, ".hidden/x.csv", f"taxes/{YEAR}/~$lock.xlsx", "folder/"]:
        s3.put(f"odd/{name}", content)
    connection("BUREAU", _s3_login(s3))
    there = Warehouse(tmp_path / "deep" / "w", f"s3://BUREAU@{s3.bucket}/odd")
    complaints = [c for c in there.ingest().complaints if "not fetched" in c]
    assert len(complaints) == len(bad)
    assert all(any(f"/odd/{name}: " in c for c in complaints) for name in bad)
    assert [(row[0], row[2]) for row in there.ledger() if row[1] == "taxes" and ".csv" in row[0]] == [(ODD, "loaded")]
    assert not list(tmp_path.rglob("up.csv"))


def test_a_name_in_another_encoding_comes_through(city, sftp, tmp_path, connection, quick) -> None:
    folder = _copy(city, sftp, "gbk")
    (folder / TAX).rename(os.fsdecode(os.fsencode(folder / "taxes" / str(YEAR)) + "/税务.csv".encode("gb18030")))
    (folder / "taxes" / str(YEAR) / "link.csv").symlink_to("/nowhere")
    connection("DISTRICT", _sftp_login(sftp))
    there = Warehouse(tmp_path, "sftp://DISTRICT@/gbk")
    there.ingest()
    assert f"taxes/{YEAR}/税务.csv" in [row[0] for row in there.ledger()]


@pytest.mark.parametrize("kind", ["s3", "sftp"])
def test_a_broken_transfer_is_made_good(kind, city, from_folder, s3, sftp, tmp_path, connection, quick) -> None:
    with servers.relay(s3.port if kind == "s3" else sftp.port) as relay:
        if kind == "s3":
            s3.put_folder(city, "broken/")
            connection("REMOTE", _s3_login(s3, port=relay.port))
            there = Warehouse(tmp_path, f"s3://REMOTE@{s3.bucket}/broken")
        else:
            _copy(city, sftp, "broken")
            connection("REMOTE", _sftp_login(sftp, port=relay.port))
            there = Warehouse(tmp_path, "sftp://REMOTE@/broken")
        relay.cut_after, relay.always = 40_000, True
        with raises_quietly(SourceUnavailable, servers.PASSWORD):
            there.ingest()
        assert relay.cuts == trouble.ATTEMPTS
        some = {Path(name).name: content for name, content in there.fetched().items() if ".index" not in name}
        assert "incoming.part" not in some
        assert all(_original(city, name) == content for name, content in some.items())
        assert len(some) < len([path for path in city.rglob("*") if path.is_file()])
        relay.cut_after, relay.always = 100_000, False
        there.ingest()  # one more break: tried again within the run
    assert there.rows() == from_folder.rows
    assert there.ledger() == from_folder.ledger


def _original(city: Path, name: str) -> bytes:
    return next(city.rglob(name)).read_bytes()


@pytest.mark.parametrize("kind", ["s3", "sftp"])
def test_a_server_that_falls_silent_does_not_hold_the_run(
    kind, s3, sftp, tmp_path, connection, quick, monkeypatch
) -> None:
    for module in (stores, sftp_store):
        monkeypatch.setattr(module, "READ_S", 0.5)
        monkeypatch.setattr(module, "CONNECT_S", 0.5)
    with servers.relay(s3.port if kind == "s3" else sftp.port) as relay:
        login = _s3_login(s3, port=relay.port) if kind == "s3" else _sftp_login(sftp, port=relay.port)
        connection("REMOTE", login)
        there = Warehouse(tmp_path, "s3://REMOTE@declarations/x" if kind == "s3" else "sftp://REMOTE@/")
        relay.stalled.set()
        with raises_quietly(SourceUnavailable, servers.PASSWORD):
            there.ingest()
        relay.stalled.clear()


def test_a_killed_run_leaves_nothing_half(city, from_folder, sftp, tmp_path, connection, quick) -> None:
    _copy(city, sftp, "killed")
    (sftp.folder / "killed" / "large.bin").write_bytes(os.urandom(40_000_000))
    login = _sftp_login(sftp)
    command = [sys.executable, "-m", "landgauge.cli", "ingest", "--landing", "sftp://DISTRICT@/killed"]
    command += ["--warehouse", str(tmp_path), "--year", str(YEAR)]
    process = subprocess.Popen(command, env={**os.environ, "LANDGAUGE_CONN_DISTRICT": login}, stderr=subprocess.DEVNULL)
    part = tmp_path / "fetched" / "incoming.part"
    while not (part.is_file() and part.stat().st_size > 1_000_000):
        assert process.poll() is None
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not any(name.endswith("large.bin") for name in Warehouse(tmp_path, "").fetched())
    connection("DISTRICT", login)
    there = Warehouse(tmp_path, "sftp://DISTRICT@/killed")
    there.ingest()
    assert not part.exists()
    assert there.rows() == from_folder.rows


def _call(there: Warehouse, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "landgauge.cli", "ingest", "--landing", there.landing]
    command += ["--warehouse", str(there.folder), "--year", str(YEAR)]
    return subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=False)


def test_refused_credentials_end_with_a_sentence_and_exit_code_3(s3, sftp, tmp_path) -> None:
    wrong = "falsch-geheim"
    for landing, login in (
        (f"s3://REMOTE@{s3.bucket}/x", _s3_login(s3, secret=wrong)),
        ("sftp://REMOTE@/x", _sftp_login(sftp, password=wrong)),
    ):
        done = _call(Warehouse(tmp_path, landing), LANDGAUGE_CONN_REMOTE=login)
        assert done.returncode == STOPPED
        assert "access refused" in done.stderr
        assert "LANDGAUGE_CONN_REMOTE" in done.stderr
        assert wrong not in done.stderr
        assert "Traceback" not in done.stderr
    assert not (tmp_path / "warehouse.duckdb").exists()


def test_an_unknown_host_key_is_shown_and_refused(sftp, tmp_path, connection, quick) -> None:
    connection("DISTRICT", _sftp_login(sftp, extra={}))
    with raises_quietly(SourceRefused, servers.PASSWORD) as caught:
        Warehouse(tmp_path, "sftp://DISTRICT@/x").ingest()
    assert sftp.host_key in caught.value.message
    other = sftp.host_key[:-6] + "AAAAAA"
    connection("DISTRICT", _sftp_login(sftp, extra={"host_key": other}))
    with raises_quietly(SourceRefused, servers.PASSWORD):
        Warehouse(tmp_path, "sftp://DISTRICT@/x").ingest()


def test_what_is_not_there_and_what_is_not_reached(s3, sftp, tmp_path, connection, quick) -> None:
    connection("BUREAU", _s3_login(s3))
    connection("DISTRICT", _sftp_login(sftp))
    for landing in ("s3://BUREAU@no-such-bucket/x", "sftp://DISTRICT@/no-such-folder"):
        with raises_quietly(SourceRefused, servers.PASSWORD) as caught:
            Warehouse(tmp_path, landing).ingest()
        assert "not there" in caught.value.message
    gone = free_port()
    connection("BUREAU", _s3_login(s3, port=gone))
    connection("DISTRICT", _sftp_login(sftp, port=gone))
    for landing in (f"s3://BUREAU@{s3.bucket}/x", "sftp://DISTRICT@/x"):
        with raises_quietly(SourceUnavailable, servers.PASSWORD) as caught:
            Warehouse(tmp_path, landing).ingest()
        assert caught.value.exit_code == STOPPED
        assert "repeat the command" in caught.value.next_step
