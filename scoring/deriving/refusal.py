"""Why no weights can be derived."""

from __future__ import annotations


class Undefined(ValueError):
    """The method has no result for this input; the message says why, for the person who gave it."""
