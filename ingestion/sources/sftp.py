"""An SFTP server as a store of files; its host key must be known."""

from __future__ import annotations

import io
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import paramiko
from paramiko.hostkeys import HostKeyEntry

from ingestion.sources.connections import Connection
from ingestion.sources.stores import Place, RemoteFile
from ingestion.sources.trouble import CONNECT_S, READ_S, Refused

_REQUESTS = 64  # read ahead of what has arrived: 2 MB
_PORT = 22


class _KnownOnly(paramiko.MissingHostKeyPolicy):
    def missing_host_key(self, client: paramiko.SSHClient, hostname: str, key: paramiko.PKey) -> None:
        shown = f"{key.get_name()} {key.get_base64()}"
        raise Refused(
            f"服务器密钥未知 (the server's host key is not known): {shown}",
            "If the server's keeper confirms that key, add it to ~/.ssh/known_hosts, or to the connection as host_key.",
        )


class _AnyName(paramiko.SFTPClient):
    """Names need not be UTF-8: other bytes come as surrogates, as Python names files everywhere."""

    def _request(self, kind: Any, *arguments: Any) -> Any:
        answer, message = super()._request(kind, *arguments)
        message.get_text = lambda: message.get_string().decode("utf-8", "surrogateescape")
        return answer, message


class SftpStore:
    """A folder of an SFTP server, connected on creation."""

    def __init__(self, wanted: Place) -> None:
        """Connect and log in. Raises Refused for an unknown host key or an unreadable private key."""
        known, port = wanted.connection, wanted.port or _PORT
        self._ssh = paramiko.SSHClient()
        _trust(self._ssh, known, wanted.host if port == _PORT else f"[{wanted.host}]:{port}")
        try:
            self._ssh.connect(
                wanted.host, port, timeout=CONNECT_S, banner_timeout=CONNECT_S * 3, auth_timeout=CONNECT_S * 3,
                channel_timeout=CONNECT_S * 3, **_login(known),
            )  # fmt: skip
            self._sftp = _AnyName.from_transport(self._ssh.get_transport())
            self._sftp.get_channel().settimeout(READ_S)
        except BaseException:
            self._ssh.close()
            raise
        # /~/ is the folder in which the server lets this user begin
        self._root = wanted.path.removeprefix("/~/") if wanted.path != "/~" else "."
        self._root = self._root or "/"

    def files(self) -> list[RemoteFile]:
        """Return every regular file below the folder; links to files count, links to folders are not followed."""
        if not stat.S_ISDIR(self._sftp.stat(_bytes(self._root)).st_mode or 0):
            raise NotADirectoryError(self._root)
        return list(self._below(""))

    def _below(self, folder: str) -> Iterator[RemoteFile]:
        for found in self._sftp.listdir_attr(_bytes(self._full(folder))):
            name = f"{folder}/{found.filename}" if folder else found.filename
            mode = found.st_mode or 0
            if stat.S_ISDIR(mode):
                if not found.filename.startswith("."):
                    yield from self._below(name)
            elif stat.S_ISLNK(mode):
                yield from self._behind(name)
            elif stat.S_ISREG(mode):
                yield _file(name, found)

    def _behind(self, name: str) -> Iterator[RemoteFile]:
        try:
            found = self._sftp.stat(_bytes(self._full(name)))
        except FileNotFoundError:
            return  # a link to nothing
        if stat.S_ISREG(found.st_mode or 0):
            yield _file(name, found)

    def again(self, file: RemoteFile) -> RemoteFile:
        """Return the file as it is now."""
        return _file(file.name, self._sftp.stat(_bytes(self._full(file.name))))

    def fetch(self, file: RemoteFile, target: Path) -> None:
        """Stream the file in blocks, with a bounded number of them asked for ahead."""
        with target.open("wb") as handle:
            self._sftp.getfo(_bytes(self._full(file.name)), handle, max_concurrent_prefetch_requests=_REQUESTS)

    def close(self) -> None:
        """End the session."""
        self._ssh.close()

    def _full(self, name: str) -> str:
        return f"{self._root.rstrip('/')}/{name}" if name else self._root


def _file(name: str, found: paramiko.SFTPAttributes) -> RemoteFile:
    return RemoteFile(name, found.st_size or 0, str(found.st_mtime))


def _bytes(path: str) -> bytes:
    return path.encode("utf-8", "surrogateescape")


def _trust(ssh: paramiko.SSHClient, known: Connection | None, server: str) -> None:
    """Say which host key is right: the connection's, else those that this machine knows."""
    given = known.option("host_key") if known else None
    if known is not None and str(known.option("no_host_key_check")).lower() == "true":
        ssh.set_missing_host_key_policy(paramiko.MissingHostKeyPolicy())
        return
    ssh.set_missing_host_key_policy(_KnownOnly())
    if given is None:
        ssh.load_system_host_keys()
        return
    kind = "" if str(given).startswith(("ssh-", "ecdsa-")) else "ssh-rsa "
    entry = HostKeyEntry.from_line(f"{server} {kind}{given}")
    if entry is None or entry.key is None:
        raise Refused("host_key of the connection is not readable", "Write it as ssh-ed25519 AAAA….")
    ssh.get_host_keys().add(server, entry.key.get_name(), entry.key)


def _login(known: Connection | None) -> dict[str, Any]:
    """The arguments of paramiko; what the machine's user has (agent, keys) is tried only where nothing is given."""
    if known is None:
        return {}
    key = _key(known)
    path = known.option("key_file")
    given = key is not None or path is not None or known.password is not None
    return {
        "username": known.login,
        "password": known.password,
        "pkey": key,
        "key_filename": path,
        "passphrase": known.option("private_key_passphrase"),
        "allow_agent": not given,
        "look_for_keys": not given,
    }


def _key(known: Connection) -> paramiko.PKey | None:
    text = known.option("private_key")
    if text is None:
        return None
    passphrase = known.option("private_key_passphrase")
    for kind in (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey):
        try:
            return kind.from_private_key(io.StringIO(str(text)), password=passphrase)
        except (paramiko.SSHException, ValueError):
            continue
    raise Refused("private_key of the connection is not readable with its private_key_passphrase")
