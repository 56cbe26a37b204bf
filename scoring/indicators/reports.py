"""What each enterprise reported in the year: twelve measures, energy in tce by coefficient and unit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from scoring.indicators.inputs import CityYear, Record, records
from scoring.indicators.quotient import Amount, total

OPERATIONS = (
    *("output_cny10k", "revenue_cny10k", "value_added_cny10k", "fixed_investment_cny10k", "employees", "rd_staff"),
    *("rd_expenditure_cny10k", "new_product_sales_cny10k"),
)
MEASURES = (*OPERATIONS, "tax_paid_cny10k", "energy_tce", "energy_tce_equivalent", "emission_t")
POLLUTANTS = ("COD", "NH3-N", "SO2", "NOx")

Report = Mapping[str, Amount]


def reports(city: CityYear, firms: Iterable[str]) -> dict[str, Report]:
    """Return the measures of each enterprise; what it did not report is None."""
    operations = {row["uscc"]: row for row in city.rows("operations")}
    taxes = {row["uscc"]: row for row in city.rows("taxes")}
    energy, emissions = energy_in_tce(city), emissions_in_t(city)
    result: dict[str, Report] = {}
    for uscc in firms:
        economy = operations.get(uscc, {})
        result[uscc] = {
            **{measure: economy.get(measure) for measure in OPERATIONS},
            "tax_paid_cny10k": taxes.get(uscc, {}).get("tax_paid_cny10k"),
            "energy_tce": energy["calorific"].get(uscc),
            "energy_tce_equivalent": energy["equivalent"].get(uscc),
            "emission_t": emissions.get(uscc),
        }
    return result


def emissions_in_t(city: CityYear) -> dict[str, Amount]:
    """Return COD + NH3-N + SO2 + NOx of each enterprise that reported one of them."""
    rows: dict[str, list[Amount]] = defaultdict(list)
    for row in city.rows("emissions"):
        if row["pollutant"] in POLLUTANTS:
            rows[row["uscc"]].append(row["emission_t"])
    return {uscc: total(amounts) for uscc, amounts in rows.items()}


def energy_in_tce(city: CityYear) -> dict[str, dict[str, Amount]]:
    """Return tce by accounting (calorific 当量, equivalent 等价) and enterprise; None where one row has no value."""
    table = records(city.policy["energy_coefficient"])
    units = {row["unit"]: row for row in records(city.policy["unit"])}
    known = {accounting: coefficients(table, accounting, city.year) for accounting in ("calorific", "equivalent")}
    # A type that the table gives no 等价 value in any year has the same one in both.
    has_equivalent = {row["energy_type"] for row in table if row["accounting"] == "equivalent"}
    known["equivalent"] |= {k: v for k, v in known["calorific"].items() if k not in has_equivalent}
    by_firm: dict[str, list[Record]] = defaultdict(list)
    for row in city.rows("energy"):
        by_firm[row["uscc"]].append(row)
    return {
        accounting: {uscc: _whole(rows, table, units) for uscc, rows in by_firm.items()}
        for accounting, table in known.items()
    }


def coefficients(table: list[Record], accounting: str, year: int) -> dict[str, Record]:
    """Return each type's coefficient of a year; the one that begins last holds."""
    rows = [row for row in table if row["accounting"] == accounting]
    rows = [r for r in rows if (r["valid_from_year"] or 0) <= year <= (r["valid_to_year"] or year)]
    rows.sort(key=lambda row: (row["valid_from_year"] or 0, row["edition"]))
    return {row["energy_type"]: row for row in rows}


def _whole(rows: list[Record], known: Mapping[str, Record], units: Mapping[str, Record]) -> Amount:
    parts = [_tce(row, known.get(row["energy_type"]), units) for row in rows]
    return None if None in parts else total(parts)


def _tce(row: Record, coefficient: Record | None, units: Mapping[str, Record]) -> Amount:
    """Return one consumption in tce; None without coefficient, or where the units measure different things."""
    given = units.get(row["unit"])
    base = units.get(coefficient["per_unit"]) if coefficient else None
    if coefficient is None or given is None or base is None or given["dimension"] != base["dimension"]:
        return None
    if row["quantity"] is None:
        return None
    return row["quantity"] * (given["factor_to_base"] / base["factor_to_base"] * coefficient["tce_per_unit"])
