"""Landing areas for the corpus: good files, mutated ones beside them, and what is no regular file."""

from __future__ import annotations

import os
import shutil
import socket
from functools import cache
from pathlib import Path

from . import formats
from .cases import Case
from .tables import SLOTS, YEAR, good, pool

BATCH = 40  # files of a batch
KEYS = SLOTS - 8  # mutated files with keys of their own, more than a batch has; the slots above are the good files'
_GOOD = {
    "parcels/{y}/good csv": ("parcels", "csv"),
    "parcels/{y}/good gpkg": ("parcels", "gpkg"),
    "parcels/{y}/good book": ("parcels", "xlsx typed"),
    "parcels/{y}/zz good shp": ("parcels", "shp zip"),
    "operations/{y}/good parquet": ("operations", "parquet typed"),
    "energy/{y}/zz good": ("energy", "csv gb18030"),
}


@cache
def good_files() -> dict[str, bytes]:
    """The files that stand beside the mutated ones, by name below LANDING."""
    found = {f"{t.dataset}/{YEAR}/pool.csv": formats.TABULAR["csv"](t)[".csv"] for t in pool()}
    for slot, (name, (dataset, style)) in enumerate(_GOOD.items(), start=KEYS):
        files = formats.ALL[style](good(dataset, slot, rows=2, chinese="shp" not in style))
        found |= {name.format(y=YEAR) + extension: content for extension, content in files.items()}
    return found


def lay_out(root: Path, cases: list[Case], with_good: bool = True) -> Path:
    """Make the folders of one ingestion below `root` and put the files into its landing area; returns `root`."""
    for name in ("landing", "outside"):
        (root / name).mkdir(parents=True)
    (root / "outside" / "kept").write_text("宗地代码\nsecret\n")
    for name, content in (good_files() if with_good else {}).items():
        _put(root / "landing" / name, content)
    for case in cases:
        for name, content in case.files.items():
            _put(root / "landing" / os.fsdecode(name), content)
        if case.special:
            _make(case.special, root / "landing" / os.fsdecode(case.main), root)
    return root


def _put(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _make(special: str, path: Path, root: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    targets = {
        "link out": root / "outside" / "kept",
        "link to folder": root / "outside",
        "link dangling": Path("nowhere"),
        "link to itself": Path(path.name),
        "link inside": root / "landing" / f"parcels/{YEAR}/good csv.csv",
    }
    if special in targets:
        path.symlink_to(targets[special])
    elif special == "pipe":
        os.mkfifo(path)
    elif special == "socket":
        with socket.socket(socket.AF_UNIX) as end:
            end.bind(str(path))
    else:
        (path / "empty").mkdir(parents=True)


def listing(folder: Path) -> list[tuple[str, int, int]]:
    """Every path below a folder with its mode and size: what ingestion must leave as it is."""
    found = []
    for path in sorted(folder.rglob("*")):
        state = path.lstat()
        found.append((str(path), state.st_mode, 0 if path.is_dir() else state.st_size))
    return found


def keep(folder: Path, text: str, cases: list[Case]) -> Path:
    """Write the files of a failure, as they lay in the landing area, with a note of what happened."""
    name = "-".join(["batch"] * (len(cases) > 1) + [f"{cases[0].number:05d}"]) if cases else "unknown"
    shutil.rmtree(folder / name, ignore_errors=True)
    for case in cases:
        for path, content in case.files.items():
            _put(folder / name / "landing" / os.fsdecode(path), content)
    notes = [f"{c.number} {c.format} / {c.mutation} / {c.dataset} / {c.main!r} / {c.expected} {c.rows}" for c in cases]
    _put(folder / name / "what.txt", ("\n".join([text, *notes]) + "\n").encode("utf-8", "replace"))
    return folder / name
