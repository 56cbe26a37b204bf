"""The audit of dependencies: what is vulnerable fails, what nobody answered for is never taken for clean."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests import audit, secret_scan
from tests.audit import CLEAN, NO_ANSWER, VULNERABLE, Answer, judged

ROOT = Path(__file__).parents[2]
BUG = {"id": "PYSEC-1", "fix_versions": ["2.0"], "aliases": []}


@pytest.mark.parametrize(
    ("packages", "code", "said"),
    [
        ([{"name": "a", "version": "1", "vulns": []}], CLEAN, "1 packages, no known vulnerability"),
        ([{"name": "a", "version": "1", "vulns": [BUG]}], VULNERABLE, "a 1: PYSEC-1, mended in 2.0"),
        ([{"name": "a", "skip_reason": "?"}, {"name": "b", "version": "1", "vulns": [BUG]}], VULNERABLE, "b 1"),
        ([{"name": "a", "version": "1", "vulns": []}, {"name": "b", "skip_reason": "?"}], NO_ANSWER, "for b"),
        ([], NO_ANSWER, "any package"),
    ],
)
def test_an_answer_is_judged(packages: list[dict[str, object]], code: int, said: str) -> None:
    answer = judged(json.dumps({"dependencies": packages}), "")
    assert answer.code == code
    assert said in answer.lines[0]


@pytest.mark.parametrize("printed", ["", "Traceback", "{}"])
def test_a_tool_that_stops_is_no_answer(printed: str) -> None:
    answer = judged(printed, "WARNING: x\nConnectionError: no route\n")
    assert answer == Answer(NO_ANSWER, ("no answer: ConnectionError: no route",))


@pytest.mark.parametrize(
    ("answers", "given", "code"),
    [
        ({"pypi": CLEAN}, [], CLEAN),
        ({"pypi": NO_ANSWER, "osv": CLEAN}, [], CLEAN),
        ({"pypi": NO_ANSWER, "osv": VULNERABLE}, [], VULNERABLE),
        ({"pypi": NO_ANSWER, "osv": VULNERABLE}, ["--silence-is-reported"], VULNERABLE),
        ({"pypi": NO_ANSWER, "osv": NO_ANSWER}, [], NO_ANSWER),
        ({"pypi": NO_ANSWER, "osv": NO_ANSWER}, ["--silence-is-reported"], CLEAN),
    ],
)
def test_the_second_service_is_asked_and_silence_is_said(
    answers: dict[str, int], given: list[str], code: int, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    monkeypatch.setattr(audit, "ask", lambda path, service, options: Answer(answers[service], (f"{path} {service}",)))
    monkeypatch.setattr("sys.argv", ["audit", *given])
    assert audit.main() == code
    printed = capsys.readouterr().out
    assert all(name in printed for name in audit.LISTS)
    assert ("AUDIT NOT DONE" in printed) == (set(answers.values()) == {NO_ANSWER})


def test_every_pinned_list_of_the_repository_is_audited() -> None:
    found = {p.relative_to(ROOT).as_posix() for p in (ROOT / "deploy").rglob("requirements*.txt")}
    assert found | {"requirements.lock"} == set(audit.LISTS)


def test_a_finding_that_nobody_has_looked_at_is_told_and_lines_may_move() -> None:
    found = {"a.py": [{"hashed_secret": str(i), "line_number": 4 * i + 1, "type": "t"} for i in (1, 2)]}
    assert secret_scan.unknown(found, {"a.py": ["1"], "b.py": ["2"]}) == ["a.py:9 (t)"]
    assert secret_scan.unknown(found, {"a.py": ["1", "2"]}) == []
