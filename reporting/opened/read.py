"""Reads what stands behind the scores of one scheme at one scale: one query a table, however many units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from landgauge import policy
from reporting.marts import Marts, Row

Key = tuple[str, str, str]  # scale, scheme, version

SHOWN = 20  # enterprises or parcels of a unit, and rows of a file, that are named one by one
NEAR = 2  # ranks above, and below, that are shown as peers
_OF = "scale = ? and scheme_code = ? and scheme_version = ?"
# scale: its key among the declarations and marts, its column of dim_parcel
SCALES: Mapping[str, tuple[str, str]] = {
    "parcel": ("parcel_code", "parcel_code"),
    "enterprise": ("uscc", ""),
    "block": ("block_code", "block_code"),
    "zone": ("zone_code", "zone_code"),
    "district": ("district_code", "district_code"),
    "city": ("city_code", ""),
}


@dataclass(frozen=True)
class Opened:
    """The scores of one scheme at one scale, opened.

    A unit is its row of fct_score with `unit_name`, `components` (rows with indicator, parts, ideal value and what the
    next grade needs), `stability`, `change` (rows; empty where there is none), `measures`, `shares` (at most SHOWN of
    `share_count`), `weight_group` and `near` (codes of the peers next in rank, from the best down, itself among them).
    """

    key: Key
    year: int
    scheme: Row
    units: list[Row]
    indicators: Mapping[str, Row]
    weights: list[Row]
    ideals: list[Row]
    medians: Mapping[str, Mapping[str, float]]
    peers: Mapping[str, Row]
    rules: Mapping[tuple[str, str], Row] = field(default_factory=dict)

    @property
    def scale(self) -> str:
        """The scale of the units."""
        return self.key[0]

    def points(self, code: str) -> Row:
        """Return the adjustment, or limit of adjustments, whose points the component holds; empty for an indicator."""
        return self.rules.get(("adjustment", code)) or self.rules.get(("limit", code)) or {}

    def rule(self, kind: str, code: str | None) -> str | None:
        """Return the Chinese name of a veto or not-rated class of the scheme; None where it has none."""
        return self.rules.get((kind, code or ""), {}).get("name_zh")


def keys(marts: Marts, scale: str = "", unit: str = "") -> list[Row]:
    """Return scale, scheme_code, scheme_version and number of units of each result, or of those that score the unit."""
    return marts.rows(
        "select scale, scheme_code, scheme_version, count(*) as units, count(*) filter (where rated) as rated "
        "from fct_score where (? = '' or scale = ? and unit_code = ?) group by all order by all",
        [unit, scale, unit],
    )


def read(marts: Marts, key: Key, unit: str = "") -> Opened:
    """Return the scores of a result opened, those of one unit where it is named."""
    marts.rows(
        "create or replace temp table picked as select unit_code, group_code from fct_score "
        f"where {_OF} and (? = '' or unit_code = ?)",
        [*key, unit, unit],
    )
    units = _units(marts, key)
    weights = _weights(marts, key)
    ratios = _ratios(key)
    _attach(units, marts, key, weights)
    for ratio in ratios:
        _add_parts(units, marts, ratio)
    near = sorted({code for u in units for code in u["near"]} - {u["unit_code"] for u in units})
    return Opened(
        key=key,
        year=marts.year,
        scheme=marts.one("select * from dim_scheme where scheme_code = ? and scheme_version = ?", key[1:]),
        units=units,
        indicators={r["indicator_code"]: r for r in [*marts.rows("select * from dim_indicator"), *ratios]},
        weights=weights,
        ideals=_ideals(marts, key),
        medians=_medians(marts, key),
        peers={r["unit_code"]: r for r in _peers(marts, key, near)},
        rules={(r["kind"], r["rule_code"]): r for r in marts.rows(f"select * from dim_scheme_rule where {_OF}", key)},
    )


def _units(marts: Marts, key: Key) -> list[Row]:
    """Rows of the picked units, with the neighbours in rank of each group."""
    return marts.rows(
        "with placed as (select *, case when rank_in_group is not null then list(unit_code) over (partition by "
        f"group_code, rated order by rank_in_group, unit_code rows between {NEAR} preceding and {NEAR} following) "
        f"else [] end as near from fct_score where {_OF}) "
        "select p.*, nullif(u.name_zh, p.unit_code) as unit_name, u.district_code, r.state as run_state "
        "from placed as p semi join picked using (unit_code) "
        "left join (select distinct on (unit_code) * from dim_unit where scale = ? order by unit_code, name_zh) as u "
        "on u.unit_code = p.unit_code "
        "left join (select run_id, max(state) filter (where state = 'final') as state from fct_run group by run_id) "
        "as r on r.run_id = p.run_id order by p.rank_in_city nulls last, p.unit_code",
        [*key, key[0]],
    )


def _attach(units: list[Row], marts: Marts, key: Key, weights: list[Row]) -> None:
    components = _by_unit(_components(marts, key))
    measures = _by_unit(_picked(marts, "fct_measure", key, "department, measure_code"))
    stability = _by_unit(_picked(marts, "fct_score_stability", key, "draws"))
    changes = _by_unit(_picked(marts, "fct_score_change", key, "previous_score"))
    pairs = _by_unit(shares(marts, key[0]))
    groups = _weight_groups(marts, key[0], weights)
    for unit in units:
        code = unit["unit_code"]
        unit["components"] = components.get(code, [])
        unit["measures"] = measures.get(code, [])
        unit["stability"] = next(iter(stability.get(code, [])), {})
        unit["change"] = next(iter(changes.get(code, [])), {})
        unit["shares"] = pairs.get(code, [])
        unit["share_count"] = unit["shares"][0]["of"] if unit["shares"] else 0
        unit["weight_group"] = groups.get(code, key[0])


def _by_unit(rows: list[Row]) -> dict[str, list[Row]]:
    result: dict[str, list[Row]] = {}
    for row in rows:
        result.setdefault(row["unit_code"], []).append(row)
    return result


def _picked(marts: Marts, table: str, key: Key, order: str) -> list[Row]:
    return marts.rows(
        f"select * from {table} semi join picked using (unit_code) where {_OF} order by unit_code, {order}", key
    )


def _components(marts: Marts, key: Key) -> list[Row]:
    return marts.rows(
        f"with c as (select * from fct_score_component semi join picked using (unit_code) where {_OF}), "
        f"n as (select * from fct_next_grade semi join picked using (unit_code) where {_OF}), "
        f"o as (select * from fct_score_left_out semi join picked using (unit_code) where {_OF} and grade_changes), "
        "v as (select * from fct_indicator_value semi join picked using (unit_code) where scale = ?) "
        "select c.*, v.numerator, v.denominator, v.null_reason, v.indicator_code is not null as catalogued, "
        "n.next_grade, n.needed_score, n.needed_value, n.not_reached_reason, o.grade_without "
        "from c left join v using (unit_code, indicator_code) left join n using (unit_code, indicator_code) "
        "left join o using (unit_code, indicator_code) "
        "order by c.unit_code, c.contribution desc nulls last, c.indicator_code",
        [*key, *key, *key, key[0]],
    )


def _ideals(marts: Marts, key: Key) -> list[Row]:
    """Ideal values of the scheme at the scale: which of them a unit was held against shows by its size."""
    return marts.rows(
        "select indicator_code, ideal_value, string_agg(distinct source, '; ' order by source) as source, "
        "coalesce(bool_or(illustrative), false) as illustrative from fct_ideal_value "
        "where scheme_code = ? and scheme_version = ? and (scope = ? or starts_with(scope, ? || ':')) "
        "and ideal_value is not null group by all order by all",
        [key[1], key[2], key[0], key[0]],
    )


def _medians(marts: Marts, key: Key) -> dict[str, dict[str, float]]:
    """Median of each indicator over the rated units of each group that a picked unit belongs to."""
    result: dict[str, dict[str, float]] = {}
    for row in marts.rows(
        "select s.group_code, c.indicator_code, median(c.value) as middle from "
        f"(select * from fct_score_component where {_OF}) as c "
        f"join (select unit_code, group_code from fct_score where {_OF} and rated) as s using (unit_code) "
        "where s.group_code in (select group_code from picked) and c.value is not null group by all order by all",
        [*key, *key],
    ):
        result.setdefault(row["group_code"], {})[row["indicator_code"]] = row["middle"]
    return result


def _peers(marts: Marts, key: Key, codes: list[str]) -> list[Row]:
    """Peers that are not opened themselves: code, name, score, grade and rank."""
    return marts.rows(
        "select s.unit_code, s.score, s.grade, s.grade_name_zh, s.rank_in_group, "
        f"nullif(u.name_zh, s.unit_code) as unit_name from (select * from fct_score where {_OF}) as s "
        "left join (select unit_code, min(name_zh) as name_zh from dim_unit where scale = ? group by all) as u "
        "using (unit_code) where s.unit_code in (select unnest(?::varchar[])) order by s.rank_in_group, s.unit_code",
        [*key, key[0], codes],
    )


def _weights(marts: Marts, key: Key) -> list[Row]:
    """How the weights of each group came about, by indicator."""
    return marts.rows(
        "select group_code, indicator_code, method, parameters, source, coalesce(illustrative, false) as illustrative "
        "from fct_weight where scheme_code = ? and scheme_version = ? "
        "and (group_code = ? or starts_with(group_code, ? || ':')) order by all",
        [key[1], key[2], key[0], key[0]],
    )


def methods(opened: Opened) -> list[Row]:
    """Return how the weights of each group came about, a row for each method, with all its sources."""
    result: dict[tuple[str, str], Row] = {}
    for row in opened.weights:
        kept = result.setdefault((row["group_code"], row["method"]), {**row, "sources": {}, "illustrative": False})
        kept["illustrative"] |= row["illustrative"]
        kept["sources"] |= {row["source"]: None} if row["source"] else {}
    return [{**row, "source": "; ".join(row["sources"])} for row in result.values()]


def _ratios(key: Key) -> list[Row]:
    """The ratios that the scheme defines itself, as indicators: published marts hold their parts, not themselves."""
    return [
        {
            "indicator_code": row["indicator_code"],
            "name_zh": row["name_zh"],
            "unit": row["unit"],
            "formula_zh": f"{row['numerator_column']} / {row['denominator_column']} × {row['factor']}",
            "parts": [row["numerator_column"], row["denominator_column"]],
        }
        for row in policy.rows("scheme_ratio")
        if (row["scale"], row["scheme_code"], row["scheme_version"]) == key
    ]


def _add_parts(units: list[Row], marts: Marts, ratio: Row) -> None:
    """Put numerator and denominator of a scheme's own ratio into the components of the units."""
    scale = units[0]["scale"] if units else ""
    table, key, parts = f"fct_{scale}_year", SCALES.get(scale, ("", ""))[0], ratio["parts"]
    if not {key, "year", *parts} <= marts.have.get(table, set()):
        return
    above, below = ('"' + part.replace('"', '""') + '"' for part in parts)
    rows = marts.rows(
        f"select {key} as unit_code, try_cast({above} as double) as above, try_cast({below} as double) as below "
        f"from marts.{table} where year = ? and {key} in (select unit_code from picked)",
        [marts.year],
    )
    found = {row["unit_code"]: row for row in rows}
    for unit in units:
        for component in unit["components"]:
            row = found.get(unit["unit_code"])
            if row and component["indicator_code"] == ratio["indicator_code"]:
                reason = "zero_denominator" if row["below"] == 0 else "value_missing"
                component |= {"numerator": row["above"], "denominator": row["below"], "catalogued": True}
                component["null_reason"] = reason if component["value"] is None else None


