"""What the job computes: sums of enterprises, the twelve indicators of parcels, and how they are scored.

Policy of this benchmark alone: the bounds of its grades and the part of the weights that must be present.
"""

from __future__ import annotations

SUMS = (
    *("output_cny10k", "revenue_cny10k", "value_added_cny10k", "fixed_investment_cny10k", "employees"),
    *("rd_expenditure_cny10k", "tax_paid_cny10k", "energy_tce"),
)
# name: numerator, denominator, whether less is better
INDICATORS: dict[str, tuple[str, str, bool]] = {
    "investment_intensity_cny10k_per_ha": ("(fixed_investment_cny10k + land_price_cny10k)", "ha", False),
    "plot_ratio": ("floor_area_m2", "site_area_m2", False),
    "building_coefficient": ("footprint_m2", "site_area_m2", False),
    "green_ratio": ("green_area_m2", "site_area_m2", False),
    "land_output_cny10k_per_ha": ("output_cny10k", "ha", False),
    "land_value_added_cny10k_per_ha": ("value_added_cny10k", "ha", False),
    "land_tax_cny10k_per_ha": ("tax_paid_cny10k", "ha", False),
    "land_per_employee_m2_per_person": ("site_area_m2", "employees", True),
    "energy_per_output_tce_per_cny10k": ("energy_tce", "output_cny10k", True),
    "value_added_per_energy_cny10k_per_tce": ("value_added_cny10k", "energy_tce", False),
    "labour_productivity_cny10k_per_person": ("value_added_cny10k", "employees", False),
    "rd_intensity": ("rd_expenditure_cny10k", "revenue_cny10k", False),
}
NAMES = tuple(INDICATORS)
NEGATIVE = tuple(negative for _, _, negative in INDICATORS.values())
FULL_MARKS, MINIMUM_PRESENT = 100.0, 0.5
GRADES = {"A": 35.0, "B": 25.0, "C": 15.0, "D": 0.0}  # from which score on, best first
NUMBERS = ("site_area_m2", "enterprises", *SUMS, *NAMES, "score")  # of the scored parcels
