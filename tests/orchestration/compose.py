"""The services of docker-compose.yml as what a process needs: command, environment, health check, what comes before."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
_VARIABLE = re.compile(r"\$\{(\w+)(?::?([-?])([^}]*))?\}")


@dataclass(frozen=True)
class Service:
    """One service: `health` is None without a health check, `after` names services and the condition on each."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    health: tuple[str, ...] | None
    after: Mapping[str, str]


def airflow_services(variables: Mapping[str, str]) -> dict[str, Service]:
    """Return the services that run the image of the scheduler, with `variables` put into the file."""
    text = _VARIABLE.sub(lambda found: _value(found, variables), (ROOT / "docker-compose.yml").read_text("utf-8"))
    services = yaml.safe_load(text)["services"]
    image = services["scheduler"]["image"]
    return {name: _service(name, given) for name, given in services.items() if given["image"] == image}


def postgres_health() -> tuple[str, ...]:
    """Return the health check of the service `postgres`."""
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))["services"]
    return _health(services["postgres"])


def image_environment() -> dict[str, str]:
    """Return what deploy/Dockerfile sets by ENV."""
    text = (ROOT / "deploy" / "Dockerfile").read_text("utf-8").replace("\\\n", " ")
    lines = [line.removeprefix("ENV ") for line in text.splitlines() if line.startswith("ENV ")]
    return dict(part.split("=", 1) for line in lines for part in shlex.split(line))


def image_folders() -> list[str]:
    """Return what deploy/Dockerfile.dockerignore lets into the image."""
    lines = (ROOT / "deploy" / "Dockerfile.dockerignore").read_text("utf-8").splitlines()
    return [line[1:] for line in lines if line.startswith("!")]


def _value(found: re.Match[str], variables: Mapping[str, str]) -> str:
    name, kind, rest = found.groups()
    if name in variables:
        return variables[name]
    if kind == "-":
        return rest
    raise KeyError(f"docker-compose.yml needs {name}: {rest}")


def _service(name: str, given: Mapping[str, Any]) -> Service:
    after = given.get("depends_on", {})
    conditions = {k: v["condition"] for k, v in after.items()} if isinstance(after, dict) else dict.fromkeys(after, "")
    environment = {key: str(value) for key, value in given.get("environment", {}).items()}
    command = (*_words(given.get("entrypoint")), *_words(given.get("command")))
    return Service(name, command, environment, _health(given), conditions)


def _health(given: Mapping[str, Any]) -> tuple[str, ...] | None:
    test = given.get("healthcheck", {}).get("test")
    if test is None:
        return None
    return ("sh", "-c", test) if isinstance(test, str) else ("sh", "-c", *test[1:])[2 * (test[0] == "CMD") :]


def _words(given: str | list[Any] | None) -> tuple[str, ...]:
    return tuple(shlex.split(given)) if isinstance(given, str) else tuple(map(str, given or ()))
