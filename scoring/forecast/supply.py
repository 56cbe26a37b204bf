"""Supply of industrial land by source and year, and its balance with demand."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from scoring.forecast.policy import Scenario, SupplySource

Floats = NDArray[np.float64]

COLUMNS = [
    "supply_id",
    "data_year",
    "source",
    "area_ha",
    "available_year",
    "industrial_share",
    "realisation_rate",
    "parcel_code",
]


def count_once(rows: pd.DataFrame, sources: tuple[SupplySource, ...]) -> pd.DataFrame:
    """Return the rows (COLUMNS) that count: the newest statement of each supply_id, and each parcel once.

    A parcel that several rows give counts in the source that stands first in the order, of that in its newest
    statement, then by supply_id. Rows of a source without policy are left out.
    """
    order = {s.source: place for place, s in enumerate(sources)}
    known = rows[rows["source"].isin(order)].assign(place=lambda r: r["source"].map(order))
    newest = known.sort_values(["supply_id", "data_year"], ascending=[True, False]).drop_duplicates("supply_id")
    newest = newest.sort_values(["place", "data_year", "supply_id"], ascending=[True, False, True])
    again = newest["parcel_code"].notna() & newest.duplicated("parcel_code")
    return newest[~again].drop(columns="place")


def effective_supply(
    rows: pd.DataFrame, sources: tuple[SupplySource, ...], scenario: Scenario, first_year: int, last_year: int
) -> pd.DataFrame:
    """Return year, source and area_ha that become usable for industry from first_year to last_year.

    area x realisation rate x industrial share; rate and share are the row's own, else the source's. The scenario's
    factor holds for what comes in, up to a rate of 1; land that leaves industry (转出) is negative and not scaled.
    """
    policy = pd.DataFrame([vars(s) for s in sources]).set_index("source")
    counted = count_once(rows, sources)
    counted = counted[counted["available_year"].between(first_year, last_year)]
    default = policy.reindex(counted["source"]).set_index(counted.index)
    rate = counted["realisation_rate"].astype(float).fillna(default["realisation_rate"])
    share = counted["industrial_share"].astype(float).fillna(default["industrial_share"])
    scaled = np.where(default["sign"] > 0, np.minimum(rate * scenario.supply_rate_factor, np.maximum(rate, 1.0)), rate)
    area = np.where(default["sign"] > 0, counted["area_ha"], -counted["area_ha"].abs()) * scaled * share
    usable = counted[["source"]].assign(year=counted["available_year"].astype(int), area_ha=area.astype(float))
    usable = usable.groupby(["year", "source"], sort=True)["area_ha"].agg(math.fsum)
    return usable.reset_index()


def balance(supply: pd.DataFrame, years: NDArray[np.int64], demand: Floats, low: Floats, high: Floats) -> pd.DataFrame:
    """Return supply up to each year less demand up to it, its interval, and the first year in which demand is larger.

    `supply` as effective_supply returns it; `demand`, `low`, `high` are beyond the base year's land for each of
    `years`, in hectares. Unknown demand gives an unknown balance.
    """
    total = np.array([math.fsum(supply.loc[supply["year"] <= year, "area_ha"]) for year in years])
    result = pd.DataFrame({"year": years, "supply_ha": total, "demand_ha": demand, "balance_ha": total - demand})
    short = result.loc[result["balance_ha"] < 0, "year"]
    first = int(short.min()) if len(short) else None
    return result.assign(low_ha=total - high, high_ha=total - low, first_shortage_year=first)
