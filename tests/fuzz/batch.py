"""One batch: a child ingests good and mutated files, the invariants are checked, and a culprit is looked for."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import duckdb

from . import invariants
from .cases import Case
from .child import MARK
from .invariants import Answer, Problem
from .landing import good_files, lay_out, listing

ROOT = Path(__file__).absolute().parents[2]
START_S = 40.0  # a child's imports and the good files, on a busy machine
_CULPRITS = 6  # files that may bring one batch down before it is given up


@dataclass
class Outcome:
    """What a batch came to: problems with the files that they are about, and states for the summary."""

    problems: list[tuple[Problem, list[Case]]] = field(default_factory=list)
    states: dict[int, str] = field(default_factory=dict)
    peak_mb: float = 0.0
    suspect: Case | None = None


@cache
def good_state() -> dict[str, int]:
    """What the good files come to when they are alone; the harness itself is wrong where one is refused."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        root = lay_out(Path(folder) / "a", [])
        answer = run_child(Path(folder), [root], 600)[root]
        if answer.codes != (0, 0):
            raise RuntimeError(f"the good files alone end in {answer.codes}:\n{answer.stderr[-3000:]}")
        with duckdb.connect(str(root / "warehouse" / "warehouse.duckdb"), read_only=True) as con:
            return invariants.good_digests(con, list(good_files()))


def run(cases: list[Case], seconds: float) -> Outcome:
    """Ingest the cases as one batch and check it; a batch that fails is taken apart to the files that are the cause."""
    outcome, left = Outcome(), list(cases)
    for _ in range(_CULPRITS):
        found = _try(left, seconds, outcome)
        whole = [p for p in found if p.case is None]
        if not whole:
            outcome.problems += [(p, [c for c in left if c.number == p.case]) for p in found]
            return outcome
        culprits = _culprits(left, seconds, outcome.suspect)
        outcome.problems.append((whole[0], culprits))
        left = [c for c in left if c not in culprits]
        if not left:
            return outcome
    return outcome


def run_configurations(cases: list[Case], seconds: float) -> Outcome:
    """Ingest with each mapping.yml and city.yml by itself, one after the other in one child."""
    outcome, left = Outcome(), list(cases)
    while left:
        with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
            roots = {lay_out(Path(folder) / str(c.number), [c], with_good=False): c for c in left}
            answers = run_child(Path(folder), list(roots), START_S + seconds + 3 * len(left))
            for root, answer in answers.items():
                found = invariants.check_configuration(root, answer)
                outcome.problems += [(problem, [roots[root]]) for problem in found]
                outcome.states[roots[root].number] = "rejected" if answer.codes[0] == 2 else "loaded"
                left.remove(roots[root])
    return outcome


def _try(cases: list[Case], seconds: float, outcome: Outcome | None = None) -> list[Problem]:
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        root = lay_out(Path(folder) / "a", cases)
        before = listing(root / "landing")
        answer = run_child(Path(folder), [root], START_S + seconds)[root]
        found = invariants.check(root, cases, answer, good_state())
        if listing(root / "landing") != before:
            found.append(Problem("the landing area was changed"))
        if left := _names(Path(folder)) - {"a"}:
            found.append(Problem(f"files outside the warehouse: {sorted(left)}"))
        if outcome is not None:
            outcome.peak_mb = max(outcome.peak_mb, answer.peak_mb)
            outcome.suspect = _suspect(root, cases, answer)
            outcome.states |= invariants.states(root)
        return found


def _suspect(root: Path, cases: list[Case], answer: Answer) -> Case | None:
    """The file that was being read at the end: by its digest in the work folder, else by the last log line."""
    reading = {link.resolve().name for link in (root / "warehouse").glob("incoming/**/*") if link.is_symlink()}
    in_order = sorted(cases, key=lambda case: case.main)
    done = [n for n, case in enumerate(in_order) if os.fsdecode(case.main) + " →" in answer.stderr]
    after = in_order[max(done, default=-1) + 1 :][:1]
    return next(iter([case for case in cases if case.digest in reading] + after), None)


def _culprits(cases: list[Case], seconds: float, suspect: Case | None) -> list[Case]:
    """Halve the batch until one file is left that fails without the others; what cannot be halved stays together."""
    if suspect and _fails([suspect], seconds):
        return [suspect]
    left = cases
    while len(left) > 1:
        half = len(left) // 2
        worse = next((part for part in (left[:half], left[half:]) if _fails(part, seconds)), None)
        if worse is None:
            return left
        left = worse
    return left


def _fails(cases: list[Case], seconds: float) -> bool:
    return any(problem.case is None for problem in _try(cases, seconds))


def run_child(folder: Path, roots: list[Path], limit_s: float) -> dict[Path, Answer]:
    """Ingest the landing areas in a new process; those that it did not come to, or ended at, have no answer but one.

    What it leaves in its working and temporary folders stays in `folder`, to be seen; its process group ends with it.
    """
    cwd, tmp, answers = (Path(folder) / name for name in ("cwd", "tmp", "answers"))
    cwd.mkdir(exist_ok=True)
    tmp.mkdir(exist_ok=True)
    environment = os.environ | {"PYTHONPATH": str(ROOT), "TMPDIR": str(tmp), "HOME": str(tmp)}
    with tempfile.TemporaryFile() as errors:
        child = subprocess.Popen(
            [sys.executable, "-m", "tests.fuzz.child", str(answers), *map(str, roots)],
            cwd=cwd, env=environment, stdin=subprocess.DEVNULL, stdout=errors, stderr=errors, start_new_session=True,
        )  # fmt: skip
        try:
            code = child.wait(limit_s)
        except subprocess.TimeoutExpired:
            code = f"none within {limit_s:.0f} s"
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()
        errors.seek(0)
        said = errors.read().decode("utf-8", "replace")
    found = _answers(answers, said, roots, code)
    for empty in (cwd, tmp):
        with contextlib.suppress(OSError):  # not empty: somebody will ask why
            empty.rmdir()
    return found


def _answers(path: Path, said: str, roots: list[Path], code: int | str) -> dict[Path, Answer]:
    lines = path.read_text().splitlines() if path.is_file() else []
    path.unlink(missing_ok=True)
    spoken = {text.split("\n", 1)[0]: text for text in said.split(MARK)}
    found = {}
    for line in map(json.loads, lines):
        words = spoken.get(line["folder"], "")
        found[Path(line["folder"])] = Answer(tuple(line["codes"]), line["peak_mb"], words)
    if len(found) < len(roots):
        broken = roots[len(found)]
        found[broken] = Answer((code or -1,), 0.0, spoken.get(str(broken), said))
    return found


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}
