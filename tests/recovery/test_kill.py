"""A short run of `make kill`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.recovery.case import drawn
from tests.recovery.states import STAGES

ROOT = Path(__file__).parents[2]


def test_cases_follow_from_seed_and_number_and_reach_every_stage() -> None:
    cases = [drawn(1, number) for number in range(300)]
    assert cases == [drawn(1, number) for number in range(300)]
    assert cases != [drawn(2, number) for number in range(300)]
    evaluated = [case for case in cases if case.command == "evaluate"]
    assert {case.kills[0].stage for case in evaluated} == set(STAGES)
    assert {case.command for case in cases} == {"evaluate", "ingest", "publish"}
    assert {len(case.kills) for case in cases} == {1, 2, 3}


@pytest.mark.slow
def test_killed_runs_are_repeated_and_give_the_same_marts(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.recovery", "--kills", "5", "--seed", "6", "--years", "1"]
    done = subprocess.run([*command, "--folder", str(tmp_path)], cwd=ROOT, capture_output=True, text=True, timeout=1200)
    assert done.returncode == 0, done.stdout + done.stderr
    (journal,) = (tmp_path / "6").glob("*.jsonl")
    outcomes = [json.loads(line) for line in journal.read_text(encoding="utf-8").splitlines()]
    assert sum(stage is not None for o in outcomes for stage in o["hit"]) >= 4
    assert all(looks["before"] + looks["after"] > 1 for o in outcomes for looks in o["looks"].values())
