"""Enterprises and industries: whole values, related to the enterprise's land."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from scoring.indicators.inputs import CityYear, Record, records
from scoring.indicators.of_reports import RATIOS, by_land, ratio_absent, ratios
from scoring.indicators.quotient import Amount, Quotient, quotient, total
from scoring.indicators.reports import MEASURES, Report

DEFAULT_EDITION = "2017"
DIVISION, SECTION = 2, 1  # levels of GB/T 4754


def enterprise_indicators(city: CityYear, report: Report, land_area_m2: Amount) -> list[Quotient]:
    """Return the indicators of one enterprise from its report and its land."""
    return [
        *by_land(city, land_area_m2, report),
        *(
            quotient(code, report[upper], report[lower], absent=ratio_absent(city, code))
            for code, (upper, lower, _) in RATIOS.items()
        ),
    ]


def industry_indicators(city: CityYear, members: Sequence[Report], land_area_m2: Amount) -> list[Quotient]:
    """Return the indicators of an industry: sums over its enterprises, ratios over those that have both parts."""
    sums = {measure: total(report[measure] for report in members) for measure in MEASURES}
    whole = [(report, 1.0) for report in members]
    return [*by_land(city, land_area_m2, sums), *ratios(city, whole)]


def members_by_industry(city: CityYear, firms: Mapping[str, Record]) -> dict[str, list[str]]:
    """Return the enterprises of each industry, edition:division; a code without division stands for itself."""
    table = records(city.profile["industry"])
    by_code = {(row["edition"], row["code"]): row for row in table}
    short: dict[tuple[str, str], Record] = {}
    for row in sorted(table, key=lambda row: row["code"], reverse=True):
        short[row["edition"], without_letter(row["code"])] = row
    result: dict[str, list[str]] = defaultdict(list)
    for uscc, firm in firms.items():
        edition, code = firm["industry_edition"] or DEFAULT_EDITION, firm["industry_code"]
        row = by_code.get((edition, code)) or short.get((edition, code))
        result[f"{edition}:{_division(row, by_code) if row else code}"].append(uscc)
    return dict(sorted(result.items()))


def without_letter(code: str) -> str:
    """Return a code as registers write it: C361 is 361, a section letter stays."""
    return code[1:] if code[:1].isalpha() and code[1:].isdigit() else code


def _division(row: Record, by_code: Mapping[tuple[str, str], Record]) -> str:
    """Return the code of the division that a code lies in, else of its section, else itself."""
    own, ancestors = row["code"], {row["level"]: row["code"]}
    while parent := by_code.get((row["edition"], row["parent_code"])):
        row = parent
        ancestors[row["level"]] = row["code"]
    return ancestors.get(DIVISION) or ancestors.get(SECTION) or own