def _weight_groups(marts: Marts, scale: str, weights: list[Row]) -> dict[str, str]:
    """Return the group of weights that holds for a unit, for units that do not have the scale's own."""
    groups = {row["group_code"] for row in weights if ":" in row["group_code"]}
    if not groups:
        return {}
    column, key = min(groups).removeprefix(f"{scale}:").split("=")[0], SCALES[scale][0]
    table = next(
        (t for t in (f"dim_{scale}", f"fct_{scale}_year") if {column, key, "year"} <= marts.have.get(t, set())), None
    )
    if table is None:
        return {}
    name = column.replace('"', '""')
    rows = marts.rows(
        f'select {key} as code, ? || cast("{name}" as varchar) as own from marts.{table} '
        f"where year = ? and {key} in (select unit_code from picked)",
        [f"{scale}:{column}=", marts.year],
    )
    return {row["code"]: row["own"] for row in rows if row["own"] in groups}


def gather(marts: Marts, scale: str) -> None:
    """Make the temporary table `explained` (unit, kind, code): parcels and enterprises that the figures are of."""
    if scale == "enterprise":
        marts.rows(
            "create or replace temp table explained as select unit_code as unit, 'uscc' as kind, unit_code as code "
            "from picked union select uscc, 'parcel_code', parcel_code from bridge_parcel_enterprise "
            "where uscc in (select unit_code from picked)"
        )
        return
    own = SCALES[scale][1]
    where = f"p.{own} = u.unit_code" if own else "true"
    marts.rows(
        "create or replace temp table explained as with p as (select distinct u.unit_code as unit, p.parcel_code as "
        f"code from dim_parcel as p join picked as u on {where}) "
        "select unit, 'parcel_code' as kind, code from p union select p.unit, 'uscc', b.uscc from p "
        "join bridge_parcel_enterprise as b on b.parcel_code = p.code"
    )


def pick(marts: Marts, unit: str) -> None:
    """Make the temporary table `picked` of a unit that no scheme scores; `read` makes it of those that one does."""
    marts.rows(
        "create or replace temp table picked as select ?::varchar as unit_code, null::varchar as group_code", [unit]
    )


def shares(marts: Marts, scale: str) -> list[Row]:
    """Return the first SHOWN pairs of parcel and enterprise of each picked unit, and how many there are (`of`)."""
    gather(marts, scale)
    kind, key = ("uscc", "uscc") if scale == "enterprise" else ("parcel_code", "parcel_code")
    return marts.rows(
        "select e.unit as unit_code, b.*, n.enterprise_name, count(*) over (partition by e.unit) as of "
        f"from explained as e join bridge_parcel_enterprise as b on e.kind = '{kind}' and b.{key} = e.code "
        "left join (select uscc, min(enterprise_name) as enterprise_name from dim_enterprise group by uscc) as n "
        "on n.uscc = b.uscc "
        f"qualify row_number() over (partition by e.unit order by b.parcel_code, b.uscc) <= {SHOWN} "
        "order by e.unit, b.parcel_code, b.uscc"
    )
