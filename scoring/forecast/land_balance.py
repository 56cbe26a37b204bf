"""Balance of supply and demand by unit and year, how it moves with its drivers, and what closes a shortage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from scoring.forecast.land_demand import Demand, Engine
from scoring.forecast.land_policy import ALL, Scenario

Floats = NDArray[np.float64]
Texts = NDArray[np.object_]

NO_SUPPLY, NO_INTERVAL, NO_SHORTAGE = "supply_missing", "interval_missing", "no_shortage"
NOT_KNOWN, NO_LOW_EFFICIENCY, NOT_BY_INDUSTRY = "balance_missing", "no_low_efficiency_land", "not_by_industry"


@dataclass(frozen=True)
class Units:
    """n units, those with a demand first and in its order; steps coming years; supply (n, steps) cumulative, or NaN."""

    district_code: Texts
    industry_code: Texts
    supply: Floats
    yearly: Floats

    def padded(self, values: Floats) -> Floats:
        """Return values (m, …) of the units with a demand, NaN for those behind them."""
        short = np.full((len(self.district_code) - len(values), *values.shape[1:]), np.nan)
        return np.concatenate([values, short])


def units(engine: Engine, flows: pd.DataFrame, base_year: int, loaded: bool) -> Units:
    """Return every unit that has a demand or a supply; where no supply is `loaded` it is unknown, not 0.

    flows: year, district_code, industry_code, area_ha; supply of the base year itself belongs to the first year.
    """
    known = list(zip(engine.known.district_code, engine.known.industry_code, strict=True))
    extra = sorted(set(zip(flows["district_code"], flows["industry_code"], strict=True)) - set(known))
    place = {key: i for i, key in enumerate([*known, *extra])}
    steps = engine.rules.steps
    yearly = np.zeros((len(place), steps))
    rows = [place[key] for key in zip(flows["district_code"], flows["industry_code"], strict=True)]
    column = np.clip(flows["year"].to_numpy(dtype=int) - base_year - 1, 0, steps - 1)
    np.add.at(yearly, (np.array(rows, dtype=int), column), flows["area_ha"].to_numpy(dtype=float))
    yearly = yearly if loaded else np.full_like(yearly, np.nan)
    keys = np.array(list(place), dtype=object).reshape(-1, 2)
    return Units(keys[:, 0], keys[:, 1], np.cumsum(yearly, axis=1), yearly)


def balance(engine: Engine, demand: Demand, of: Units, base_year: int) -> pd.DataFrame:
    """Return a row for each unit and coming year: cumulative supply less demand beyond the base year's land."""
    base = of.padded(engine.ground.land)[:, None]
    needed = of.padded(demand.combined.values) - base
    left = of.supply - needed
    short = left < 0
    years = base_year + np.arange(1, left.shape[1] + 1)
    first = np.where(short.any(axis=1), years[short.argmax(axis=1)], -1)
    ratio = np.where(needed > 0, of.supply / np.where(needed > 0, needed, 1.0), np.nan)
    low, high = (of.supply - (of.padded(bound) - base) for bound in (demand.high, demand.low))
    steps = len(years)
    frame = pd.DataFrame(
        {
            "year": np.tile(years, len(left)),
            "district_code": np.repeat(of.district_code, steps),
            "industry_code": np.repeat(of.industry_code, steps),
            "scenario": demand.scenario.name,
            "supply_of_year_ha": of.yearly.ravel(),
            "supply_ha": of.supply.ravel(),
            "demand_ha": needed.ravel(),
            "balance_ha": left.ravel(),
            "low_ha": low.ravel(),
            "high_ha": high.ravel(),
            "ratio": ratio.ravel(),
            "first_shortage_year": pd.array(np.repeat(first, steps), dtype="Int32"),
            "lacking": _lacking(engine, demand, of, low).ravel(),
        }
    )
    return frame.assign(first_shortage_year=frame["first_shortage_year"].mask(frame["first_shortage_year"] < 0))


