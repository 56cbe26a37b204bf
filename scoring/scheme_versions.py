"""Which version of a scheme holds in a year."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

from scoring.scheme_cells import Row, SchemeError, place


def version_of(schemes: Sequence[Row], code: str, year: int) -> Row:
    """Return the row of the version that is valid in the year.

    Before a scheme's first year the version whose `applied_back_to_year` reaches the year is taken: the years before a
    measure can then be compared with it. Raises SchemeError naming the code and what is shipped, or versions that
    hold in the same year.
    """
    of_code = [r for r in schemes if r["scheme_code"] == code]
    if not of_code:
        shipped = ", ".join(sorted({r["scheme_code"] for r in schemes}))
        raise SchemeError(f"unknown scheme {code!r}; shipped: {shipped}")
    check_validity(of_code)
    valid = [r for r in of_code if _first(r) <= year <= _last(r)]
    valid = valid or [
        r for r in of_code if r["applied_back_to_year"] and int(r["applied_back_to_year"]) <= year <= _last(r)
    ]
    if valid:
        return min(valid, key=lambda r: (_first(r), r["scheme_version"]))
    spans = ", ".join(f"{r['scheme_version']}: {r['valid_from_year']}-{r['valid_to_year']}" for r in of_code)
    raise SchemeError(f"scheme {code!r} has no version for {year}; shipped: {spans}")


def check_validity(versions: Sequence[Row]) -> None:
    """Hold the versions of one scheme against each other. Raises SchemeError where two hold in the same year."""
    for row in versions:
        _years(row)
    ordered = sorted(versions, key=_first)
    for before, after in itertools.pairwise(ordered):
        if _first(after) <= _last(before):
            places = " and ".join(place(r) or f"version {r['scheme_version']}" for r in (before, after))
            raise SchemeError(f"scheme {after['scheme_code']}: versions overlap in their validity: {places}")


def scales(version: Row) -> tuple[str, ...]:
    """Return the scales of a version, as its comma-separated cell names them."""
    return split(version["scales"])


def split(text: str) -> tuple[str, ...]:
    """Return the parts of a comma-separated cell."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _years(version: Row) -> None:
    for column in ("valid_from_year", "valid_to_year", "applied_back_to_year"):
        if version[column] and not (version[column].isascii() and version[column].isdecimal()):
            raise SchemeError(f"{place(version)}: {column} must be a year, found {version[column]!r}")
    if _first(version) > _last(version):
        raise SchemeError(f"{place(version)}: valid_to_year lies before valid_from_year")
    if version["applied_back_to_year"] and int(version["applied_back_to_year"]) > _first(version):
        raise SchemeError(f"{place(version)}: applied_back_to_year lies after valid_from_year")


def _first(version: Row) -> float:
    return int(version["valid_from_year"]) if version["valid_from_year"] else -math.inf


def _last(version: Row) -> float:
    return int(version["valid_to_year"]) if version["valid_to_year"] else math.inf
