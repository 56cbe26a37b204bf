"""One case: a saved state, a run that is killed once or several times, and the run that completes it."""

from __future__ import annotations

import random
import re
import shutil
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tests.recovery import children, states, values
from tests.recovery.states import COMMANDS, Command, States
from tests.recovery.values import differences
from tests.recovery.watching import Readers

_BEGAN = re.compile(rb"\d{4} (\w+) \xe2\x80\xa6")  # "2024 build …"
_SLOWER = 1.3  # than undisturbed: two cases share the processors
_PATIENCE_S = 600
_TIMES = ((1, 0.6), (2, 0.3), (3, 0.1))  # how often one run is killed, and in which share of the cases


@dataclass(frozen=True)
class Kill:
    """A moment: the stage, and how much of its usual duration has passed."""

    stage: str
    share: float


@dataclass(frozen=True)
class Case:
    """What is done, from the seed and the number alone."""

    number: int
    command: str
    kills: tuple[Kill, ...]


@dataclass
class Outcome:
    """What became of a case. `hit`: the stages in which the kills fell; None where the run had ended before."""

    number: int
    command: str
    kills: list[dict[str, Any]]
    hit: list[str | None] = field(default_factory=list)
    looks: dict[str, dict[str, int]] = field(default_factory=dict)
    seconds: float = 0.0
    fault: str = ""


def drawn(seed: int, number: int) -> Case:
    """Draw a case: every stage of `evaluate` as likely as the two other commands."""
    rng = random.Random(f"{seed} {number}")
    target = rng.choice([*states.STAGES, "approval", "correction"])
    name = {"approval": "publish", "correction": "ingest"}.get(target, "evaluate")
    stages = COMMANDS[name].stages
    times = rng.choices([n for n, _ in _TIMES], [share for _, share in _TIMES])[0]
    first = target if name == "evaluate" else stages[0]
    kills = [Kill(first, rng.random())]
    while len(kills) < times:
        kills.append(Kill(rng.choice(stages[stages.index(kills[-1].stage) :]), rng.random()))
    return Case(number, name, tuple(kills))


def run(case: Case, saved: States, folder: Path) -> Outcome:
    """Run a case below a folder of its own; the folder stays where something differs."""
    start = time.monotonic()
    outcome = Outcome(case.number, case.command, [asdict(kill) for kill in case.kills])
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        _run(case, saved, folder, outcome)
    except Exception as error:
        outcome.fault = str(error)[-6000:] or repr(error)
    outcome.seconds = round(time.monotonic() - start, 1)
    if not outcome.fault:
        shutil.rmtree(folder)
    return outcome


def _run(case: Case, saved: States, folder: Path, outcome: Outcome) -> None:
    command, warehouse = COMMANDS[case.command], folder / "city"
    begin = saved.begin(command, case.kills[0].stage)
    states.copy(begin, warehouse)
    arguments = states.arguments(command, warehouse, saved.landing)
    before = saved.values("evaluated" if command.approves else "before-ingest")
    after = saved.values(command.after)
    with Readers(warehouse / "published", {"before": before, "after": after}, folder) as readers:
        for turn, kill in enumerate(case.kills):
            outcome.hit.append(_killed(arguments, folder / f"killed-{turn}.log", kill, saved))
        log = folder / "repeated.log"
        code = children.done(arguments, log)
    outcome.looks = readers.told
    if code not in (0, 1):
        raise AssertionError(f"the repeated run: exit {code}\n{log.read_text(encoding='utf-8')[-3000:]}")
    _compare(command, after, warehouse)


def _killed(arguments: list[str], log: Path, kill: Kill, saved: States) -> str | None:
    """Start the run and kill its group at the moment; return the stage that it was in."""
    pid = children.start(arguments, log)
    try:
        _wait_for(kill.stage, pid, log)
        time.sleep(kill.share * saved.seconds[kill.stage] * _SLOWER)
    finally:
        children.kill_group(pid)
    code = children.ended(pid)
    if code not in (None, 0, 1):
        raise AssertionError(f"the run that was to be killed: exit {code}\n{log.read_text(encoding='utf-8')[-3000:]}")
    return _BEGAN.findall(log.read_bytes())[-1].decode() if code is None else None


def _wait_for(stage: str, pid: int, log: Path) -> None:
    end = time.monotonic() + _PATIENCE_S
    while not log.is_file() or stage.encode() not in _BEGAN.findall(log.read_bytes()):
        if children.has_ended(pid):
            return
        if time.monotonic() > end:
            raise AssertionError(f"stage {stage} did not begin within {_PATIENCE_S} s")
        time.sleep(0.01)


def _compare(command: Command, expected: dict[str, values.Values], warehouse: Path) -> None:
    flat = {f"{kind} {name}": value for kind, of in expected.items() for name, value in of.items()}
    found = children.apart(values.of_warehouse, warehouse)
    unlike = differences(flat, found)
    if unlike:
        raise AssertionError(f"after the repeat differ from an undisturbed run ({command.name}): {unlike[:30]}")
