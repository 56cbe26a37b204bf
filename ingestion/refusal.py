"""Why a file is refused. In a module of its own, so that the reading process can import it and little else."""

from __future__ import annotations


class Rejected(Exception):
    """A file that cannot be taken: the rule that it breaks, and what exactly, in words for the ledger."""

    def __init__(self, rule: str, detail: str, column: str | None = None, rows: int = 0) -> None:
        """`rule` is the part behind `file:`; `rows` is how many rows the file has, where that is known."""
        super().__init__(detail)
        self.rule = rule
        self.detail = detail
        self.column = column
        self.rows = rows
