"""Every known bad input by name, in one landing area: a clear reason for each, and no harm to the files beside it."""

from __future__ import annotations

import os
import re
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pytest

from . import formats
from .bad_files import BAD, Bad
from .batch import run_child
from .invariants import PEAK_MB
from .tables import YEAR, good

FOLDER = f"parcels/{YEAR}"
LIMIT_S = 240  # for both runs, on a busy machine; quiet ones need 15
_CSV = formats.TABULAR["csv"](good("parcels", 63))[".csv"]


@pytest.fixture(scope="module")
def city(tmp_path_factory) -> SimpleNamespace:
    """The landing area with all of them, ingested twice; what the ledger says by file name."""
    root = tmp_path_factory.mktemp("bad")
    folder = root / "landing" / FOLDER
    folder.mkdir(parents=True)
    for slot, bad in enumerate(BAD):
        for extension, content in bad.make(slot).items():
            (folder / f"{bad.name}{extension}").write_bytes(content)
    for name in ("aa good.csv", "zz the same bytes.csv"):
        (folder / name).write_bytes(_CSV)
    (folder / "zz good.xlsx").write_bytes(formats.xlsx(good("parcels", 62))[".xlsx"])
    _specials(folder, root)
    answer = run_child(tmp_path_factory.mktemp("child"), [root], LIMIT_S)[root]
    return SimpleNamespace(root=root, answer=answer, ledger=_ledger(root / "warehouse" / "warehouse.duckdb"))


def _specials(folder: Path, root: Path) -> None:
    (root / "outside.csv").write_bytes(formats.TABULAR["csv"](good("parcels", 61))[".csv"])
    (folder / "link.csv").symlink_to(root / "outside.csv")
    (folder / "link to folder.csv").symlink_to(root)
    (folder / "link nowhere.csv").symlink_to("nowhere.csv")
    (folder / "link to itself.csv").symlink_to("link to itself.csv")
    os.mkfifo(folder / "pipe.csv")
    (folder / "folder.csv").mkdir()


def _ledger(database: Path) -> dict[str, tuple]:
    with duckdb.connect(str(database), read_only=True) as con:
        rows = con.execute(
            "select file_name, state, rows_in, accepted, quarantined, reason, (select any_value(rule_code) from "
            "quarantine.finding as f where f.load_id = l.load_id and row_no = 0) from ledger.load as l"
        ).fetchall()
    return {name.removeprefix(FOLDER + "/"): tuple(row) for name, *row in rows}


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.name)
def test_known_bad(city, bad: Bad):
    state, *counts, reason, rule = next(row for name, row in city.ledger.items() if name.startswith(bad.name + "."))
    if bad.counts:
        assert (state, *counts) == ("loaded", *bad.counts)
        return
    assert (state, rule) == ("rejected", bad.rule)
    assert counts[0] == counts[2]
    assert bad.in_reason in reason
    assert re.search("[一-鿿]", reason)


def test_good_neighbours_are_unharmed(city):
    assert city.ledger["aa good.csv"][:4] == ("loaded", 6, 6, 0)
    assert city.ledger["zz good.xlsx"][:4] == ("loaded", 6, 6, 0)
    assert "zz the same bytes.csv" not in city.ledger


def test_what_is_no_file_is_left_out_with_a_complaint(city):
    """A link to a file is that file; nothing else that is no regular file is opened."""
    assert city.ledger["link.csv"][:4] == ("loaded", 6, 6, 0)
    for name in ("link nowhere.csv", "link to itself.csv", "link to folder.csv", "pipe.csv"):
        assert name not in city.ledger
        assert f"{FOLDER}/{name}: 不是可读的普通文件" in city.answer.stderr


def test_the_run_ends_with_complaints_and_leaves_nothing(city):
    assert city.answer.codes == (1, 1)
    assert city.answer.peak_mb < PEAK_MB
    assert {path.name for path in city.root.iterdir()} == {"first.duckdb", "landing", "outside.csv", "warehouse"}
    assert not (city.root / "warehouse" / "logs" / "error.log").exists()
