"""The yearly figures of enterprises: operations, taxes, energy and emissions, scaled to the official value added."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from ingestion.synthetic import codes
from ingestion.synthetic.codes import Integers
from ingestion.synthetic.firms import Firms, above_scale, at_work
from ingestion.synthetic.land import Flags, number
from ingestion.synthetic.layout import Floats
from ingestion.synthetic.parameters import EnergyUse, FigureParameters, statistics
from ingestion.synthetic.world import Frame, Mark, World

_LARGEST_SHARE = 0.8
_TAX_ABOVE_OUTPUT = 0.0008  # share of tax rows with the seeded warning


@dataclass(frozen=True)
class YearFigures:
    """What the tables of a year are made of, a row for each enterprise at work; NaN is not declared."""

    who: Integers
    output: Floats
    revenue: Floats
    value_added: Floats
    tax: Floats
    tce: Floats


def stated_share(world: World, industrial_ha: float) -> float:
    """Return the share of the city's secondary value added that the generated enterprises have, in every year.

    It is such that in the last year the industrial land yields the stated value added per hectare, but at most 0.8.
    """
    total = statistics().cny10k("secondary_value_added", world.call.last_year)
    share = world.shape.figures.value_added_cny10k_per_ha * industrial_ha / total
    return float(np.clip(round(share, 6), 1e-6, _LARGEST_SHARE))


def year_figures(world: World, firms: Firms, place: int, share: float) -> YearFigures:
    """Draw a year's output, revenue, value added, tax and energy; the sum of value added is the stated share."""
    year, p = world.call.first_year + place, world.shape.figures
    who, rng = at_work(firms, place), world.rng("figures", year)
    level = firms.size[who] * _by_division(p, firms, who, "productivity") ** 0.3
    output = level * _wandering(world, len(firms), place)[who]
    output[rng.random(len(who)) < p.zero_output] = 0.0
    rate = _by_division(p, firms, who, "value_added") * rng.uniform(0.75, 1.25, len(who))
    added = output * np.where(rng.random(len(who)) < p.negative_value_added, -0.1, rate)
    blank = (rng.random(len(who)) < p.missing) | ~_reporting(world, firms, who, "operations")
    target = statistics().cny10k("secondary_value_added", year) * share
    scale = target / added[~blank].sum()
    added = _to_total(np.where(blank, np.nan, added * scale), target)
    output = np.round(output * scale, 2)
    tax = output * rng.uniform(p.tax_ratio.low, p.tax_ratio.high, len(who))
    tce = output * _by_division(p, firms, who, "energy") * rng.lognormal(0, 0.35, len(who))
    return YearFigures(who, output, output * rng.uniform(0.94, 1.12, len(who)), added, np.floor(tax * 100) / 100, tce)


def operations(world: World, firms: Firms, figures: YearFigures, year: int) -> Frame:
    """Return the economic figures of a year, one row for each enterprise that reports."""
    p, who, n = world.shape.figures, figures.who, len(figures.who)
    rng = world.rng("operations", year)
    workers = np.ceil(figures.output / _by_division(p, firms, who, "productivity") * rng.lognormal(0, 0.3, n)) + 1
    researching = world.rng("research").random(len(firms))[who] < p.rd_share
    rd_rate = _by_division(p, firms, who, "rd") * rng.uniform(0.4, 1.8, n) * researching
    invested = _lasting(world, "investment", len(firms))[who] * figures.output
    table = pa.table(
        {
            "uscc": codes.text(firms.uscc[who]),
            "output_cny10k": pa.array(figures.output),
            "revenue_cny10k": number(_some_missing(figures.revenue, p.missing, rng)),
            "value_added_cny10k": number(figures.value_added),
            "fixed_investment_cny10k": number(_some_missing(invested, p.missing, rng)),
            "employees": pa.array(workers.astype(np.int64)),
            "rd_staff": number(_some_missing(np.floor(workers * np.minimum(rd_rate * 3, 0.6)), p.missing, rng), 0),
            "rd_expenditure_cny10k": number(_some_missing(figures.revenue * rd_rate, p.missing, rng)),
            "new_product_sales_cny10k": number(
                _some_missing(figures.revenue * np.minimum(rd_rate * 6, 0.7), p.missing, rng)
            ),
        }
    )
    keep = _reporting(world, firms, who, "operations")
    return Frame(table.filter(pa.array(keep)), firms.area[who[keep]])


