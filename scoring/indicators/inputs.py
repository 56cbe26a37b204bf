"""What the reference implementation reads: the accepted rows of one year, the profile and the policy, as tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

Record = dict[str, Any]


@dataclass(frozen=True)
class CityYear:
    """One year of a city.

    `accepted` holds a frame for each dataset, with the columns of the input contract; a dataset that is not named has
    no rows. `district_series` holds every year up to this one, told apart by `data_year`. `loaded` names the datasets
    that the year has (a loaded one may have no rows). `profile` holds `district` (code, valid_from_year,
    valid_to_year, successor_code), `land_use` (code, is_industrial) and `industry` (edition, code, level,
    parent_code); `policy` holds `energy_coefficient`, `unit` and `zone_type_rule` as the seeds have them. `point_hits`
    (uscc, parcel_code) says which parcels hold the point of which enterprise, borders included.
    """

    year: int
    city_code: str
    loaded: frozenset[str]
    accepted: Mapping[str, pd.DataFrame]
    profile: Mapping[str, pd.DataFrame]
    policy: Mapping[str, pd.DataFrame]
    point_hits: pd.DataFrame = field(default_factory=pd.DataFrame)

    def rows(self, dataset: str) -> list[Record]:
        """Return the accepted rows of a dataset; a missing value is None."""
        return records(self.accepted.get(dataset, pd.DataFrame()))

    def lacks(self, *datasets: str) -> bool:
        """Tell whether one of the datasets was not loaded for the year."""
        return not self.loaded.issuperset(datasets)


def records(frame: pd.DataFrame) -> list[Record]:
    """Return a frame as records; NaN, NaT and NA become None."""
    return frame.astype(object).where(frame.notna(), None).to_dict("records")
