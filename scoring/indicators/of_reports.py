"""The indicators whose parts enterprises report, alike at every scale: ratios of two reports, and reports by land."""

from __future__ import annotations

from collections.abc import Iterable

from scoring.indicators.inputs import CityYear
from scoring.indicators.quotient import Amount, Quotient, ha, quotient, times, total
from scoring.indicators.reports import Report

# code: numerator, denominator, the dataset that it needs beside the register and operations
RATIOS = {
    "energy_per_output_tce_per_cny10k": ("energy_tce", "output_cny10k", "energy"),
    "energy_per_output_tce_per_cny10k_equivalent": ("energy_tce_equivalent", "output_cny10k", "energy"),
    "value_added_per_energy_cny10k_per_tce": ("value_added_cny10k", "energy_tce", "energy"),
    "value_added_per_energy_cny10k_per_tce_equivalent": ("value_added_cny10k", "energy_tce_equivalent", "energy"),
    "value_added_per_emission_cny10k_per_t": ("value_added_cny10k", "emission_t", "emissions"),
    "labour_productivity_cny10k_per_person": ("value_added_cny10k", "employees", "operations"),
    "rd_staff_ratio": ("rd_staff", "employees", "operations"),
    "rd_intensity": ("rd_expenditure_cny10k", "revenue_cny10k", "operations"),
    "new_product_ratio": ("new_product_sales_cny10k", "revenue_cny10k", "operations"),
}


def absent(city: CityYear, dataset: str) -> bool:
    """Tell whether what an indicator of enterprises needs was not loaded: its dataset or the register."""
    return city.lacks("enterprises", dataset)


def ratio_absent(city: CityYear, code: str) -> bool:
    """Tell whether a dataset of one of the RATIOS was not loaded."""
    return city.lacks("enterprises", "operations", RATIOS[code][2])


def sum_by_share(firms: Iterable[tuple[Report, float]], measure: str) -> Amount:
    """Return Σe of a measure, each value times the enterprise's share."""
    return total(times(report[measure], share) for report, share in firms)


def ratios(city: CityYear, firms: list[tuple[Report, float]]) -> list[Quotient]:
    """Return the RATIOS of a group of (report, share): only enterprises that have both parts count."""
    result = []
    for code, (upper, lower, _) in RATIOS.items():
        both = [(r, share) for r, share in firms if r[upper] is not None and r[lower] is not None]
        parts = sum_by_share(both, upper), sum_by_share(both, lower)
        result.append(quotient(code, *parts, absent=ratio_absent(city, code), deserted=not firms))
    return result


def by_land(
    city: CityYear, area_m2: Amount, sums: Report, deserted: bool = False, empty: bool = False
) -> list[Quotient]:
    """Return the indicators that relate reports to an area of land."""
    output, tax, value_added = sums["output_cny10k"], sums["tax_paid_cny10k"], sums["value_added_cny10k"]
    operations = {"absent": absent(city, "operations"), "deserted": deserted, "empty": empty}
    taxes = operations | {"absent": absent(city, "taxes")}
    return [
        quotient("land_output_cny10k_per_ha", output, ha(area_m2), **operations),
        quotient("land_tax_cny10k_per_ha", tax, ha(area_m2), **taxes),
        quotient("land_value_added_cny10k_per_ha", value_added, ha(area_m2), **operations),
        quotient("land_per_employee_m2_per_person", area_m2, sums["employees"], **operations),
    ]