def taxes(world: World, firms: Firms, figures: YearFigures, year: int) -> Frame:
    """Return the taxes of a year: a few negative with a reason, a few (marked) above the output."""
    p, rng = world.shape.figures, world.rng("taxes", year)
    keep = np.flatnonzero(_reporting(world, firms, figures.who, "taxes"))
    who, output, tax = figures.who[keep], figures.output[keep], figures.tax[keep].copy()
    negative = rng.random(len(who)) < p.negative_tax
    tax[negative] = -np.round(1 + tax[negative] * 0.1, 2)
    candidates = np.flatnonzero(~negative & (output > 1) & _reporting(world, firms, who, "operations"))
    above = np.sort(rng.choice(candidates, min(len(candidates), max(1, round(len(who) * _TAX_ABOVE_OUTPUT))), False))
    tax[above] = np.round(output[above] * 1.2, 2)
    table = pa.table(
        {
            "uscc": codes.text(firms.uscc[who]),
            "tax_paid_cny10k": number(tax),
            "reason": pa.array([None, "更正以前年度申报(示例)"]).take(pa.array(negative.astype(np.int32))),
        }
    )
    return Frame(table, firms.area[who], (Mark("qc_tax_above_output", "tax_paid_cny10k", above),))


def energy(world: World, firms: Firms, figures: YearFigures, year: int) -> Frame:
    """Return the energy consumption of a year, one row an enterprise and type, in the units that are met."""
    keep = np.flatnonzero(_reporting(world, firms, figures.who, "energy") & (figures.tce > 0))
    who, tce = figures.who[keep], figures.tce[keep]
    uses = world.shape.figures.energy
    draws = [world.rng("energy", i).random(len(firms), dtype=np.float32)[who] for i in range(len(uses))]
    used = [draw < use.users for draw, use in zip(draws, uses, strict=True)]
    used[0] |= ~np.logical_or.reduce(used)
    weight = np.sum([u * use.weight for u, use in zip(used, uses, strict=True)], axis=0)
    tables, areas = [], []
    for some, use in zip(used, uses, strict=True):
        rows = np.flatnonzero(some)
        tables.append(_energy_rows(use, firms, who[rows], use.weight / weight[rows] * tce[rows]))
        areas.append(firms.area[who[rows]])
    return Frame(pa.concat_tables(tables).combine_chunks(), np.concatenate(areas))


def emissions(world: World, firms: Firms, figures: YearFigures, year: int) -> Frame:
    """Return the emissions of a year: large users of energy first, one row an enterprise and pollutant."""
    rng = world.rng("emissions", year)
    chance = world.shape.enterprises.report_share["emissions"] * np.where(above_scale(world, firms), 2.5, 0.8)
    keep = (world.rng("emitters").random(len(firms)) < chance)[figures.who] & (figures.tce > 0)
    who, tce = figures.who[keep], figures.tce[keep]
    tables, areas = [], []
    for name, pollutant in world.shape.figures.pollutants.items():
        rows = np.flatnonzero((world.rng("emits", name).random(len(firms)) < pollutant.users)[who])
        emitted = tce[rows] * pollutant.per_tce * rng.lognormal(0, 0.5, len(rows))
        columns = {"uscc": codes.text(firms.uscc[who[rows]]), "pollutant": codes.constant(name, len(rows))}
        tables.append(pa.table(columns | {"emission_t": number(emitted, 4)}))
        areas.append(firms.area[who[rows]])
    return Frame(pa.concat_tables(tables).combine_chunks(), np.concatenate(areas))


def _energy_rows(use: EnergyUse, firms: Firms, who: Integers, tce: Floats) -> pa.Table:
    given = who % len(use.units)
    quantity = np.round(tce / use.tce * np.array(list(use.units.values()))[given], 4)
    return pa.table(
        {
            "uscc": codes.text(firms.uscc[who]),
            "energy_type": codes.constant(use.type, len(who)),
            "quantity": pa.array(quantity),
            "unit": codes.labels(list(use.units), given),
        }
    )


def _by_division(p: FigureParameters, firms: Firms, who: Integers, name: str) -> Floats:
    values = np.array([getattr(p.divisions.get(f"{d:02d}", p.default), name) for d in range(100)])
    return values[firms.division[who]]


def _wandering(world: World, count: int, place: int) -> Floats:
    """Return what each enterprise's output has become after so many years of good and bad luck."""
    steps = [world.rng("luck", k).normal(0, 0.12, count) for k in range(place + 1)]
    return np.exp(np.sum(steps, axis=0))


def _lasting(world: World, name: str, count: int) -> Floats:
    spread = world.shape.figures.fixed_investment_ratio
    return world.rng(name).lognormal(np.log(spread.median), spread.sigma, count)


def _some_missing(values: Floats, share: float, rng: np.random.Generator) -> Floats:
    return np.where(rng.random(len(values)) < share, np.nan, values)


def _reporting(world: World, firms: Firms, who: Integers, register: str) -> Flags:
    share = world.shape.enterprises.report_share[register]
    return (world.rng("reports", register).random(len(firms)) < share)[who]


def _to_total(values: Floats, total: float) -> Floats:
    """Round to cents so that the sum is exactly the total: the largest value takes the rest."""
    cents = np.round(values * (total / np.nansum(values)) * 100)
    rest = round(total * 100) - np.nansum(cents)
    cents[np.nanargmax(cents)] += rest
    return cents / 100
