"""Exit 0 when the API server reports a part of Airflow as healthy: the health check of every service.

usage: python health.py metadatabase|scheduler|dag_processor|triggerer      (standard library only, so it is quick)
"""

from __future__ import annotations

import json
import os
import sys
from urllib.request import urlopen

SERVER = "http://127.0.0.1:8080"


def status(part: str, server: str) -> str:
    """Return the status that `server` reports for a part of Airflow: healthy, unhealthy or null."""
    with urlopen(f"{server}/api/v2/monitor/health", timeout=8) as answer:  # noqa: S310 the address is the deployer's own
        return str(json.load(answer).get(part, {}).get("status"))


def main() -> int:
    """Ask the server that LANDGAUGE_API_SERVER names; 1 when the part is not healthy or nobody answers."""
    part = sys.argv[1]
    try:
        found = status(part, os.environ.get("LANDGAUGE_API_SERVER", SERVER))
    except (OSError, ValueError) as error:
        found = str(error)
    sys.stdout.write(f"{part}: {found}\n")
    return 0 if found == "healthy" else 1


if __name__ == "__main__":
    sys.exit(main())
