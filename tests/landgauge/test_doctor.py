"""Faults made for real in a copy of an installation: the doctor names each, and nothing where all is well."""

from __future__ import annotations

import json
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from landgauge import cli, doctor
from landgauge.doctor.findings import FAULT, OK, SKIPPED, WARN, Finding, Installation
from landgauge.errors import COMPLAINTS, DONE, STOPPED, WRONG_CALL
from landgauge.settings import PROJECT_ROOT
from tests.warehouse.tiny_city import publish_run
from warehouse import db, transform

LATER = datetime(9000, 1, 1)
CHECKS = {check.name: check for check in doctor.CHECKS}
OUTSIDE = ("LANDGAUGE_SERVING", "AIRFLOW_HOME", "LANDGAUGE_KEPT_SNAPSHOTS", "LANDGAUGE_BROWSER", "TMPDIR")


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("doctor")
    publish_run(folder / "warehouse", 1)
    place = folder / "warehouse" / "published" / "kept"  # a second publication, faster than by publishing
    shutil.copytree(place / "000001-0000000000000001", place / "000002-0000000000000002")
    (place / "current").unlink()
    (place / "current").symlink_to("000002-0000000000000002")
    (folder / "landing" / "parcels" / "2024").mkdir(parents=True)
    return folder


@pytest.fixture
def sound(city: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """A copy that a test may break; the project counts as parsed, and nothing is set in the environment."""
    shutil.copytree(city, tmp_path / "city", symlinks=True)
    for name in OUTSIDE:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(transform, "PARSED", tmp_path / "parsed")
    (tmp_path / "parsed").mkdir()
    (tmp_path / "parsed" / f"{transform._project_digest()}.msgpack").touch()
    return Installation(LATER, tmp_path / "city" / "warehouse", tmp_path / "city" / "landing")


def found(name: str, installation: Installation, level: str) -> str:
    """What a check says at one level, in one text."""
    findings = [f for _, f in doctor.look(installation, (CHECKS[name],)) if f.level == level]
    assert all(f.next_step and f.where for f in findings if level in (WARN, FAULT)), findings
    return "; ".join(_text(f) for f in findings)


def _text(finding: Finding) -> str:
    return f"{finding.what} [{finding.where}] {finding.next_step}"


def test_a_sound_installation_has_no_fault_and_is_not_changed(sound: Installation) -> None:
    state = before(sound.warehouse.parent)
    findings = list(doctor.look(sound))
    assert before(sound.warehouse.parent) == state
    assert [f for f in findings if f[1].level == FAULT] == []
    assert {name for name, f in findings if f.level == SKIPPED} == {"mapping", "sources", "airflow", "serving"}
    assert {name for name, f in findings if f.level == OK} >= {"snapshot", "working-file", "links", "parquet", "disk"}


def before(folder: Path) -> dict[str, tuple[int, int]]:
    return {str(p): (p.lstat().st_mtime_ns, p.lstat().st_size) for p in sorted(folder.rglob("*"))}


def damaged_extension(sound: Installation, folder: Path) -> Installation:
    installed = db.install_extensions()
    library = next(installed.glob(f"v{duckdb.__version__}/*/spatial.duckdb_extension"))
    copy = folder / "extensions" / library.relative_to(installed)
    copy.parent.mkdir(parents=True)
    copy.write_bytes(library.read_bytes()[:1000])
    return Installation(LATER, extensions=folder / "extensions")


def another_version(sound: Installation, folder: Path) -> Installation:
    text = (PROJECT_ROOT / "requirements.lock").read_text(encoding="utf-8")
    (folder / "lock").write_text(text + "pytest==0.0.1\nno-such-package==1.0\n", encoding="utf-8")
    return Installation(LATER, requirements=folder / "lock")


def unknown_key(sound: Installation, folder: Path) -> Installation:
    (sound.landing / "city.yml").write_text("gate: {tolerated_share: many}\n", encoding="utf-8")
    return sound


def broken_mapping(sound: Installation, folder: Path) -> Installation:
    (sound.landing / "mapping.yml").write_text("- files: '*.csv'\n  datasets: {parcel: {}}\n", encoding="utf-8")
    return sound


def no_connection(sound: Installation, folder: Path) -> Installation:
    text = "- connection: NOWHERE_DB\n  tables: [{table: a.b, to: taxes/2024/a.parquet}]\n"
    (sound.landing / "sources.yml").write_text(text, encoding="utf-8")
    return sound


def file_for_folder(sound: Installation, folder: Path) -> Installation:
    shutil.rmtree(sound.warehouse)
    sound.warehouse.touch()
    return sound


def broken_snapshot(sound: Installation, folder: Path) -> Installation:
    path = (sound.warehouse / "published" / "current.duckdb").resolve()
    os.truncate(path, path.stat().st_size // 2)
    return sound


def dangling(sound: Installation, folder: Path) -> Installation:
    shutil.rmtree((sound.warehouse / "published" / "kept" / "current").resolve())
    return sound


def broken_working_file(sound: Installation, folder: Path) -> Installation:
    (sound.warehouse / "warehouse.duckdb").write_bytes(b"no database" * 1000)
    return sound


def clock_set_back(sound: Installation, folder: Path) -> Installation:
    return Installation(datetime(2020, 1, 1), sound.warehouse)


def remains(sound: Installation, folder: Path) -> Installation:
    (sound.warehouse / "published" / "kept" / ".building").mkdir()
    return sound


def without_parquet(sound: Installation, folder: Path) -> Installation:
    shutil.rmtree(sound.warehouse / "published" / "parquet" / "dim_parcel")
    return sound


@pytest.mark.parametrize(
    ("name", "breaks", "level", "said"),
    [
        ("extensions", damaged_extension, FAULT, "spatial cannot be loaded"),
        ("packages", another_version, WARN, "instead of 0.0.1"),
        ("packages", another_version, WARN, "absent: no-such-package"),
        ("city", unknown_key, FAULT, "gate.tolerated_share"),
        ("mapping", broken_mapping, FAULT, "mapping.yml"),
        ("sources", no_connection, FAULT, "NOWHERE_DB"),
        ("warehouse", file_for_folder, FAULT, "is a file"),
        ("snapshot", broken_snapshot, FAULT, "ln -sfn 000001-0000000000000001"),
        ("links", dangling, FAULT, "ln -sfn 000001-0000000000000001"),
        ("working-file", broken_working_file, FAULT, "cannot be opened"),
        ("clock", clock_set_back, FAULT, "before the last publication"),
        ("remains", remains, WARN, "did not end"),
        ("parquet", without_parquet, WARN, "dim_parcel"),
    ],
)
def test_a_fault_is_named(
    sound: Installation, tmp_path: Path, name: str, breaks: Callable[[Installation, Path], Installation],
    level: str, said: str,
) -> None:  # fmt: skip
    assert said in found(name, breaks(sound, tmp_path), level)


def test_the_advice_for_a_broken_snapshot_mends_it(sound: Installation, tmp_path: Path) -> None:
    said = found("snapshot", broken_snapshot(sound, tmp_path), FAULT)
    command = said[said.index("ln -sfn") : said.index(";", said.index("ln -sfn"))]
    subprocess.run(command.split(), check=True)
    assert found("snapshot", sound, FAULT) == found("links", sound, FAULT) == ""
    publish_run(sound.warehouse, 3)
    assert "rows" in found("snapshot", sound, OK)


def test_a_package_that_does_not_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    about = tmp_path / "duckdb_extension_spatial-1.0.0.dist-info"
    about.mkdir()
    text = "Metadata-Version: 2.1\nName: duckdb-extension-spatial\nVersion: 1.0.0\n"
    (about / "METADATA").write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert "(1.0.0 is installed)" in found("packages", Installation(LATER), FAULT)
    assert "1.0.0 does not fit duckdb" in found("extensions", Installation(LATER), FAULT)


@pytest.fixture
def writing(sound: Installation) -> Iterator[int]:
    """A second process that writes to the warehouse."""
    code = "import sys; from tests.warehouse.tiny_city import *; from warehouse import lock\n"
    code += "with lock.writer(settings_for(Path(sys.argv[1]))): print('held', flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", code, str(sound.warehouse)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=PROJECT_ROOT)
    assert process.stdout.readline() == "held\n"
    yield process.pid
    process.communicate("")


def test_a_lock_names_its_holder(sound: Installation, writing: int) -> None:
    assert f"pid {writing}" in found("lock", sound, WARN)
    assert "somebody writes" in found("working-file", sound, SKIPPED)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_a_folder_of_another_user() -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        os.seteuid(65534)
        try:
            assert "Make it writable for user 65534" in found("warehouse", Installation(LATER, Path(folder)), FAULT)
        finally:
            os.seteuid(0)


def test_a_limit_on_file_sizes_is_a_full_disk(sound: Installation) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        said = found("disk", sound, FAULT)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert "files may be 0.1 MB at most" in said


def test_a_limit_on_open_files() -> None:
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (512, limits[1]))
    try:
        assert "512 files" in found("open-files", Installation(LATER), WARN)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


