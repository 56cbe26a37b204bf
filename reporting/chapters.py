"""What the report's chapters show, read from the marts: run, data quality, districts, zones, contracts, methods."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reporting import figures, words
from reporting.figures import Form
from reporting.marts import Marts, Row

SHOWN_OBLIGATIONS = 20


@dataclass(frozen=True)
class Column:
    """A column of figures: the mart's column, its heading and how it is written."""

    key: str
    heading: str
    form: Form


@dataclass(frozen=True)
class AreaTable:
    """Units with their figures; `reasons` says why a figure is missing, by unit code and column."""

    columns: tuple[Column, ...]
    rows: list[Row]
    total: Row
    reasons: dict[tuple[str, str], str]
    notes: list[str]
    missing: str | None


@dataclass(frozen=True)
class Quality:
    """The ledger and the quarantine of the year, what earlier years brought in, and the suspicious cases."""

    datasets: list[Row]
    total: Row
    files: list[Row]
    earlier: list[Row]
    rejected: list[Row]
    rules: list[Row]
    checks: list[Row]


@dataclass(frozen=True)
class Contracts:
    """Obligations by state, the ones past due, the next ones, the year's results by stage and the failed ones."""

    states: list[Row]
    overdue: list[Row]
    coming: list[Row]
    results: list[Row]
    failed: list[Row]
    missing: str | None

    def of(self, state: str) -> int:
        """Return how many obligations are in a state."""
        return next((r["n"] for r in self.states if r["state"] == state), 0)


@dataclass(frozen=True)
class Methods:
    """Schemes, weights, ideal values and indicator definitions of the year."""

    schemes: list[Row]
    weights: list[Row]
    ideals: list[Row]
    indicators: list[Row]


def absence(marts: Marts, what: str, datasets: Sequence[str]) -> str:
    """Say in one sentence why a chapter has no rows: which registers did not come, or came without a usable row."""
    loaded = marts.rows(
        "select distinct dataset from fct_load where state = 'loaded' and year <= ? and list_contains(?, dataset)",
        [marts.year, list(datasets)],
    )
    absent = [words.word(d, words.DATASETS) for d in datasets if d not in {r["dataset"] for r in loaded}]
    if absent:
        why = f"未收到{words.join([f'「{name}」' for name in absent])}资料（register_not_loaded）"
    else:
        why = "资料已经收到，但没有得出可以发布的结果"
    return f"本年度没有{what}:{why}。"


_LEDGER = """
select dataset, count(*) as files, sum(rows_in)::bigint as rows_in, sum(accepted)::bigint as accepted,
    sum(quarantined)::bigint as quarantined, sum(superseded)::bigint as superseded,
    count(*) filter (where state = 'rejected') as rejected,
    bool_and(rows_in = accepted + quarantined + superseded) as adds_up
from fct_load where year = ?
"""


def quality(marts: Marts) -> Quality:
    """Return the data-quality chapter."""
    year = [marts.year]
    return Quality(
        datasets=_by_contract(marts.rows(f"{_LEDGER} group by dataset order by dataset", year)),
        total=marts.one(_LEDGER.replace("select dataset,", "select"), year),
        files=marts.rows("select * from fct_load where year = ? order by dataset, file_name, file_sha256", year),
        earlier=marts.rows(
            "select year, dataset, count(*) as files, sum(rows_in)::bigint as rows_in, "
            "sum(accepted)::bigint as accepted, sum(quarantined)::bigint as quarantined, "
            "sum(superseded)::bigint as superseded from fct_load where year < ? "
            "group by all order by year desc, dataset",
            year,
        ),
        rejected=marts.rows(
            "select * from fct_load where state = 'rejected' and year = ? order by dataset, file_name, file_sha256",
            year,
        ),
        rules=marts.rows(
            "select dataset, rule_code, severity, count(*) as n, min(message_zh) as message, "
            "min(next_step) as next_step from fct_quarantine where year = ? "
            "group by all order by severity, n desc, dataset, rule_code",
            year,
        ),
        checks=marts.checks(),
    )


def gaps(marts: Marts) -> list[Row]:
    """Return the parcel indicators that are missing for some parcels: how many of how many, and why."""
    return marts.rows(
        "select g.indicator_code, coalesce(i.name_zh, g.indicator_code) as name_zh, sum(g.missing)::bigint as n, "
        "(sum(sum(g.n)) over (partition by g.indicator_code))::bigint as units, g.null_reason from gap as g "
        "left join dim_indicator as i on i.indicator_code = g.indicator_code "
        "group by g.indicator_code, i.name_zh, g.null_reason having g.null_reason is not null "
        "order by n desc, g.indicator_code, g.null_reason"
    )


