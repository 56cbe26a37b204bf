"""Places by URL, and the stores behind them: a list of files with fingerprints, and the bytes of one."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from ingestion.sources import connections
from ingestion.sources.connections import Connection
from ingestion.sources.trouble import CONNECT_S, READ_S
from landgauge.errors import ConfigurationError

SCHEMES = {"s3": "s3", "s3a": "s3", "sftp": "sftp", "file": "file"}
_URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/]*)(?P<path>.*)", re.DOTALL)
_AUTHORITY = re.compile(r"(?:(?P<user>.*)@)?(?P<host>\[[^\]]*\]|[^:]*)(?::(?P<port>\d+))?", re.DOTALL)
_EXAMPLES = "s3://bucket/folder, s3://CONNECTION@bucket/folder, sftp://CONNECTION@host:22/folder"
_NOISY = ("aiobotocore", "asyncio", "botocore", "fsspec", "paramiko", "s3fs")  # our own sentence says it


@dataclass(frozen=True)
class Place:
    """A folder of files somewhere: `host` is the server or the bucket, `path` begins with / where there is one."""

    scheme: str
    host: str
    port: int | None
    path: str
    connection: Connection | None = None

    def __str__(self) -> str:
        """The URL without its connection."""
        port = f":{self.port}" if self.port else ""
        return f"{self.scheme}://{self.host}{port}{self.path}"


@dataclass(frozen=True)
class RemoteFile:
    """A file below a place: its name with forward slashes (undecodable bytes as surrogates), size, fingerprint."""

    name: str
    size_bytes: int
    tag: str


class Store(Protocol):
    """What the mirror needs of a store; every method may raise whatever its library raises."""

    def files(self) -> list[RemoteFile]:
        """Return every file below the place."""

    def again(self, file: RemoteFile) -> RemoteFile:
        """Return the file as it is now."""

    def fetch(self, file: RemoteFile, target: Path) -> None:
        """Write the file's bytes to `target` in blocks."""

    def close(self) -> None:
        """End the connection."""


def place(url: str, connection: str | None = None) -> Place:
    """Return the place of a URL; `NAME@` before the host, or `connection`, names the connection that reads it.

    Raises ConfigurationError for a scheme that is not known, `..`, a password in the URL, or a connection for another
    server; credentials never go to a server that they are not for.
    """
    parts = _URL.fullmatch(url)
    scheme = SCHEMES.get(parts["scheme"].lower()) if parts else None
    if parts is None or scheme is None:
        told = f"{parts['scheme']}://… is not known" if parts else "a URL begins with s3://, sftp:// or file://"
        raise ConfigurationError(f"source: {told}", f"Write {_EXAMPLES}, or a folder.")
    authority = _AUTHORITY.fullmatch(parts["authority"])
    if authority is None or ":" in (authority["user"] or ""):
        raise ConfigurationError(
            f"{scheme}://…{parts['path']}: a URL may hold no password, and a port is a number",
            "Keep the password in a connection and write its name before @; see docs/sources.md.",
        )
    name = connection or authority["user"] or None
    found = connections.find(name).of_kind(scheme) if name else None
    port = int(authority["port"]) if authority["port"] else None
    return _checked(Place(scheme, authority["host"].strip("[]"), port, parts["path"].rstrip("/"), found))


def _checked(wanted: Place) -> Place:
    if ".." in wanted.path.split("/"):
        raise ConfigurationError(f"{wanted}: .. is refused", "Write the path without .. .")
    if wanted.scheme == "file":
        if wanted.host not in ("", "localhost"):
            raise ConfigurationError(f"{wanted}: a file URL has no host", "Write file:///folder.")
        return wanted
    known = wanted.connection
    if wanted.scheme == "sftp" and known is not None:
        wanted = _at(wanted, known)
    if not wanted.host:
        raise ConfigurationError(f"{wanted}: names no {'bucket' if wanted.scheme == 's3' else 'server'}", _EXAMPLES)
    return wanted


def _at(wanted: Place, known: Connection) -> Place:
    """The server is the URL's or the connection's, and the same where both name one."""
    host, port = wanted.host or known.host or "", wanted.port or known.port
    if (known.host or host, known.port or port) != (host, port):
        raise ConfigurationError(
            f"{wanted}: connection {known.name} is for {known.host}:{known.port or 22}",
            "Write the URL with that server, or name the right connection.",
        )
    return Place(wanted.scheme, host, port, wanted.path, known)


def open_store(wanted: Place) -> Store:
    """Return the store of a place, connected where its library connects at once."""
    for name in _NOISY:
        logger = logging.getLogger(name)
        if not logger.handlers:
            logger.addHandler(logging.NullHandler())
    if wanted.scheme == "sftp":
        from ingestion.sources.sftp import SftpStore

        return SftpStore(wanted)
    return S3Store(wanted)


class S3Store:
    """A bucket of S3 or of anything that speaks its language."""

    def __init__(self, wanted: Place) -> None:
        """Nothing is connected before the first call."""
        import s3fs

        self._fs: Any = s3fs.S3FileSystem(
            **_login(wanted.connection), skip_instance_cache=True, use_listings_cache=False
        )
        self._fs.retries = 1  # attempts are counted by the caller
        self._root = wanted.host + wanted.path + "/"

    def files(self) -> list[RemoteFile]:
        """Return every object below the prefix; the markers that stand for folders are none."""
        found = self._fs.find(self._root.rstrip("/"), detail=True)
        return [self._file(info) for key, info in found.items() if self._is_file(key, info)]

    def _is_file(self, key: str, info: dict[str, Any]) -> bool:
        return key.startswith(self._root) and not key.endswith("/") and info["type"] == "file"

    def _file(self, info: dict[str, Any]) -> RemoteFile:
        tag = str(info.get("ETag") or info.get("LastModified") or "").strip('"')
        return RemoteFile(info["name"][len(self._root) :], int(info["size"]), tag)

    def again(self, file: RemoteFile) -> RemoteFile:
        """Return the object as it is now."""
        return self._file({**self._fs.info(self._root + file.name, refresh=True), "name": self._root + file.name})

    def fetch(self, file: RemoteFile, target: Path) -> None:
        """Stream the object, one block at a time."""
        self._fs.get_file(self._root + file.name, str(target), max_concurrency=1)

    def close(self) -> None:
        """Nothing stays open between calls that this process would miss."""


def _login(known: Connection | None) -> dict[str, Any]:
    """The arguments of s3fs; without a connection the machine's own AWS settings hold."""
    config = {"connect_timeout": CONNECT_S, "read_timeout": READ_S, "retries": {"max_attempts": 1}}
    if known is None:
        return {"config_kwargs": config}
    endpoint = known.option("endpoint_url", "host")
    region = known.option("region_name")
    return {
        "key": known.login or known.option("aws_access_key_id"),
        "secret": known.password or known.option("aws_secret_access_key"),
        "token": known.option("aws_session_token"),
        "endpoint_url": endpoint,
        "client_kwargs": {"region_name": region} if region else {},
        "config_kwargs": config | dict(known.option("config_kwargs") or {}),
    }