@pytest.mark.parametrize(
    ("name", "variable", "value", "level", "said"),
    [
        ("browser", "PATH", "/nowhere", WARN, "no Chromium was found"),
        ("browser", "LANDGAUGE_BROWSER", "no-such-browser", WARN, "LANDGAUGE_BROWSER=no-such-browser"),
        ("settings", "LANDGAUGE_KEPT_SNAPSHOTS", "0", FAULT, "LANDGAUGE_KEPT_SNAPSHOTS"),
        ("temporary", "TMPDIR", "/nowhere", FAULT, "/nowhere"),
        ("serving", "LANDGAUGE_SERVING", "postgresql://loader@127.0.0.1:1/marts", FAULT, "cannot be reached"),
        ("serving", "LANDGAUGE_SERVING", "postgresql://loader:pass@127.0.0.1:1/marts", FAULT, "holds a password"),
        ("airflow", "AIRFLOW_HOME", "/nowhere", FAULT, "deploy/init.sh"),
    ],
)
def test_a_wrong_environment_is_named(
    sound: Installation, monkeypatch: pytest.MonkeyPatch, name: str, variable: str, value: str, level: str, said: str
) -> None:
    monkeypatch.setenv(variable, value)
    assert said in found(name, sound, level)


@pytest.mark.parametrize(("slots", "said"), [(None, "is missing"), (5, "has 5 slots")])
def test_the_pool_of_airflow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, slots: int | None, said: str
) -> None:  # fmt: skip
    with sqlite3.connect(tmp_path / "airflow.db") as con:
        con.execute("create table slot_pool (pool text, slots integer)")
        con.execute("create table import_error (filename text)")
        con.execute("insert into import_error values ('broken.py')")
        if slots:
            con.execute("insert into slot_pool values ('landgauge_writer', ?)", [slots])
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    monkeypatch.setenv("AIRFLOW__CORE__DAGS_FOLDER", str(PROJECT_ROOT / "dags"))
    text = found("airflow", Installation(LATER), FAULT)
    assert said in text
    assert "broken.py" in text