def _lacking(engine: Engine, demand: Demand, of: Units, low: Floats) -> Texts:
    """What is missing to say a balance, joined by |; None where nothing is."""
    behind = len(of.district_code) - len(demand.combined.reason)
    why = np.concatenate([demand.combined.reason, np.full(behind, "land_missing", dtype=object)])
    result = np.empty(low.shape, dtype=object)
    for unit, step in np.ndindex(low.shape):
        parts = [why[unit]] if why[unit] else []
        parts += [NO_SUPPLY] if np.isnan(of.supply[unit, step]) else []
        parts += [NO_INTERVAL] if not why[unit] and np.isnan(low[unit, step]) and not parts else []
        result[unit, step] = "|".join(parts) or None
    return result


def sensitivity(engine: Engine, scenario: Scenario, of: Units, base_year: int) -> pd.DataFrame:
    """Return the balance at the horizon with each driver moved down and up by policy's step, alone."""
    settings = engine.policy.settings
    drivers = {"activity_growth": "growth_step", "output_per_land_growth": "output_per_land_step"}
    base = of.padded(engine.ground.land)
    middle = of.supply[:, -1] - (of.padded(engine.demand(scenario).combined.values)[:, -1] - base)
    frames = []
    for driver, step in drivers.items():
        for direction, sign in (("down", -1), ("up", 1)):
            change = sign * settings[step]
            moved = replace(scenario, **{f"{driver}_change": getattr(scenario, f"{driver}_change") + change})
            left = of.supply[:, -1] - (of.padded(engine.demand(moved).combined.values)[:, -1] - base)
            frames.append(_tornado(of, scenario, driver, direction, change, middle, left))
    result = pd.concat(frames, ignore_index=True).assign(year=base_year + engine.rules.steps)
    return result[result["balance_ha"].notna()].reset_index(drop=True)


def _tornado(
    of: Units, scenario: Scenario, driver: str, direction: str, change: float, middle: Floats, left: Floats
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "district_code": of.district_code,
            "industry_code": of.industry_code,
            "scenario": scenario.name,
            "driver": driver,
            "direction": direction,
            "step": change,
            "base_balance_ha": middle,
            "balance_ha": left,
            "change_ha": left - middle,
        }
    )


def gaps(
    engine: Engine, demand: Demand, of: Units, base_year: int, low_efficiency: Mapping[str, float]
) -> pd.DataFrame:
    """Return what closes the shortage at the horizon of each unit: a rise of output per land, low-efficiency land.

    Land (1 / (1 + x)) = base year's land + supply gives the rise x over the whole horizon. `low_efficiency`: hectares
    that can be released by district and for the city, less what supply counts already.
    """
    base, land = of.padded(engine.ground.land), of.padded(demand.combined.values)[:, -1]
    room = base + of.supply[:, -1]
    shortage = np.maximum(land - room, 0.0)
    rise = np.where((shortage > 0) & (room > 0), land / np.where(room > 0, room, 1.0) - 1, np.nan)
    rise = np.where(shortage == 0, 0.0, rise)
    hectares = np.array([low_efficiency.get(d, np.nan) for d in of.district_code], dtype=float)
    whole = of.industry_code == ALL
    hectares = np.where(whole, hectares, np.nan)
    share = np.where(shortage == 0, 0.0, shortage / np.where(hectares > 0, hectares, np.nan))
    return pd.DataFrame(
        {
            "year": base_year + engine.rules.steps,
            "district_code": of.district_code,
            "industry_code": of.industry_code,
            "scenario": demand.scenario.name,
            "shortage_ha": shortage,
            "output_per_land_rise_ratio": rise,
            "output_per_land_rise_yearly_ratio": (1 + rise) ** (1 / engine.rules.steps) - 1,
            "low_efficiency_ha": hectares,
            "low_efficiency_share_ratio": np.where(whole, share, np.nan),
            "reason": _gap_reason(shortage, whole, hectares),
        }
    )


def _gap_reason(shortage: Floats, whole: NDArray[np.bool_], hectares: Floats) -> Texts:
    """Why a column has no value; None where all have."""
    return np.select(
        [np.isnan(shortage), shortage == 0, ~whole, ~(hectares > 0)],
        [NOT_KNOWN, NO_SHORTAGE, NOT_BY_INDUSTRY, NO_LOW_EFFICIENCY],
        default=None,
    )
