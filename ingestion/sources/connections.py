"""Connections to sources: looked up by name, never written down in a landing area, and masked in every message."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote, quote_plus, unquote, urlsplit

from landgauge import log
from landgauge.errors import ConfigurationError

_LOG = log.get("sources")
NAME = re.compile(r"[A-Za-z0-9_-]+")
VARIABLES = ("LANDGAUGE_CONN_", "AIRFLOW_CONN_")
_KINDS = {"postgresql": "postgres", "aws": "s3", "s3a": "s3", "ssh": "sftp"}
_JSON_KEYS = {"conn_type", "description", "host", "port", "login", "password", "schema", "extra"}
_SECRET_KEY = re.compile(r"pass|secret|token|private|credential|api_?key|access_key", re.IGNORECASE)


@dataclass(frozen=True)
class Connection:
    """One connection; `kind` is s3, sftp, postgres or whatever its owner called it. `schema` is the database."""

    name: str
    kind: str
    host: str | None = None
    port: int | None = None
    login: str | None = None
    password: str | None = field(default=None, repr=False)
    schema: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def option(self, *names: str) -> Any:
        """Return the first of these keys that stands in `extra`, or None."""
        return next((self.extra[name] for name in names if self.extra.get(name) not in (None, "")), None)

    def secrets(self) -> list[str]:
        """Return every value that nobody may read, longest first."""
        kept = [str(value) for key, value in _leaves(self.extra) if _SECRET_KEY.search(key)]
        own = [self.password, self.login if self.kind == "s3" else None]
        return sorted({value for value in (*kept, *own) if value}, key=lambda value: (-len(value), value))

    def of_kind(self, *kinds: str) -> Connection:
        """Return the connection itself. Raises ConfigurationError where it is of another kind."""
        if self.kind not in kinds:
            raise ConfigurationError(
                f"connection {self.name} is of type {self.kind!r}, and {kinds[0]} is needed",
                f"Name a {kinds[0]} connection, or correct {VARIABLES[0]}{_variable(self.name)}.",
            )
        return self


def mask(text: str, connection: Connection | None) -> str:
    """Return the text with every secret of the connection replaced by ***, however it is quoted there."""
    for secret in connection.secrets() if connection else ():
        forms = {secret, quote(secret, safe=""), quote_plus(secret), secret.replace("'", "''"), repr(secret)[1:-1]}
        forms |= {secret.replace("\\", "\\\\").replace("'", "\\'"), json.dumps(secret)[1:-1]}
        for form in sorted(forms, key=len, reverse=True):
            text = text.replace(form, "***")
    return text


def find(name: str) -> Connection:
    """Return the connection of that name: LANDGAUGE_CONN_<NAME>, AIRFLOW_CONN_<NAME>, else Airflow's own in a task.

    Raises ConfigurationError where there is none, or where it cannot be read; its text is never shown.
    """
    if not NAME.fullmatch(name):
        raise ConfigurationError(
            "a connection's name has letters, digits, _ and - only", "Correct it; see docs/sources.md."
        )
    for prefix in VARIABLES:
        variable = prefix + _variable(name)
        if text := os.environ.get(variable, "").strip():
            return parse(name, text, variable)
    found = _from_airflow(name)
    if found is None:
        wanted = " or ".join(prefix + _variable(name) for prefix in VARIABLES)
        raise ConfigurationError(
            f"没有连接 {name} (there is no connection {name!r})",
            f"Set the environment variable {wanted}; docs/sources.md shows what it holds.",
        )
    return found


def parse(name: str, text: str, variable: str) -> Connection:
    """Return the connection that a variable holds, as a URI or as JSON, both in Airflow's form.

    Raises ConfigurationError that names the variable and shows nothing of its text.
    """
    try:
        return _from_json(name, json.loads(text)) if text.startswith("{") else _from_uri(name, text)
    except (ValueError, TypeError, AttributeError) as error:
        told = str(error) if isinstance(error, _Unreadable) else "neither a URI nor JSON"
        raise ConfigurationError(
            f"{variable} cannot be read: {told}",
            "Write it as type://user:password@host:port/database?option=value with special characters "
            "percent-encoded, or as JSON; see docs/sources.md.",
        ) from None


class _Unreadable(ValueError):
    """What is wrong with a connection, in words that show none of it."""


def _from_uri(name: str, text: str) -> Connection:
    parts = urlsplit(text)
    if not parts.scheme or "://" not in text:
        raise _Unreadable("it does not begin with type://")
    if parts.fragment:
        raise _Unreadable("it holds a # that is not percent-encoded (%23)")
    userinfo, _, place = parts.netloc.rpartition("@")
    login, _, password = userinfo.partition(":")
    host = re.fullmatch(r"(\[[^\]]*\]|[^:]*)(?::(\d*))?", place)
    if host is None:
        raise _Unreadable("host and port are not readable; percent-encode special characters of the password")
    options: dict[str, Any] = dict(parse_qsl(parts.query, keep_blank_values=True))
    extra = json.loads(options.pop("__extra__", "") or "{}")
    fields = {"host": unquote(host[1]).strip("[]"), "port": host[2], "login": unquote(login)}
    fields |= {"password": unquote(password), "schema": unquote(parts.path[1:]), "extra": {**options, **extra}}
    return _built(name, parts.scheme.replace("-", "_"), fields)


def _from_json(name: str, content: Mapping[str, Any]) -> Connection:
    if unknown := sorted(set(content) - _JSON_KEYS):
        raise _Unreadable(f"unknown key {unknown[0]!r}; known: {', '.join(sorted(_JSON_KEYS))}")
    if not content.get("conn_type"):
        raise _Unreadable("conn_type is missing")
    return _built(name, str(content["conn_type"]), content)


def _built(name: str, kind: str, fields: Mapping[str, Any]) -> Connection:
    extra = fields.get("extra") or {}
    extra = json.loads(extra) if isinstance(extra, str) else extra
    if not isinstance(extra, Mapping):
        raise _Unreadable("extra is no JSON object")
    texts = {key: str(fields[key]) for key in ("host", "login", "password", "schema") if fields.get(key)}
    port = int(fields["port"]) if fields.get("port") else None
    kind = kind.lower()
    return Connection(name, _KINDS.get(kind, kind), port=port, extra=dict(extra), **texts)


def _from_airflow(name: str) -> Connection | None:
    """Ask Airflow where it is already at work, as in a task; the command line never imports it."""
    sdk = sys.modules.get("airflow.sdk")
    if sdk is None:
        return None
    try:
        found = sdk.Connection.get(name)
    except Exception as error:  # outside a task, or not there: both mean that Airflow has no answer
        _LOG.debug("Airflow has no connection %s: %s", name, type(error).__name__)
        return None
    keys = ("host", "port", "login", "password", "schema", "extra")
    return _built(name, str(found.conn_type), {key: getattr(found, key, None) for key in keys})


def _variable(name: str) -> str:
    return name.upper().replace("-", "_")


def _leaves(extra: Mapping[str, Any], above: str = "") -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for key, value in extra.items():
        found += _leaves(value, f"{above}{key}.") if isinstance(value, Mapping) else [(f"{above}{key}", value)]
    return found
