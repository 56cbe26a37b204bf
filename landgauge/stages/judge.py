"""What follows from a scored scheme: next grade, stability and change, read from the scores and written beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from landgauge import policy
from landgauge.errors import ConfigurationError
from landgauge.settings import Settings
from landgauge.stages.weights import Weighting
from scoring.ideal import encode
from scoring.judging import change, next_grade, tables, uncertainty
from scoring.judging.scored import Scored
from scoring.judging.uncertainty import StabilitySettings
from scoring.scheme import Scheme

Floats = NDArray[np.float64]

CHUNK = 100_000  # units judged at a time: bounds the memory of the tables
_OUTPUTS = {
    "scored.next_grade": tables.NEXT_GRADE,
    "scored.stability": tables.STABILITY,
    "scored.change": tables.CHANGE,
}
_PUBLISHED = ("fct_score", "fct_score_component", "fct_weight")
_MATRICES = ("values", "ideals", "standardised", "weights", "contributions", "imputed")
_ITEMS = ("value", "ideal_value", "standardised", "weight", "contribution", "imputed")


@dataclass(frozen=True)
class Place:
    """Where scores of a year stand: the tables of scores, components and weights."""

    scores: str
    components: str
    weights: str
    year: int


def prepare(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Empty the tables that `judge` writes, and attach the published snapshot, if there is one, as `published`."""
    con.execute("create schema if not exists scored")
    for name, schema in _OUTPUTS.items():
        con.register("incoming", schema.empty_table())
        con.execute(f"create or replace table {name} as select * from incoming")
        con.unregister("incoming")
    if settings.snapshot.is_file():
        con.execute(f"attach '{settings.snapshot}' as published (read_only)")


def judge(con: duckdb.DuckDBPyConnection, year: int, weighting: Weighting) -> None:
    """Write next grades, stability and changes of a scheme whose scores stand in the working file.

    Raises ConfigurationError for a setting that the seed scoring_setting lacks.
    """
    scheme, nominal = weighting.scheme, weighting.weights()
    codes = [i.code for i in scheme.indicators]
    now = _scored(con, scheme, Place("scored.score", "scored.score_component", "scored.weight", year), codes)
    before = _previous(con, scheme, year, codes)
    chosen, illustrative = _settings()
    found, draws = uncertainty.under_weights(scheme, now, _sets(weighting), weighting.index, chosen)
    low, high = uncertainty.bounds_by_missing(scheme, now, nominal)
    known = tables.stability_table(scheme, year, now, found, (low, high), draws, chosen, illustrative)
    _append(con, "scored.stability", known)
    old = _old_weights(con, weighting, before)
    better, target = next_grade.next_score(scheme, now)
    for start in range(0, len(now.codes), CHUNK):
        rows = slice(start, start + CHUNK)
        part = _part(now, rows)
        reached = next_grade.next_grade(scheme, part, nominal[rows], better[rows], target[rows])
        _append(con, "scored.next_grade", tables.next_grade_table(scheme, year, part, reached))
        changed = _changes(weighting, part, nominal[rows], before, old, rows)
        facts = None if before is None else before.facts.slice(start, CHUNK)
        _append(con, "scored.change", tables.change_table(scheme, year, part, changed, facts))


def _sets(weighting: Weighting) -> Floats:
    return np.array([[i.weight for i in s.indicators] for s in weighting.schemes])


def _settings() -> tuple[StabilitySettings, bool]:
    rows = policy.rows("scoring_setting")
    try:
        chosen = StabilitySettings.of({r["setting"]: float(r["value"]) for r in rows})
    except (KeyError, ValueError) as error:
        raise ConfigurationError(f"scoring_setting: {error}", "Correct seeds/policy/scoring_setting.csv.") from error
    return chosen, any(r["illustrative"] == "true" for r in rows)


def _scored(con: duckdb.DuckDBPyConnection, scheme: Scheme, place: Place, codes: Sequence[str]) -> Scored:
    """The scheme's units of the evaluated year with what stands of them at the place: NaN where nothing does."""
    table = _scores(con, scheme, place)
    items = [_items(con, scheme, place, code) for code in codes]
    matrix = {name: np.column_stack([i[name] for i in items]) for name in _ITEMS}
    names = {g.code: number for number, g in enumerate(scheme.grades)}
    by_group = scheme.grade_rule == "shares_in_group"
    return Scored(
        codes=table.column("unit_code").combine_chunks().cast(pa.string()),
        score=table.column("score").to_numpy(),
        grade=np.array([names.get(g, -1) for g in table.column("grade").to_pylist()], dtype=np.int64),
        group=encode(table.column("group_code")).index if by_group else np.zeros(table.num_rows, dtype=np.int64),
        vetoed=table.column("vetoed").to_numpy(),
        values=matrix["value"],
        ideals=matrix["ideal_value"],
        standardised=matrix["standardised"],
        weights=matrix["weight"],
        contributions=matrix["contribution"],
        imputed=matrix["imputed"] > 0,
    )


