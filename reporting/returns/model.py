"""What goes back to a declarer: files, the loads that they fed, their bad rows, and where those stand in a workbook."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

WHOLE_ROW_RULES = ("conflict", "duplicate", "row_shape")  # said of a row, not of one value
Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Finding:
    """One broken rule or warning of a row; `headers` are the file's own columns that it is about, if any."""

    rule_code: str
    severity: Severity
    column: str
    headers: tuple[str, ...]
    value: str | None
    message: str
    next_step: str

    @property
    def whole_row(self) -> bool:
        """Tell whether the row as such is in question."""
        return self.rule_code.split(":")[0] in WHOLE_ROW_RULES or not self.headers


@dataclass(frozen=True)
class BadRow:
    """A row with its findings, errors first; `cells` is the row as it came, by header, empty where that is unknown."""

    row_no: int
    findings: tuple[Finding, ...]
    cells: Mapping[str, str | None]

    @property
    def quarantined(self) -> bool:
        """Tell whether an error keeps the row out; a row with warnings alone is accepted."""
        return any(finding.severity == "error" for finding in self.findings)


@dataclass(frozen=True)
class Place:
    """Where a load's rows stand in one sheet: the column of each header, and runs of (row_no, row of the sheet, rows).

    All count from 1.
    """

    sheet: str
    headers: tuple[str, ...]
    columns: tuple[int, ...]
    runs: tuple[tuple[int, int, int], ...]

    def row(self, row_no: int) -> int | None:
        """Return the row of the sheet, None where the row stands elsewhere."""
        index = bisect_right(self.runs, row_no, key=lambda run: run[0]) - 1
        if index < 0:
            return None
        first, sheet_row, rows = self.runs[index]
        return sheet_row + row_no - first if row_no < first + rows else None

    def under(self, headers: tuple[str, ...]) -> list[int]:
        """Return the columns under these headers, in the order of the headers."""
        pairs = list(zip(self.headers, self.columns, strict=True))
        return [column for header in headers for own, column in pairs if own == header]


@dataclass(frozen=True)
class RuleCount:
    """How often a rule is broken in a load."""

    rule_code: str
    severity: Severity
    message: str
    findings: int


@dataclass(frozen=True)
class Load:
    """What became of a file in one dataset-year; `reason` says why it was refused.

    `rows` reads its bad rows, in order; `headers` are the columns of all of them.
    rows_in = accepted + quarantined + superseded.
    """

    dataset: str
    dataset_zh: str
    data_year: int
    rejected: bool
    rows_in: int
    accepted: int
    quarantined: int
    superseded: int
    rules: tuple[RuleCount, ...]
    places: tuple[Place, ...]
    headers: tuple[str, ...]
    rows: Callable[[], Iterator[BadRow]]
    reason: str = ""

    def place(self, row_no: int) -> tuple[Place, int] | None:
        """Return the sheet and the row in it at which a row stands, where that is known."""
        found = ((place, place.row(row_no)) for place in self.places)
        return next(((place, row) for place, row in found if row is not None), None)


@dataclass(frozen=True)
class Return:
    """One file that something is to be said about; `stored` are its bytes as they came."""

    file_name: str
    stored: Path
    generated: bool
    loads: tuple[Load, ...]

    @property
    def is_workbook(self) -> bool:
        """Tell whether a copy of the file itself can be marked."""
        return self.file_name.lower().endswith(".xlsx") and all(load.places for load in self.loads if not load.rejected)
