"""The pinned packages against the known vulnerabilities, with pip-audit: PyPI's answers, and OSV's where PyPI has none.

usage: python -m tests.audit [--silence-is-reported] [--osv-url URL] [FILE ...]     (default: every pinned list)

The exit code is 0 where every package was answered for and none is vulnerable, 1 where one is, and 3 where no service
answers for all of them: silence is no answer. With --silence-is-reported that is still said, but the exit code is 0.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

LISTS = ("requirements.lock", "deploy/requirements.txt", "deploy/superset/requirements.txt")
SERVICES = ("pypi", "osv")
CLEAN, VULNERABLE, NO_ANSWER = 0, 1, 3


@dataclass(frozen=True)
class Answer:
    """What one service said of one list: CLEAN, VULNERABLE or NO_ANSWER, and lines that say why."""

    code: int
    lines: tuple[str, ...]


def main() -> int:
    """Audit the lists, print a line or more for each, and return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("lists", nargs="*", type=Path, default=[*map(Path, LISTS)], metavar="FILE")
    parser.add_argument("--silence-is-reported", action="store_true")
    parser.add_argument("--osv-url", help="another address of OSV's interface")
    asked = parser.parse_args()
    codes = {_audit(path, ["--osv-url", asked.osv_url] if asked.osv_url else []) for path in asked.lists}
    if VULNERABLE in codes:
        return VULNERABLE
    if NO_ANSWER in codes:
        print("AUDIT NOT DONE: no service answered, so nothing is known of these packages. Repeat it where one does.")
        return CLEAN if asked.silence_is_reported else NO_ANSWER
    return CLEAN


def _audit(path: Path, options: Sequence[str]) -> int:
    """Ask one service after the other until one answers for the whole list."""
    for service in SERVICES:
        answer = ask(path, service, options)
        for line in answer.lines:
            print(f"audit {path} ({service}): {line}")
        if answer.code != NO_ANSWER:
            return answer.code
    return NO_ANSWER


def ask(path: Path, service: str, options: Sequence[str] = ()) -> Answer:
    """Run pip-audit on a list of pinned packages; one package without an answer makes the whole list unanswered."""
    tool = [Path(sys.executable).with_name("uv"), "--system-certs", "tool", "run", "--python", sys.executable]
    call = ["--from", "pip-audit>=2.9,<3", "pip-audit", "--requirement", path, "--no-deps", "--disable-pip", "--strict"]
    given = ["--vulnerability-service", service, "--format", "json", "--progress-spinner", "off", *options]
    done = subprocess.run([*map(str, tool), *map(str, call), *given], capture_output=True, text=True)
    return judged(done.stdout, done.stderr)


def judged(printed: str, complaints: str) -> Answer:
    """Tell what pip-audit said from its JSON; without any it has stopped, and the last line says at what."""
    try:
        packages = json.loads(printed)["dependencies"]
    except (ValueError, KeyError):
        said = complaints.strip().splitlines() or ["pip-audit said nothing"]
        return Answer(NO_ANSWER, (f"no answer: {said[-1][:300]}",))
    found = [
        f"{package['name']} {package['version']}: {bug['id']}, mended in {', '.join(bug['fix_versions']) or 'nothing'}"
        for package in packages
        for bug in package.get("vulns", [])
    ]
    if found:
        return Answer(VULNERABLE, tuple(found))
    silent = sorted(package["name"] for package in packages if "skip_reason" in package)
    if silent or not packages:
        return Answer(NO_ANSWER, (f"no answer for {', '.join(silent) or 'any package'}",))
    return Answer(CLEAN, (f"{len(packages)} packages, no known vulnerability",))


if __name__ == "__main__":
    sys.exit(main())
