"""Which datasets are late: their year is due, by the policy seed `data_due`, and nothing of it is loaded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from landgauge import policy
from landgauge.errors import ConfigurationError
from landgauge.settings import POLICY

_SEED = "seeds/policy/data_due.csv"


def freshness(newest: Mapping[str, int], today: date, folder: Path = POLICY) -> list[dict[str, Any]]:
    """Return the state on a day of each dataset that has a due day, in order of their names.

    `newest`: the newest year of each dataset that was ever loaded. `state`: `fresh`; `late`, with `late_since`, the day
    after the first due day that passed without a load; `absent`, never loaded, which is no alarm, as only parcels are
    required. `due_year` is the newest year that is due. Raises ConfigurationError for a line that cannot be read.
    """
    return sorted(_states(newest, today, folder), key=lambda found: found["dataset"])


def _states(newest: Mapping[str, int], today: date, folder: Path) -> Iterable[dict[str, Any]]:
    for line, row in enumerate(policy.rows("data_due", folder), start=2):
        due_day = _due(row, today.year, line)
        due_year = today.year - 1 if today > due_day else today.year - 2
        year = newest.get(row["dataset"])
        late = year is not None and year < due_year
        yield {
            "dataset": row["dataset"],
            "state": "absent" if year is None else "late" if late else "fresh",
            "newest_year": year,
            "due_year": due_year,
            "late_since": _due(row, year + 2, line) + timedelta(days=1) if late else None,
            "illustrative": row["illustrative"] == "true",
        }


def _due(row: Mapping[str, str], year: int, line: int) -> date:
    """The due day in a calendar year: of the data of the year before."""
    try:
        return date(year, int(row["due_month"]), int(row["due_day"]))
    except (ValueError, KeyError) as error:
        raise ConfigurationError(
            f"{_SEED} line {line}: due_month and due_day are no day of every year: {error}",
            "Write a month and a day such as 3 and 31; not 29 February.",
        ) from error