def _by_contract(rows: list[Row]) -> list[Row]:
    """Datasets in the order of the input contract, unknown ones last."""
    known = list(words.DATASETS)
    return sorted(rows, key=lambda r: known.index(r["dataset"]) if r["dataset"] in known else len(known))


_AREA_FORMS = (
    ("land_output_cny10k_per_ha", figures.CNY10K_PER_HA),
    ("land_tax_cny10k_per_ha", figures.CNY10K_PER_HA),
    ("plot_ratio", figures.RATIO),
    ("energy_per_output_tce_per_cny10k", figures.TCE),
    ("rd_intensity", figures.PERCENT),
)


def _area_columns(marts: Marts, city: Row, rows: list[Row]) -> tuple[Column, ...]:
    amounts = [r.get("output_cny10k") or 0 for r in [*rows, city]]
    taxes = [r.get("tax_paid_cny10k") or 0 for r in [*rows, city]]
    amount, tax = figures.money(max(amounts)), figures.money(max(taxes))
    return (
        Column("parcels", "工业宗地", Form("宗", 0)),
        Column("site_area_m2", "用地面积", figures.HA_OF_M2),
        Column("output_cny10k", "工业总产值", amount),
        Column("unmatched_output_cny10k", "未落宗产值", amount),
        Column("tax_paid_cny10k", "入库税收", tax),
        *_named(marts, _AREA_FORMS),
    )


def districts(marts: Marts) -> AreaTable:
    """Return the table of districts with the city as its last row."""
    rows = marts.rows(
        "with p as (select district_code, count(*) as parcels from dim_parcel where is_industrial group by all), "
        "n as (select district_code, arg_max(name_zh, valid_from_year) as name_zh from dim_district "
        "where valid_from_year <= ? and coalesce(valid_to_year, 9999) >= ? group by all) "
        "select d.*, d.district_code as unit_code, coalesce(u.name_zh, n.name_zh, d.district_code) as name_zh, "
        "coalesce(p.parcels, 0) as parcels from fct_district_year as d "
        "left join dim_unit as u on u.scale = 'district' and u.unit_code = d.district_code "
        "left join n on n.district_code = d.district_code left join p on p.district_code = d.district_code "
        "order by d.district_code",
        [marts.year, marts.year],
    )
    city = marts.one(
        "select *, city_code as unit_code, (select count(*) from base_dim_parcel where is_industrial) as parcels "
        "from fct_city_year order by city_code"
    )
    return AreaTable(
        columns=_area_columns(marts, city, rows),
        rows=rows,
        total=city,
        reasons=_reasons(marts, ("district", "city")),
        notes=_reconciliation(marts) if marts.area_code == marts.city_code else [],
        missing=None if rows else absence(marts, "分区指标", ["parcels"]),
    )


def _reasons(marts: Marts, scales: Sequence[str]) -> dict[tuple[str, str], str]:
    """Why figures are missing; output and tax have no reason of their own and take that of their land rate."""
    found = marts.rows(
        "select unit_code, indicator_code, null_reason from missing_value where list_contains(?, scale)",
        [list(scales)],
    )
    reasons = {(r["unit_code"], r["indicator_code"]): words.reason(r["null_reason"]) for r in found}
    kin = {
        "output_cny10k": "land_output_cny10k_per_ha",
        "unmatched_output_cny10k": "land_output_cny10k_per_ha",
        "tax_paid_cny10k": "land_tax_cny10k_per_ha",
    }
    for unit in {unit for unit, _ in reasons}:
        for column, rate in kin.items():
            if (unit, rate) in reasons:
                reasons.setdefault((unit, column), reasons[unit, rate])
    return reasons


def _reconciliation(marts: Marts) -> list[str]:
    """Compare the districts' sums with the city row: said aloud where they differ by more than a rounding error."""
    names = {"site_area_m2": "用地面积", "output_cny10k": "工业总产值", "unmatched_output_cny10k": "未落宗产值"}
    notes = []
    for column, name in names.items():
        row = marts.one(
            f"select (select sum({column}) from base_fct_district_year) as parts, "
            f"(select {column} from fct_city_year order by city_code limit 1) as whole"
        )
        if row["parts"] is not None and row["whole"] is not None:
            apart = abs(row["parts"] - row["whole"]) > 1e-9 * max(abs(row["parts"]), abs(row["whole"]))
            notes += (
                [f"注意：各区{name}之和与全市不一致（{row['parts']:,.4f} 与 {row['whole']:,.4f}）。"] if apart else []
            )
    return notes


