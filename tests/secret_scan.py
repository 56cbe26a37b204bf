"""The repository's files against detect-secrets: what it takes for a secret and nobody has looked at.

usage: python -m tests.secret_scan [--accept]

What was looked at and is none (an example, the password of a test) stands in .secrets.baseline, by file and digest, so
that lines may move. The exit code is 1 where something else is found; --accept writes it there instead: look first.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
BASELINE = ROOT / ".secrets.baseline"
# Files of digests: pinned packages, what was looked at, and the answers' checksums in each row of a benchmark.
DIGESTS = r"^(requirements\.lock|deploy/.*requirements\.txt|\.secrets\.baseline|benchmarks/results\.jsonl)$"


def main() -> int:
    """Scan the files that git knows, print what is new, and return the exit code."""
    found = _scan()
    if "--accept" in sys.argv[1:]:
        kept = {file: sorted({secret["hashed_secret"] for secret in secrets}) for file, secrets in found.items()}
        BASELINE.write_text(json.dumps(dict(sorted(kept.items())), indent=1) + "\n", encoding="utf-8")
        return 0
    lines = unknown(found, json.loads(BASELINE.read_text(encoding="utf-8")))
    for line in lines:
        print(f"looks like a secret: {line}")
    return 1 if lines else 0


def unknown(found: dict[str, list[dict[str, Any]]], known: dict[str, list[str]]) -> list[str]:
    """Return the findings (by file, as detect-secrets gives them) whose digest is not known for their file."""
    return [
        f"{file}:{secret['line_number']} ({secret['type']})"
        for file, secrets in sorted(found.items())
        for secret in secrets
        if secret["hashed_secret"] not in known.get(file, ())
    ]


def _scan() -> dict[str, list[dict[str, Any]]]:
    uv = Path(sys.executable).with_name("uv")
    tool = [str(uv), "--system-certs", "tool", "run", "--python", sys.executable, "--from", "detect-secrets>=1.5,<2"]
    done = subprocess.run(
        [*tool, "detect-secrets", "scan", "--exclude-files", DIGESTS], cwd=ROOT, stdout=subprocess.PIPE, check=True
    )
    return json.loads(done.stdout)["results"]


if __name__ == "__main__":
    sys.exit(main())
