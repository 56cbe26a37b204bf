"""The services of docker-compose.yml, and the environment with the packages of Airflow's image."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, Any] = COMPOSE["services"]


def programs() -> Path:
    """Return the folder of the programs of requirements.lock and deploy/requirements.txt, which the Makefile makes."""
    folder = ROOT / os.environ.get("ORCHESTRATION", "build/orchestration") / "env" / "bin"
    assert (folder / "airflow").is_file(), f"{folder} is not there: `make test-airflow` makes it"
    return folder


def secrets_here(text: str, folder: Path) -> str:
    """Put a folder of this machine into a text that names the secrets of a container."""
    return text.replace("/run/secrets", str(folder))
