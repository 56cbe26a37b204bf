"""What goes wrong with a source: tried again where that may help, and told in a sentence that names what to do."""

from __future__ import annotations

import errno
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Generic, Protocol, TypeVar

from ingestion.sources.connections import VARIABLES, Connection, mask
from landgauge import log
from landgauge.errors import LandgaugeError, SourceRefused, SourceUnavailable, StageFailed

_LOG = log.get("sources")
ATTEMPTS = 4
FIRST_WAIT_S = 1.0  # doubled after every attempt: a restarting server is back within seconds
CONNECT_S = 10
READ_S = 60  # without a byte from the server for so long, a connection counts as broken
SHOWN = 300  # characters of a library's own message
_REFUSED = {
    "AuthenticationException", "BadHostKeyException", "NoCredentialsError",
    "PartialCredentialsError", "PasswordRequiredException", "PermissionError",
}  # fmt: skip
_GONE = {"FileNotFoundError", "NotADirectoryError"}
_DISK = {errno.ENOSPC, errno.EDQUOT}


class Refused(Exception):
    """A source says no, in words that its own module chose: trying again does not help."""

    def __init__(self, reason: str, next_step: str = "") -> None:
        """`next_step` may be empty: check the connection."""
        super().__init__(reason)
        self.next_step = next_step


class _Closable(Protocol):
    def close(self) -> None: ...


S = TypeVar("S", bound=_Closable)
T = TypeVar("T")


class Steady(Generic[S]):
    """A source that is opened when it is needed, and opened anew after trouble."""

    def __init__(self, where: str, connection: Connection | None, open_it: Callable[[], S]) -> None:
        """`where` names the source to people."""
        self._where = where
        self._connection = connection
        self._open = open_it
        self._opened: S | None = None

    def attempt(self, action: Callable[[S], T]) -> T:
        """Return what the action returns; after trouble it is tried again on a new connection, ATTEMPTS times in all.

        Raises SourceRefused, SourceUnavailable, or StageFailed where the disk is full; no message holds a secret.
        """
        for attempt in range(1, ATTEMPTS + 1):
            try:
                self._opened = self._opened or self._open()
                return action(self._opened)
            except LandgaugeError:
                raise
            except Exception as error:  # libraries raise whatever they like; none of it may carry a secret further
                failure = explain(error, self._where, self._connection)
            self.close()
            if attempt == ATTEMPTS or not isinstance(failure, SourceUnavailable):
                raise failure from None
            _LOG.warning("%s Trying again (%d of %d).", failure.message, attempt + 1, ATTEMPTS)
            time.sleep(FIRST_WAIT_S * 2 ** (attempt - 1))
        raise AssertionError("unreachable")

    def close(self) -> None:
        """Close what is open; a connection that is broken already may say so in vain."""
        opened, self._opened = self._opened, None
        if opened is not None:
            with suppress(Exception):
                opened.close()


def explain(error: Exception, where: str, connection: Connection | None) -> LandgaugeError:
    """Return the error of the project for whatever a library raised, masked, with what to do next."""
    names = {kind.__name__ for kind in type(error).__mro__}
    told = " ".join(mask(str(error), connection).split())[:SHOWN] or type(error).__name__
    if isinstance(error, OSError) and error.errno in _DISK:
        return StageFailed(f"the disk is full while {where} is fetched", "Make room, then repeat the command.")
    if isinstance(error, Refused):
        return SourceRefused(f"{where}: {told}", error.next_step or _check(connection))
    if names & _REFUSED:
        return SourceRefused(f"{where}: 拒绝访问 (access refused): {told}", _check(connection))
    if names & _GONE:
        return SourceRefused(
            f"{where}: 不存在 (not there): {told}",
            "Correct the URL or put the files back, then repeat the command; what is loaded stays loaded.",
        )
    return SourceUnavailable(
        f"{where}: 无法读取 (cannot be reached): {told}",
        "Look at the network and the server, then repeat the command: it goes on where it stopped.",
    )


def _check(connection: Connection | None) -> str:
    if connection is None:
        return "Name a connection with the credentials; see docs/sources.md. Then repeat the command."
    name = f"{VARIABLES[0]}{connection.name.upper()} or {VARIABLES[1]}{connection.name.upper()}"
    return f"Check user, password or key of connection {connection.name} ({name}), then repeat the command."
