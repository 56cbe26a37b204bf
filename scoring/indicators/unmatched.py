"""What falls on no accepted industrial parcel, so that parcels and the rest add up to the enterprises that count."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from scoring.indicators.inputs import CityYear, Record
from scoring.indicators.of_reports import sum_by_share
from scoring.indicators.pairing import Pair
from scoring.indicators.parcels import ParcelYear
from scoring.indicators.quotient import Amount, or_zero
from scoring.indicators.reports import MEASURES, OPERATIONS, Report

SOURCES = {"tax_paid_cny10k": "taxes", "emission_t": "emissions"}
SOURCES |= {"energy_tce": "energy", "energy_tce_equivalent": "energy"} | dict.fromkeys(OPERATIONS, "operations")

Remainder = list[tuple[Report, float]]


def remainders(
    firms: Mapping[str, Record], paired: Sequence[Pair], parcels: Sequence[ParcelYear], reported: Mapping[str, Report]
) -> dict[str, Remainder]:
    """Return by the enterprises' district each report with the share that is on no industrial parcel."""
    industrial = {parcel.row["parcel_code"] for parcel in parcels}
    elsewhere: dict[str, Remainder] = defaultdict(list)
    for pair in paired:
        if pair.parcel_code not in industrial:
            elsewhere[firms[pair.uscc]["district_code"]].append((reported[pair.uscc], pair.share))
    for uscc in firms.keys() - {pair.uscc for pair in paired}:
        elsewhere[firms[uscc]["district_code"]].append((reported[uscc], 1.0))
    return elsewhere


def unmatched(city: CityYear, rest: Iterable[tuple[Report, float]]) -> dict[str, Amount]:
    """Return the sum of each measure, 0 where nothing is left; None where the measure was not loaded for the year."""
    parts = list(rest)
    return {
        f"unmatched_{measure}": None
        if city.lacks("enterprises", SOURCES[measure])
        else or_zero(sum_by_share(parts, measure))
        for measure in MEASURES
    }
