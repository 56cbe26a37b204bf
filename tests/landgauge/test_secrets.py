"""A password given by the environment stands in no message, log or file of a run that fails."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from ingestion.sources import trouble
from landgauge import cli, doctor
from landgauge.errors import COMPLAINTS, DONE, STOPPED, WRONG_CALL
from tests.warehouse.tiny_city import publish_run

SECRET = "geheim-7f3a"
S3 = f'{{"conn_type": "aws", "login": "key-{SECRET}", "password": "{SECRET}", ' \
     '"extra": {"endpoint_url": "http://127.0.0.1:1", "region_name": "x"}}'  # fmt: skip


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("secrets")
    publish_run(folder, 1)
    return folder


@pytest.fixture
def warehouse(published: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(trouble, "ATTEMPTS", 1)
    monkeypatch.setenv("PGPASSWORD", SECRET)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("LANDGAUGE_CONN_BUREAU", S3)
    monkeypatch.setenv("LANDGAUGE_CONN_TAX_DB", f"postgresql://reader:{SECRET}@127.0.0.1:1/tax")
    return published


@pytest.mark.parametrize(
    ("call", "serving", "codes"),
    [
        (["serve"], f"postgresql://loader:{SECRET}@127.0.0.1:1/marts", (WRONG_CALL,)),
        (["serve"], f"postgresql://loader:{SECRET}@[127.0.0.1:1/marts", (WRONG_CALL,)),
        (["serve"], "postgresql://loader@127.0.0.1:1/marts", (STOPPED,)),
        (["ingest", "--year", "2024", "--landing", "s3://BUREAU@declarations/gz"], "", (STOPPED,)),
        (["ingest", "--year", "2024", "--landing", "tables"], "", (STOPPED,)),
        (["doctor"], f"postgresql://loader:{SECRET}@127.0.0.1:1/marts", (STOPPED,)),
        (["doctor", "--format", "json"], "postgresql://loader@127.0.0.1:1/marts", (STOPPED,)),
        (["status"], "", (DONE, COMPLAINTS)),
    ],
)
def test_no_secret_is_told(
    warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str],
    call: list[str], serving: str, codes: tuple[int, ...],
) -> None:  # fmt: skip
    (tmp_path / "tables").mkdir()
    text = "- connection: TAX_DB\n  tables: [{table: a.b, to: taxes/2024/a.parquet}]\n"
    (tmp_path / "tables" / "sources.yml").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LANDGAUGE_SERVING", serving)
    slow = ("models", "policy", "packages", "extensions")
    monkeypatch.setattr(doctor, "CHECKS", tuple(c for c in doctor.CHECKS if c.name not in slow))
    code = cli.main([*call, "--warehouse", str(warehouse), "--verbose"])
    shown = "".join(capfd.readouterr())
    assert code in codes, shown
    assert shown
    assert SECRET not in shown
    written = [p for p in warehouse.rglob("*") if p.is_file() and SECRET.encode() in p.read_bytes()]
    assert written == []


def test_no_file_of_the_repository_is_one_that_holds_secrets() -> None:
    root = Path(__file__).parents[2]
    asked = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    files = subprocess.run(asked, cwd=root, capture_output=True, text=True, check=True).stdout.splitlines()
    holds = re.compile(r"(^|/)(secrets/|\.airflow/|\.env$|airflow\.cfg$)|\.(pem|key|p12|pfx|pgpass|keytab)$")
    assert len(files) > 500
    assert [file for file in files if holds.search(file)] == []