def _scores(con: duckdb.DuckDBPyConnection, scheme: Scheme, place: Place) -> pa.Table:
    return con.execute(
        "select units.unit_code, scores.score, scores.grade, scores.group_code, scores.veto_code is not null as vetoed,"
        " scores.scheme_version"
        f" from scored.score as units left join {place.scores} as scores on units.unit_code = scores.unit_code"
        " and units.scale = scores.scale and units.scheme_code = scores.scheme_code and scores.year = ?"
        " where units.scale = ? and units.scheme_code = ? order by units.unit_code",
        [place.year, scheme.scale, scheme.code],
    ).to_arrow_table()


def _items(
    con: duckdb.DuckDBPyConnection, scheme: Scheme, place: Place, indicator: str
) -> dict[str, NDArray[np.float64]]:
    """One indicator's part of each unit's score, in the order of the units."""
    columns = ", ".join(f"cast(items.{name} as double) as {name}" for name in _ITEMS)
    table = con.execute(
        f"select {columns} from scored.score as units left join {place.components} as items"
        " on units.unit_code = items.unit_code and units.scale = items.scale"
        " and units.scheme_code = items.scheme_code and items.year = ? and items.indicator_code = ?"
        " where units.scale = ? and units.scheme_code = ? order by units.unit_code",
        [place.year, indicator, scheme.scale, scheme.code],
    ).to_arrow_table()
    return {name: table.column(name).to_numpy() for name in _ITEMS}


@dataclass(frozen=True)
class Earlier:
    """The same units as published for the year before; columns: the scheme's indicators, then those it dropped."""

    year: int
    scored: Scored
    columns: tuple[str, ...]
    facts: pa.Table


def _previous(con: duckdb.DuckDBPyConnection, scheme: Scheme, year: int, codes: Sequence[str]) -> Earlier | None:
    """The scheme's scores of the year before, if the published snapshot has them."""
    if not _has_published(con):
        return None
    place = Place(*(f"published.marts.{name}" for name in _PUBLISHED), year - 1)
    sql = (
        f"select distinct indicator_code from {place.weights} where scheme_code = ? and year = ?"
        " and split_part(group_code, ':', 1) = ? and weight > 0 order by all"  # points beside indicators have none
    )
    old = [row[0] for row in con.execute(sql, [scheme.code, place.year, scheme.scale]).fetchall()]
    if not old:
        return None
    columns = (*codes, *(code for code in old if code not in codes))
    scored = _scored(con, scheme, place, columns)
    return Earlier(place.year, scored, columns, _scores(con, scheme, place))


def _has_published(con: duckdb.DuckDBPyConnection) -> bool:
    sql = "select table_name from duckdb_tables() where database_name = 'published' and schema_name = 'marts'"
    return set(_PUBLISHED) <= {row[0] for row in con.execute(sql).fetchall()}


def _old_weights(con: duckdb.DuckDBPyConnection, weighting: Weighting, before: Earlier | None) -> Floats:
    """The weights (g, k) of the year before for each group of weights of this year; the scale's where it is new."""
    if before is None:
        return np.empty((0, 0))
    scheme = weighting.scheme
    sql = "select group_code, indicator_code, weight from published.marts.fct_weight where scheme_code = ? and year = ?"
    found = {(group, code): w for group, code, w in con.execute(sql, [scheme.code, before.year]).fetchall()}
    known = {group for group, _ in found}
    groups = [group if group in known else scheme.scale for group in weighting.groups]
    return np.array([[found.get((group, code), 0.0) for code in before.columns] for group in groups])


def _changes(
    weighting: Weighting, now: Scored, nominal: Floats, before: Earlier | None, old: Floats, rows: slice
) -> change.Change:
    """The changes of a part of the units; without an earlier year none, with the reason."""
    if before is None:
        return change.no_changes(now)
    new = len(before.columns) - nominal.shape[1]
    wide = replace(now, **{name: _wider(getattr(now, name), new) for name in _MATRICES})
    padded = np.hstack([nominal, np.zeros((len(nominal), new))])
    old_weights = old[weighting.index[rows]]
    return change.changes(weighting.scheme, wide, _part(before.scored, rows), padded, old_weights)


def _wider(matrix: NDArray[np.float64] | NDArray[np.bool_], columns: int) -> NDArray[np.float64] | NDArray[np.bool_]:
    empty = np.zeros((len(matrix), columns), bool) if matrix.dtype == bool else np.full((len(matrix), columns), np.nan)
    return np.hstack([matrix, empty])


def _part(scored: Scored, rows: slice) -> Scored:
    return Scored(**{f.name: getattr(scored, f.name)[rows] for f in fields(Scored)})


def _append(con: duckdb.DuckDBPyConnection, name: str, table: pa.Table) -> None:
    con.register("incoming", table)
    con.execute(f"insert into {name} by name select * from incoming")
    con.unregister("incoming")
