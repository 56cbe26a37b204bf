"""A generated city saved at the beginning of each stage, and what an undisturbed run makes of it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.recovery import children, values
from tests.recovery.values import Values

YEAR = 2024
_DONE = re.compile(rb"\d{4} (\w+) done in ([0-9.]+) s")


@dataclass(frozen=True)
class Command:
    """A command that is killed: the stages in which, and the saved state that an undisturbed run of it leaves."""

    name: str
    stages: tuple[str, ...]
    after: str
    approves: bool = False


STAGES = ("ingest", "check", "build", "score", "contracts", "forecast", "publish", "report")
COMMANDS = {
    "evaluate": Command("evaluate", STAGES, "evaluated"),
    "ingest": Command("ingest", ("ingest",), "ingested"),
    "publish": Command("publish", ("publish",), "approved", approves=True),
}


@dataclass(frozen=True)
class States:
    """The saved states below a folder. `seconds`: what each stage took undisturbed."""

    folder: Path
    seconds: Mapping[str, float]

    @property
    def landing(self) -> Path:
        """The landing area with the corrected files; only read."""
        return self.folder / "landing"

    def begin(self, command: Command, stage: str) -> Path:
        """The warehouse as it stands when the stage begins."""
        return self.folder / ("evaluated" if command.approves else f"before-{stage}")

    def values(self, name: str) -> dict[str, Values]:
        """What a saved state holds, by kind: snapshot, parquet, working, page."""
        found: dict[str, Values] = {}
        for key, value in json.loads((self.folder / f"{name}.json").read_text(encoding="utf-8")).items():
            kind, table = key.split(" ", 1)
            found.setdefault(kind, {})[table] = value
        return found


def arguments(command: Command, warehouse: Path, landing: Path) -> list[str]:
    """The command line of a run."""
    found = [command.name, "--warehouse", str(warehouse), "--landing", str(landing), "--year", str(YEAR)]
    return [*found, "--approved-by", "土地管理委员会"] if command.approves else found


def of(folder: Path, years: int, tell: Callable[[str], None]) -> States:
    """Return the saved states below a folder, made where they are not complete."""
    ready = folder / "seconds.json"
    if not ready.is_file():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        ready.write_text(json.dumps(_make(folder, years, tell)), encoding="utf-8")
    return States(folder, json.loads(ready.read_text(encoding="utf-8")))


def copy(source: Path, target: Path) -> None:
    """Copy a warehouse; files that are one (Parquet of several publications) stay one."""
    shutil.rmtree(target, ignore_errors=True)
    subprocess.run(["cp", "-a", "--reflink=auto", str(source), str(target)], check=True)


def _make(folder: Path, years: int, tell: Callable[[str], None]) -> dict[str, float]:
    """Evaluate the years, let corrected files arrive, and go on stage by stage, saving each beginning."""
    city, landing, log = folder / "city", folder / "landing", folder / "making.log"
    _write_city(landing, years, False)
    for year in range(YEAR - years + 1, YEAR + 1):
        tell(f"evaluating {year}")
        _run(["evaluate", "--warehouse", str(city), "--landing", str(landing), "--year", str(year)], log)
    _write_city(landing, years, True)
    for stage in STAGES:
        tell(f"saving the state before {stage}")
        _save(folder, f"before-{stage}", whole=stage == STAGES[0])
        _run([stage, "--warehouse", str(city), "--landing", str(landing), "--year", str(YEAR)], log)
        if stage == "ingest":
            _save(folder, "ingested")
    _save(folder, "evaluated")
    seconds = {stage.decode(): float(s) for stage, s in _DONE.findall(log.read_bytes())}
    _run(arguments(COMMANDS["publish"], city, landing), log)
    _save(folder, "approved")
    shutil.rmtree(city)
    return seconds


def _write_city(landing: Path, years: int, objected: bool) -> None:
    from ingestion.synthetic.city import write_city

    children.apart(lambda: write_city(landing, 200, 600, years, YEAR, 1, objected=objected) and None)


def _run(command: Sequence[str], log: Path) -> None:
    code = children.done(command, log)
    if code not in (0, 1):
        raise RuntimeError(f"landgauge {' '.join(command)}: exit {code}\n{log.read_text(encoding='utf-8')[-3000:]}")


def _save(folder: Path, name: str, whole: bool = True) -> None:
    copy(folder / "city", folder / name)
    if whole:
        held = children.apart(values.of_warehouse, folder / name)
        (folder / f"{name}.json").write_text(json.dumps(held, ensure_ascii=False), encoding="utf-8")
