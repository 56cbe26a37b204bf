"""The runbooks of docs/runbooks, followed: their `sh` blocks as they stand, in order, on the kept warehouse."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from .kept_warehouse import NEXT, unpack

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
RUNBOOKS = ROOT / "docs" / "runbooks"
LATE = "440115"  # the district whose files of the next year come late
IN_DISTRICT = f"select count(*) from marts.dim_parcel where year = {NEXT} and district_code = '{LATE}'"
# Exit code 1 is done, with complaints: the generated city has some.
COMMAND = '#!/bin/sh\n"{python}" -m landgauge.cli "$@"\ncode=$?\n[ $code = 1 ] && exit 0\nexit $code\n'


@dataclass(frozen=True)
class Place:
    """Where the runbooks are followed: the folders that they name, and what each printed (`log`)."""

    folder: Path

    @property
    def city(self) -> Path:
        return self.folder / "city"

    def follow(self, name: str) -> str:
        """Run the `sh` blocks of a runbook as one script and return what it printed."""
        blocks = re.findall(r"^```sh\n(.*?)^```$", (RUNBOOKS / f"{name}.md").read_text(encoding="utf-8"), re.M | re.S)
        environment = {k: v for k, v in os.environ.items() if not k.startswith("AIRFLOW")} | {
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "LANDING": str(self.folder / "landing"),
            "WAREHOUSE": str(self.city),
            "BACKUP": str(self.folder / "backup"),
            "ARRIVED": str(self.folder / "arrived"),
            "CORRECTED": str(self.folder / "corrected.csv"),
        }
        script = "set -ex\n" + "".join(blocks)
        done = subprocess.run(
            ["sh"], input=script, env=environment, cwd=self.folder, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        (self.folder / f"{name}.log").write_text(done.stdout, encoding="utf-8")
        assert blocks and done.returncode == 0, done.stdout[-3000:]
        return done.stdout

    def ask(self, sql: str, folder: Path | None = None) -> list[tuple]:
        with duckdb.connect(str((folder or self.city) / "published" / "current.duckdb"), read_only=True) as con:
            return con.execute(sql).fetchall()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    found = Place(tmp_path_factory.mktemp("runbooks"))
    unpack(found.city).joinpath("landing").rename(found.folder / "landing")
    command = found.folder / "bin" / "landgauge"
    command.parent.mkdir()
    command.write_text(COMMAND.format(python=sys.executable), encoding="utf-8")
    command.chmod(0o755)
    for path in sorted((found.folder / "landing").glob(f"*/{NEXT}/*_{LATE}*")):
        late = found.folder / "arrived" / path.relative_to(found.folder / "landing")
        late.parent.mkdir(parents=True)
        path.rename(late)
    taxes = found.folder / "arrived" / "taxes" / str(NEXT) / f"taxes_{LATE}.csv"
    (found.folder / "corrected.csv").write_bytes(b"".join(taxes.read_bytes().splitlines(keepends=True)[:-2]))
    return found


def test_upgrading(place: Place) -> None:
    earlier = place.ask("select run_id from marts.fct_run")
    place.follow("upgrading")
    runs = place.ask("select run_id from marts.fct_run")
    assert set(earlier) < set(runs)


def test_restoring_from_a_backup(place: Place) -> None:
    before = place.ask("select * from marts.fct_run order by all")
    said = place.follow("restoring-from-backup")
    assert "exit code 3" in said
    assert re.search(r"^fault +working-file +cannot be opened", said, re.M)
    assert place.ask("select * from marts.fct_run order by all") == before
    assert re.findall(r"(\d+) fault\(s\)", said) == ["1", "0"]


def test_annual_evaluation(place: Place) -> None:
    place.follow("annual-evaluation")
    runs = place.ask(f"select state, approved_by from marts.fct_run where year = {NEXT} order by published_at")
    assert runs == [("provisional", None), ("final", "市用地联席会议")]
    assert place.ask(IN_DISTRICT) == [(0,)]


def test_a_late_district(place: Place) -> None:
    place.follow("late-district")
    assert place.ask(IN_DISTRICT) > [(0,)]
    new = f"select count(*) > 0 from marts.fct_publication_change where year = {NEXT} and not stood_before"
    assert place.ask(new) == [(True,)]


def test_a_wrong_file_after_publishing(place: Place) -> None:
    place.follow("wrong-file-after-publishing")
    states = f"select state from marts.fct_load where file_name = 'taxes/{NEXT}/taxes_{LATE}.csv' order by loaded_at"
    assert place.ask(states) == [("superseded",), ("loaded",)]


def test_restating_a_past_year(place: Place) -> None:
    place.follow("restating-a-past-year")
    tax = f"select round(sum(tax_paid_cny10k)) from marts.fct_enterprise_year where year = {NEXT}"
    assert place.ask(tax, place.city / "restated" / "then") != place.ask(tax)


def test_every_runbook_is_followed_or_says_that_it_was_not() -> None:
    index = (RUNBOOKS / "README.md").read_text(encoding="utf-8")
    pages = sorted(path.name for path in RUNBOOKS.glob("*.md") if path.name != "README.md")
    assert sorted(set(re.findall(r"\(([a-z-]+\.md)\)", index))) == pages
