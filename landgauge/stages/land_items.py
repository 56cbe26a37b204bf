"""Rows of land supply: those that are declared, and what the warehouse itself knows of contracts and potentials."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import duckdb
import pandas as pd

from scoring.forecast.land_policy import LandCap, LandPolicy, SupplySource
from scoring.forecast.land_supply import COLUMNS

EXPIRY = "到期收回"  # the contract's source of land whose term ends

_DECLARED = """
select
    supply.supply_id as item_id, supply.data_year, supply.source,
    case when succession.is_split then setting.city_code
        else coalesce(succession.unit_code, supply.district_code) end as district_code,
    supply.industry_code, supply.area_ha, supply.available_year, supply.industrial_share, supply.realisation_rate,
    supply.parcel_code, false as from_marts, parcels.zone_code, cast(null as double) as zone_base_ha
from staging.stg_accepted__land_supply as supply
cross join profile.setting as setting
left join marts.dim_parcel as parcels on supply.parcel_code = parcels.parcel_code and parcels.year = $year
left join (
    select district_code, min(unit_code) as unit_code, bool_or(is_split) as is_split
    from marts.bridge_district_succession where year = $year group by district_code
) as succession on supply.district_code = succession.district_code"""

# the parcels that an agreement's parcel has become and that still stand; a merged one only up to the granted area
_PARCELS = """
select
    lineage.agreement_no, lineage.parcel_code, parcels.district_code, parcels.zone_code,
    least(parcels.site_area_m2, agreements.granted_area_m2) / 10000 as area_ha
from marts.bridge_agreement_parcel as lineage
inner join marts.dim_agreement as agreements on lineage.agreement_no = agreements.agreement_no
inner join marts.dim_parcel as parcels
    on lineage.parcel_code = parcels.parcel_code and parcels.year = $year and parcels.is_industrial
where lineage.left_date is null
qualify row_number() over (partition by lineage.agreement_no, lineage.parcel_code order by lineage.seq_no) = 1"""

_OF_CONTRACTS = """
select
    {item_id} as item_id, cast($year as integer) as data_year, {source} as source, parcels.district_code,
    cast(null as varchar) as industry_code, parcels.area_ha, {available} as available_year,
    cast(null as double) as industrial_share, cast(null as double) as realisation_rate, parcels.parcel_code,
    true as from_marts, parcels.zone_code, cast(null as double) as zone_base_ha
from {rows}
inner join parcels on grounds.agreement_no = parcels.agreement_no"""

# the last agreement of a parcel only: an earlier one that ends gives nothing back
_ENDING = (
    _OF_CONTRACTS.format(
        item_id="'term:' || grounds.agreement_no || ':' || parcels.parcel_code",
        source="$expiry",
        available="greatest(year(grounds.term_end_date), $year)",
        rows="""(
        select agreements.*, lineage.parcel_code as last_parcel_code
        from marts.dim_agreement as agreements
        inner join parcels as lineage on agreements.agreement_no = lineage.agreement_no
        qualify row_number() over (
            partition by lineage.parcel_code order by agreements.term_end_date desc, agreements.agreement_no
        ) = 1
    ) as grounds""",
    )
    + """ and grounds.last_parcel_code = parcels.parcel_code
where year(grounds.term_end_date) between $year and $last and coalesce(grounds.ended_by, '期满') = '期满'"""
)

_CONSEQUENCES = (
    _OF_CONTRACTS.format(
        item_id="grounds.consequence_code || ':' || grounds.agreement_no || ':' || grounds.arises_date || ':' "
        "|| parcels.parcel_code",
        source="sources.source",
        available="greatest(coalesce(year(grounds.due_date), 0), cast($year + sources.years_until as integer))",
        rows="""marts.fct_consequence as grounds
inner join (select unnest($codes) as code, unnest($sources) as source, unnest($lags) as years_until) as sources
    on grounds.consequence_code = sources.code""",
    )
    + " where grounds.state in ('proposed', 'decided')"
)

_POTENTIALS = """
select
    'potential:' || potentials.unit_code as item_id, cast($year as integer) as data_year, $source as source,
    potentials.district_code, cast(null as varchar) as industry_code, potentials.area_ha,
    cast($year + $lag as integer) as available_year, cast(null as double) as industrial_share,
    cast(null as double) as realisation_rate, cast(null as varchar) as parcel_code, true as from_marts,
    potentials.unit_code as zone_code, potentials.base_area_ha as zone_base_ha
from marts.fct_land_potential as potentials
where
    potentials.scale = 'zone' and potentials.year = $year and potentials.potential = $potential
    and potentials.area_ha > 0 and potentials.base_area_ha > 0"""


def items(con: duckdb.DuckDBPyConnection, policy: LandPolicy, year: int, last: int) -> pd.DataFrame:
    """Return every row of supply known in a year, as land_supply.COLUMNS; those of contracts end by `last`."""
    frames = [con.execute(_DECLARED, {"year": year}).df(), *_own(con, policy.sources, year, last)]
    filled = [frame for frame in frames if len(frame)]
    rows = pd.concat(filled, ignore_index=True) if filled else frames[0]
    return rows[COLUMNS].drop_duplicates("item_id").reset_index(drop=True)


def _own(
    con: duckdb.DuckDBPyConnection, sources: Iterable[SupplySource], year: int, last: int
) -> Iterable[pd.DataFrame]:
    """What the warehouse itself knows of the policy's sources."""
    parcels = f"with parcels as ({_PARCELS}) "
    grounds = [(code, s.source, s.years_until) for s in sources for code in s.consequences]
    if grounds:
        codes, names, lags = (list(column) for column in zip(*grounds, strict=True))
        given = {"year": year, "codes": codes, "sources": names, "lags": lags}
        yield con.execute(parcels + _CONSEQUENCES, given).df()
    if any(s.source == EXPIRY for s in sources):
        yield con.execute(parcels + _ENDING, {"year": year, "last": last, "expiry": EXPIRY}).df()
    for source in sources:
        if source.potential:
            given = {"year": year, "source": source.source, "lag": source.years_until, "potential": source.potential}
            yield con.execute(_POTENTIALS, given).df()


def used_of_caps(con: duckdb.DuckDBPyConnection, caps: Iterable[LandCap], year: int) -> Mapping[str, float]:
    """Return, by cap, the new construction land that the series give for its years up to the base year."""
    return {
        cap.code: con.execute(
            "select coalesce(sum(value), 0) from marts.fct_forecast_series where measure = 'new_construction_land_ha'"
            " and industry_code = '00' and district_code = ? and year between ? and ? and base_year = ?",
            [cap.district_code, cap.from_year, min(cap.until_year, year), year],
        ).fetchone()[0]
        for cap in caps
    }


def low_efficiency(con: duckdb.DuckDBPyConnection, year: int, counted: Iterable[str]) -> dict[str, float]:
    """Return the hectares that low-efficiency parcels can release, by district and for the city, without `counted`."""
    return dict(
        con.execute(
            "select coalesce(p.district_code, s.city_code), sum(cast(p.releasable_area_m2 as decimal(38, 8))) / 10000"
            " from marts.fct_low_efficiency_parcel as p cross join profile.setting as s"
            " where p.year = $year and not list_contains($counted, p.parcel_code)"
            " group by grouping sets ((p.district_code), (s.city_code))",
            {"year": year, "counted": sorted(counted)},
        ).fetchall()
    )
