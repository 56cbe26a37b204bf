"""A district series small enough to compute by hand: three districts, one of which took in a fourth in 2023."""

from __future__ import annotations

from typing import Any

ENDED = ("440199", "旧区", 2000, 2022, "440112")
_COLUMNS = ("district_code", "population", "gdp_cny10k", "urban_rural_construction_land_ha", "construction_land_ha")
_COLUMNS += ("fixed_investment_cny10k", "floor_area_m2", "new_construction_land_ha", "energy_tce", "pm25_ug_per_m3")
_COLUMNS += ("stock_supplied_ha", "supplied_ha", "approved_ha", "approved_supplied_ha")
_COLUMNS += ("value_added_cny10k", "output_cny10k", "employees", "industrial_land_ha")
_COLUMNS += ("wastewater_t", "green_coverage_ratio")

_ROWS: dict[int, list[tuple]] = {
    2021: [
        ("440100", 900, 9000, 300, 400, 900, 3e6, 5, 450, 40, 1, 4, 5, 4, 4000, 8000, 400, 100, 90, 0.4),
        ("440106", 500, 6000, 100, 150, 500, 1e6, 2, 200, 42, 1, 2, 2, 2, 1000, 2000, 100, 20, 30, 0.41),
        ("440112", 300, 2000, 150, 180, 300, 1e6, 2, 200, 38, 0, 1, 2, 1, 2500, 5000, 250, 60, 40, 0.39),
        ("440199", 100, 1000, 50, 70, 100, 1e6, 1, 50, 40, 0, 1, 1, 1, 500, 1000, 50, 20, 20, 0.40),
    ],
    2022: [
        ("440100", 1000, 10000, 310, 410, 1000, 3e6, 10, 480, 35, 1, 4, 5, 4, 4400, 8800, 420, 102, 88, 0.41),
        ("440106", 550, 6600, 100, 150, 550, 1e6, 4, 220, 36, 1, 2, 2, 2, 1100, 2200, 110, 20, 28, 0.42),
        ("440112", 340, 2300, 155, 185, 330, 1e6, 4, 210, 34, 0, 1, 2, 1, 2750, 5500, 260, 62, 40, 0.40),
        ("440199", 110, 1100, 55, 75, 120, 1e6, 2, 50, 35, 0, 1, 1, 1, 550, 1100, 50, 20, 20, 0.40),
    ],
    2023: [
        ("440100", 1100, 12000, 341, 451, 1200, 4e6, 20, 500, 30, 3, 5, 8, 6, 5000, 9900, 430, 110, 80, 0.42),
        ("440106", 605, 7920, 100, 150, 600, 1.5e6, 6, 230, 31, 2, 4, 0, 0, 1200, 2400, 120, 20, 25, 0.43),
        ("440112", 495, 4080, 231, 286, 600, 2.5e6, 14, 270, 29, 1, 1, 8, 6, 3800, 7500, 310, 90, 55, 0.41),
    ],
}
_INDUSTRIES: dict[int, list[dict[str, Any]]] = {
    2023: [
        {"district_code": "440106", "industry_code": "36", "value_added_cny10k": 600, "industrial_land_ha": 0},
        {"district_code": "440112", "industry_code": "36", "value_added_cny10k": 950, "industrial_land_ha": 30},
        {"district_code": "440112", "industry_code": "C", "value_added_cny10k": 3000},
        {"district_code": "440100", "industry_code": "C", "value_added_cny10k": 4000},
    ],
}


def rows() -> list[dict[str, Any]]:
    """Return the rows of `accepted.district_series` with their year."""
    every = [{"data_year": year, "industry_code": "00"} | dict(zip(_COLUMNS, row, strict=True))
             for year, found in _ROWS.items() for row in found]  # fmt: skip
    return every + [{"data_year": year} | row for year, found in _INDUSTRIES.items() for row in found]