_ZONE_FORMS = (
    ("development_ratio", figures.PERCENT),
    ("supply_ratio", figures.PERCENT),
    ("built_ratio", figures.PERCENT),
    ("industrial_land_ratio", figures.PERCENT),
    ("plot_ratio", figures.RATIO),
    ("building_density", figures.PERCENT),
    ("industrial_plot_ratio", figures.RATIO),
    ("industrial_building_coefficient", figures.PERCENT),
    ("investment_intensity_cny10k_per_ha", figures.CNY10K_PER_HA),
    ("land_tax_cny10k_per_ha", figures.CNY10K_PER_HA),
    ("idle_ratio", figures.PERCENT),
)


def _named(marts: Marts, forms: Sequence[tuple[str, Form]]) -> tuple[Column, ...]:
    """Columns of indicators under their names in the catalogue."""
    names = {r["indicator_code"]: r["name_zh"] for r in marts.rows("select indicator_code, name_zh from dim_indicator")}
    return tuple(Column(code, names.get(code, code), form) for code, form in forms)


def zones(marts: Marts) -> AreaTable:
    """Return the table of development zones."""
    rows = marts.rows(
        "select z.*, z.zone_code as unit_code, coalesce(d.name_zh, z.zone_code) as name_zh, d.zone_type, d.level "
        "from fct_zone_year as z left join dim_zone as d on d.zone_code = z.zone_code order by z.zone_code"
    )
    return AreaTable(
        columns=_named(marts, _ZONE_FORMS),
        rows=rows,
        total={},
        reasons=_reasons(marts, ("zone",)),
        notes=[],
        missing=None if rows else absence(marts, "开发区指标", ["zones"]),
    )


_DUE = """
select d.*, coalesce(u.name_zh, d.district_code) as district_name
from fct_stage_due as d left join dim_unit as u on u.scale = 'district' and u.unit_code = d.district_code
"""
_DUE_ORDER = "d.due_date, d.agreement_no, d.obligation, d.seq_no"


def contracts(marts: Marts) -> Contracts:
    """Return the contract obligations as they stand on the as-of date."""
    states = marts.rows(
        "select state, count(*) as n, count(distinct agreement_no) as agreements, min(due_date) as first_due "
        "from fct_stage_due group by all order by state"
    )
    return Contracts(
        states=states,
        overdue=marts.rows(f"{_DUE} where d.state = 'overdue' order by {_DUE_ORDER} limit ?", [SHOWN_OBLIGATIONS]),
        coming=marts.rows(
            f"{_DUE} where d.state in ('due', 'upcoming') order by {_DUE_ORDER} limit ?",
            [SHOWN_OBLIGATIONS],
        ),
        results=marts.rows(
            "select stage, count(*) as n, count(*) filter (where result = '达标') as met, "
            "count(*) filter (where result = '不达标') as failed, count(*) filter (where result = '待评') as pending "
            "from fct_stage_result group by stage order by stage"
        ),
        failed=marts.rows(
            "select r.*, coalesce(u.name_zh, r.district_code) as district_name from fct_stage_result as r "
            "left join dim_unit as u on u.scale = 'district' and u.unit_code = r.district_code "
            "where r.result = '不达标' order by r.result_date desc nulls last, r.agreement_no, r.stage limit ?",
            [SHOWN_OBLIGATIONS],
        ),
        missing=None if states else absence(marts, "合同义务", ["agreements"]),
    )


def methods(marts: Marts) -> Methods:
    """Return the schemes that scored something this year, with their weights and ideal values, and the definitions."""
    used = "(select distinct scheme_code, scheme_version from fct_score)"
    named = "left join dim_indicator as i on i.indicator_code = w.indicator_code"
    return Methods(
        schemes=marts.rows(
            f"select * from dim_scheme where (scheme_code, scheme_version) in {used} "
            "or list_contains(?, scheme_code) order by scheme_code, scheme_version",
            [marts.run["schemes"] or []],
        ),
        weights=marts.rows(
            "select w.scheme_code, w.scheme_version, w.group_code, w.indicator_code, w.weight, w.method, "
            "coalesce(w.illustrative, false) as illustrative, coalesce(i.name_zh, (select min(r.name_zh) from "
            "dim_scheme_rule as r where r.kind in ('adjustment', 'limit') and r.rule_code = w.indicator_code and "
            "r.scheme_code = w.scheme_code and r.scheme_version = w.scheme_version), w.indicator_code) as name_zh "
            f"from fct_weight as w {named} "
            "order by w.scheme_code, w.scheme_version, w.group_code, w.weight desc, w.indicator_code limit 400"
        ),
        ideals=marts.rows(
            "select w.scheme_code, w.scheme_version, w.scope, w.indicator_code, w.ideal_value, w.method, w.source, "
            "w.illustrative, coalesce(i.name_zh, w.indicator_code) as name_zh, i.unit "
            f"from fct_ideal_value as w {named} "
            "order by w.scheme_code, w.scheme_version, w.indicator_code, w.scope limit 400"
        ),
        indicators=marts.rows("select * from dim_indicator order by indicator_code"),
    )
