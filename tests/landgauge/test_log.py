"""The log as JSON, and files that grow to a limit."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from landgauge import log

SAYS = """
from landgauge import log
log.configure()
log.configure()
said = log.get("stage")
with log.about(year=2024, stage="build"):
    said.warning("%d rows of 地块", 3)
said.info("done", extra={"seconds": 1.5, "rows": {"models": 2}, "memory_mb": 10.0})
try:
    1 / 0
except ZeroDivisionError:
    said.exception("odd")
"""
UNDER_ANOTHER = """
import logging
logging.basicConfig(level="INFO", format="%(levelname)s %(message)s")
from landgauge import log
"""


def _stderr(form: str, code: str = SAYS) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", code], env={"LANDGAUGE_LOG": form}, cwd=Path(__file__).parents[2], capture_output=True,
        text=True, encoding="utf-8", check=True,
    )  # fmt: skip
    assert done.stdout == ""
    return done.stderr.splitlines()


def test_json_is_one_object_a_line_with_what_the_line_is_about() -> None:
    warning, done, odd = map(json.loads, _stderr("json"))
    assert [warning[k] for k in ("level", "logger", "event", "year", "stage")] == [
        "warning", "landgauge.stage", "3 rows of 地块", 2024, "build",
    ]  # fmt: skip
    assert warning["ts"].endswith("+00:00")
    assert (done["seconds"], done["rows"], done["memory_mb"], "year" in done) == (1.5, {"models": 2}, 10.0, False)
    assert "ZeroDivisionError" in odd["error"]


def test_the_default_is_for_people() -> None:
    assert _stderr("")[0].endswith("s] warning: 3 rows of 地块")


def test_what_a_library_says_of_an_error_that_it_raises_does_not_stand_between_the_lines() -> None:
    odd = 'import logging\nlogging.getLogger("psycopg").warning("error ignored terminating a copy")'
    assert len(_stderr("json", SAYS + odd)) == len(_stderr("json"))


def test_under_an_orchestrator_the_lines_go_to_its_handlers_once() -> None:
    code = SAYS.replace("log.configure()", "pass").replace("from landgauge import log", UNDER_ANOTHER, 1)
    said = subprocess.run(
        [sys.executable, "-c", code], cwd=Path(__file__).parents[2], capture_output=True, text=True, encoding="utf-8",
        check=True, env={"LANDGAUGE_LOG": "json"},
    ).stderr.splitlines()  # fmt: skip
    assert said[:3] == ["WARNING 3 rows of 地块", "INFO done", "ERROR odd"]


def test_a_file_at_its_limit_makes_room(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "x.log"
    for number in range(5):
        log.append(path, f"{number}\n" * 4, 10)
    assert path.read_text() == "4\n" * 4
    assert path.with_name("x.log.1").read_text() == "2\n" * 4 + "3\n" * 4
    assert sorted(p.name for p in path.parent.iterdir()) == ["x.log", "x.log.1"]