def test_several_faults_in_one_call(
    sound: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    dangling(unknown_key(broken_working_file(sound, tmp_path), tmp_path), tmp_path)
    monkeypatch.setattr(doctor, "CHECKS", tuple(c for n, c in CHECKS.items() if n not in ("policy", "extensions")))
    call = ["doctor", "--warehouse", str(sound.warehouse), "--landing", str(sound.landing)]
    assert cli.main([*call, "--format", "json"]) == STOPPED
    told = {f["check"] for f in json.loads(capsys.readouterr().out) if f["level"] == FAULT}
    assert {"city", "working-file", "links"} <= told
    assert cli.main(call) == STOPPED
    assert "→" in capsys.readouterr().out


def test_exit_codes(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for findings, code in (([OK, SKIPPED], DONE), ([OK, WARN], COMPLAINTS), ([WARN, FAULT], STOPPED)):
        made = [Finding(level, "what", "where", "next") for level in findings]
        monkeypatch.setattr(doctor, "CHECKS", (doctor.Check("made", lambda _, made=made: iter(made)),))
        assert cli.main(["doctor"]) == code
    with pytest.raises(SystemExit) as error:
        cli.main(["doctor", "--nothing"])
    assert error.value.code == WRONG_CALL


def test_a_check_that_breaks_down_is_a_fault() -> None:
    def broken(_: Installation) -> Iterator[Finding]:
        yield Finding(OK, str(1 / 0))

    ((_, finding),) = doctor.look(Installation(LATER), (doctor.Check("broken", broken),))
    assert finding.level == FAULT
    assert "ZeroDivisionError" in finding.what
