"""Errors a person can act on, each with the exit code of the command line."""

from __future__ import annotations

DONE = 0
COMPLAINTS = 1
WRONG_CALL = 2
STOPPED = 3


class LandgaugeError(Exception):
    """What was wrong and what to do about it; never shown with a traceback."""

    exit_code = STOPPED

    def __init__(self, message: str, next_step: str = "") -> None:
        """Keep the message and the advice apart, so that both can be shown or logged."""
        super().__init__(message)
        self.message = message
        self.next_step = next_step


class ConfigurationError(LandgaugeError):
    """The call, the city profile or the mapping is wrong (exit 2)."""

    exit_code = WRONG_CALL


class GateStopped(LandgaugeError):
    """The gate stopped the run; nothing was published (exit 3)."""


class WarehouseBusy(LandgaugeError):
    """Another process writes to this warehouse (exit 3)."""


class StageFailed(LandgaugeError):
    """A stage could not do its work: dbt, disk, memory (exit 3)."""


class SourceRefused(LandgaugeError):
    """A source refused the credentials, or has not what was asked for; trying again does not help (exit 3)."""


class SourceUnavailable(LandgaugeError):
    """A source could not be reached, or broke off, several times; later it may work (exit 3)."""
