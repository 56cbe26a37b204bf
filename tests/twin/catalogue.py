"""What each indicator is measured in and which way is better, stated apart from the catalogue that the system reads.

The first five and the ratios of land and energy: directions of the limits in 工业项目建设用地控制指标 (2008, 2023) and
of the sibling standards of 深汕 (2011): investment, output, plot ratio, building coefficient at least; energy, green,
administrative land at most. Zones: TD/T 1029, 2014 program; regions: TD/T 1018-2008.
"""

from __future__ import annotations

import csv
import io

MORE, LESS = "positive", "negative"
PER_HA, RATIO = "万元/ha", "1"

STATED: dict[str, tuple[str, str]] = {
    "investment_intensity_cny10k_per_ha": (PER_HA, MORE),
    "plot_ratio": (RATIO, MORE),
    "building_coefficient": (RATIO, MORE),
    "green_ratio": (RATIO, LESS),
    "admin_land_ratio": (RATIO, LESS),
    "land_output_cny10k_per_ha": (PER_HA, MORE),
    "land_tax_cny10k_per_ha": (PER_HA, MORE),
    "land_value_added_cny10k_per_ha": (PER_HA, MORE),
    "land_per_employee_m2_per_person": ("m2/人", LESS),
    "energy_per_output_tce_per_cny10k": ("tce/万元", LESS),
    "energy_per_output_tce_per_cny10k_equivalent": ("tce/万元", LESS),
    "value_added_per_energy_cny10k_per_tce": ("万元/tce", MORE),
    "value_added_per_energy_cny10k_per_tce_equivalent": ("万元/tce", MORE),
    "value_added_per_emission_cny10k_per_t": ("万元/t", MORE),
    "labour_productivity_cny10k_per_person": ("万元/人", MORE),
    "rd_staff_ratio": (RATIO, MORE),
    "rd_intensity": (RATIO, MORE),
    "new_product_ratio": (RATIO, MORE),
    "development_ratio": (RATIO, MORE),
    "supply_ratio": (RATIO, MORE),
    "built_ratio": (RATIO, MORE),
    "industrial_land_ratio": (RATIO, MORE),
    "building_density": (RATIO, MORE),
    "industrial_plot_ratio": (RATIO, MORE),
    "industrial_building_coefficient": (RATIO, MORE),
    "comprehensive_land_tax_cny10k_per_ha": (PER_HA, MORE),
    "population_density_person_per_ha": ("人/ha", MORE),
    "idle_ratio": (RATIO, LESS),
    "urban_rural_population_density_person_per_km2": ("人/km2", MORE),
    "construction_land_investment_cny10k_per_km2": ("万元/km2", MORE),
    "construction_land_gdp_cny10k_per_km2": ("万元/km2", MORE),
    "urban_plot_ratio": (RATIO, MORE),
    "new_land_per_investment_m2_per_cny10k": ("m2/万元", LESS),
    "stock_supply_ratio": (RATIO, MORE),
    "batch_supply_ratio": (RATIO, MORE),
    "urban_rural_land_per_population_growth_m2_per_person": ("m2/人", LESS),
    "gdp_land_use_decline_ratio": (RATIO, MORE),
    "new_land_per_gdp_growth_m2_per_cny10k": ("m2/万元", LESS),
    "population_land_elasticity_ratio": (RATIO, MORE),
    "gdp_land_elasticity_ratio": (RATIO, MORE),
    "population_land_contribution_ratio": (RATIO, MORE),
    "gdp_land_contribution_ratio": (RATIO, MORE),
}


def catalogue_faults(text: str) -> list[str]:
    """Return what the text of seeds/policy/indicator.csv says otherwise than STATED."""
    rows = {row["indicator_code"]: row for row in csv.DictReader(io.StringIO(text))}
    faults = [f"{code}: not stated in tests/twin/catalogue.py" for code in rows.keys() - STATED.keys()]
    faults += [f"{code}: not in the catalogue" for code in STATED.keys() - rows.keys()]
    for code in rows.keys() & STATED.keys():
        told = rows[code]["unit"], rows[code]["direction"]
        if told != STATED[code]:
            faults.append(f"{code}: {told} in the catalogue, {STATED[code]} stated")
    return sorted(faults)
