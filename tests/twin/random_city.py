"""Small cities made from a seed alone, hostile within what the input contract lets pass."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date

from shapely import box, to_wkb

from .engine import City, Row, shipped

CITIES = 50  # as many as are compared
OPTIONAL = (
    "buildings",
    "enterprises",
    "occupancy",
    "operations",
    "taxes",
    "energy",
    "emissions",
    "zones",
    "district_series",
)
DISTRICTS: list[Row] = [
    {"code": "440106", "name_zh": "甲", "valid_from_year": 1985},
    {"code": "440112", "name_zh": "乙", "valid_from_year": 1973},
    {"code": "440113", "name_zh": "丙", "valid_from_year": 2000, "valid_to_year": 2030},
    {"code": "440116", "name_zh": "丁", "valid_from_year": 2005, "valid_to_year": 2014, "successor_code": "440112"},
    {"code": "440199", "name_zh": "戊", "valid_from_year": 2024},
]
LAND_USES: list[Row] = [
    {"code": "M1", "is_industrial": True},
    {"code": "W", "is_industrial": True},
    {"code": "R", "is_industrial": False},
]
_TREE = (("C", 1, None), ("C36", 2, "C"), ("C361", 3, "C36"), ("C3610", 4, "C361"), ("C13", 2, "C"), ("C131", 3, "C13"))
INDUSTRIES: list[Row] = [
    *({"edition": e, "code": c, "level": v, "parent_code": p} for e in ("2017", "2011") for c, v, p in _TREE),
    {"edition": "2002", "code": "C37", "level": 2, "parent_code": "C"},
    {"edition": "2002", "code": "C3725", "level": 4, "parent_code": "C372"},  # its group is not in the table
]
CODES = ("361", "3610", "36", "13", "131", "C36", "C", "3725", "37", "9999")
ZONE_AREAS = ["a1", "a2", "a31", "a32", "a4", "a51", "a52", "a6", "b11", "b12", "b21", "b22", "d1", "d21", "d22", "g"]
SERIES = (
    *("gdp_cny10k", "fixed_investment_cny10k", "population", "construction_land_ha", "supplied_ha", "approved_ha"),
    *("urban_rural_construction_land_ha", "new_construction_land_ha", "stock_supplied_ha", "approved_supplied_ha"),
    "floor_area_m2",
)
ZONE_FIGURES = (
    *("floor_area_m2", "industrial_floor_area_m2", "footprint_m2", "industrial_footprint_m2", "resident_population"),
    *("fixed_investment_cny10k", "industrial_tax_cny10k", "secondary_tertiary_tax_cny10k"),
)
OPERATIONS = (
    *("output_cny10k", "revenue_cny10k", "fixed_investment_cny10k", "employees", "rd_staff"),
    *("rd_expenditure_cny10k", "new_product_sales_cny10k"),
)
Draw = Callable[[], float | None]


def random_city(seed: int) -> City:
    """Return the city of a seed."""
    rng = random.Random(seed)
    city = City(name=f"city {seed}", year=2015 if seed % 4 == 3 else 2023)
    present = _ledger(rng, city)
    parcels = _parcels(rng)
    firms = _enterprises(rng, parcels)
    usccs = [firm["uscc"] for firm in firms]
    makers: dict[str, Callable[[], list[Row]]] = {
        "buildings": lambda: _buildings(rng, parcels),
        "enterprises": lambda: firms,
        "occupancy": lambda: _occupancy(rng, parcels, usccs, city.year),
        "operations": lambda: _operations(rng, usccs),
        "taxes": lambda: _some(rng, usccs, {"tax_paid_cny10k": column(rng, signed=True, required=True)}),
        "energy": lambda: _energy(rng, usccs),
        "emissions": lambda: _emissions(rng, usccs),
        "zones": lambda: _zones(rng),
        "district_series": lambda: _series(rng, city),
    }
    city.rows = {"parcels": parcels} | {name: make() for name, make in makers.items() if name in present}
    city.noise = {name: rows[: len(rows) // 2] for name, rows in city.rows.items() if name != "district_series"}
    city.profile = {"district": DISTRICTS, "land_use": LAND_USES, "industry": INDUSTRIES}
    if seed % 3 == 1:
        city.policy["energy_coefficient"] = _coefficients(rng)
    return city


def column(rng: random.Random, signed: bool = False, required: bool = False) -> Draw:
    """Return what draws the values of one column; its temper is drawn once: plain, sparse, empty, zero, tiny, huge."""
    tempers = ["plain"] * 10 + ["sparse"] * 5 + ["zero", "zero", "tiny", "huge", "mixed", "empty", "empty"]
    temper = rng.choice(tempers)
    if required and temper in ("sparse", "empty"):
        temper = "plain"

    def draw() -> float | None:
        if temper == "empty" or (temper == "sparse" and rng.random() < 0.5):
            return None
        value = _size(rng, temper)
        return -value if signed and rng.random() < 0.3 else value

    return draw


def _size(rng: random.Random, temper: str) -> float:
    if rng.random() < (0.6 if temper == "zero" else 0.08):
        return 0.0
    if temper == "mixed":
        temper = rng.choice(("plain", "tiny", "huge"))
    if temper == "tiny":
        return rng.uniform(1, 9) * 10.0 ** rng.randint(-4, -2)  # sums hold 16 decimals
    if temper == "huge":
        return rng.uniform(1, 9) * 10.0 ** rng.randint(12, 14)
    return round(rng.uniform(0.01, 10.0 ** rng.randint(1, 5)), 2)


def _ledger(rng: random.Random, city: City) -> set[str]:
    """Load each dataset, or leave it absent: never sent, rejected, superseded, or of another year."""
    present = {name for name in OPTIONAL if rng.random() < 0.9}
    city.loads = [(name, city.year, "loaded") for name in ("parcels", *sorted(present))]
    for name in OPTIONAL:
        if name not in present and rng.random() < 0.7:
            absent = ((name, city.year, "rejected"), (name, city.year, "superseded"), (name, city.year - 1, "loaded"))
            city.loads.append(rng.choice(absent))
    return present


def _parcels(rng: random.Random) -> list[Row]:
    count = rng.choice((1, 5, rng.randint(2, 40), rng.randint(10, 40)))
    names = ("green_area_m2", "structure_footprint_m2", "yard_area_m2", "admin_land_area_m2", "land_price_cny10k")
    draws = {name: column(rng) for name in names}
    sites = column(rng, required=True)
    rows = []
    for number in range(count):
        row: Row = {name: draw() for name, draw in draws.items()}
        row |= {"parcel_code": f"P{number:03d}", "site_area_m2": sites() or 1000.0}
        row |= {
            "district_code": rng.choice(DISTRICTS[:4])["code"],
            "land_use_code": rng.choice(("M1", "M1", "W", "R", "X")),
        }
        row |= {"block_code": rng.choice((None, "K1", "K2", "K3")), "zone_code": rng.choice((None, "Z1"))}
        row["geometry"] = to_wkb(_square(number)) if rng.random() < 0.8 else None
        rows.append(row)
    return rows


def _square(number: int) -> object:
    """Return the number's place in a grid whose neighbours share borders; every seventh reaches over the next."""
    west, south = 113 + number % 6 / 64, 23 + number // 6 / 64
    return box(west, south, west + (1.5 if number % 7 == 6 else 1) / 64, south + 1 / 64)


def _enterprises(rng: random.Random, parcels: list[Row]) -> list[Row]:
    rows = []
    for number in range(rng.choice((0, 1, rng.randint(5, 80), rng.randint(20, 80), rng.randint(20, 80)))):
        row: Row = {"uscc": f"E{number:03d}", "industry_code": rng.choice(CODES)}
        row["industry_edition"] = rng.choice(("2017", "2017", None, "2011", "2002"))
        row["district_code"] = rng.choice(DISTRICTS)["code"] if rng.random() < 0.95 else "440105"
        row["registration_state"] = rng.choice(("存续", "在业", "停业", "注销", "吊销", None, "存续", "存续"))
        if rng.random() < 0.7:  # on a corner, on a border, inside, or outside
            row["longitude"] = 113 + rng.randint(-2, 14) / 128
            row["latitude"] = 23 + rng.randint(-2, 14) / 128
        rows.append(row)
    return rows


def _occupancy(rng: random.Random, parcels: list[Row], usccs: list[str], year: int) -> list[Row]:
    floor, land = column(rng), column(rng)
    rows = []
    for uscc in usccs:
        places = rng.sample(parcels, min(len(parcels), rng.choice((0, 1, 1, 2, 3, 4))))
        for parcel in places:
            start, end = rng.choice(_periods(year)) if rng.random() < 0.5 else (None, None)
            rows.append(
                {"parcel_code": parcel["parcel_code"], "uscc": uscc, "tenure": rng.choice(("自有", "承租"))}
                | {"floor_area_m2": floor(), "land_area_m2": land(), "start_date": start, "end_date": end}
            )
    return rows


def _periods(year: int) -> tuple[tuple[date | None, date | None], ...]:
    first, last = date(year, 1, 1), date(year, 12, 31)
    return (
        *((first, last), (None, first), (last, None), (None, date(year - 1, 12, 31)), (date(year + 1, 1, 1), None)),
        *((date(year, 7, 1), date(year, 6, 30)), (date(year + 1, 5, 1), date(year, 5, 1)), (date(1990, 1, 1), None)),
    )


def _buildings(rng: random.Random, parcels: list[Row]) -> list[Row]:
    without = rng.choice(DISTRICTS)["code"]  # a district without a register
    share = rng.choice((0.3, 0.7, 0.9))
    built = [p for p in parcels if p["district_code"] != without and rng.random() < share]
    foot, floor, over = column(rng), column(rng), column(rng)
    uses = ("生产", "仓储", "行政办公", "生活服务", "其他", None)
    rows = []
    for parcel in built:
        for _ in range(rng.randint(1, 3)):
            row = {"parcel_code": parcel["parcel_code"], "building_use": rng.choice(uses), "footprint_m2": foot()}
            row |= {"building_code": f"B{len(rows)}", "floor_area_m2": floor(), "floor_area_over_8m_m2": over()}
            rows.append(row)
    return rows


def _some(rng: random.Random, usccs: list[str], draws: dict[str, Draw]) -> list[Row]:
    share = rng.choice((0.0, 0.5, 0.9, 1.0, 1.0))
    return [{"uscc": uscc} | {k: draw() for k, draw in draws.items()} for uscc in usccs if rng.random() < share]


def _operations(rng: random.Random, usccs: list[str]) -> list[Row]:
    draws = {name: column(rng) for name in OPERATIONS} | {"value_added_cny10k": column(rng, signed=True)}
    return _some(rng, usccs, draws)


def _energy(rng: random.Random, usccs: list[str]) -> list[Row]:
    per_unit = {row["energy_type"]: row["per_unit"] for row in shipped("energy_coefficient")}
    dimension = {row["unit"]: row["dimension"] for row in shipped("unit")}
    quantity, odd = column(rng, required=True), rng.random() < 0.4
    rows = []
    for uscc in usccs:
        for kind in rng.sample(sorted(per_unit), rng.choice((0, 1, 1, 2, 4))):
            units = [unit for unit in dimension if dimension[unit] == dimension[per_unit[kind]]]
            row: Row = {"uscc": uscc, "energy_type": kind, "quantity": quantity(), "unit": rng.choice(units)}
            if odd and rng.random() < 0.1:
                row |= rng.choice(({"energy_type": "沼气"}, {"unit": "m2"}, {"unit": "桶"}))
            rows.append(row)
    return rows


def _coefficients(rng: random.Random) -> list[Row]:
    """Return a table with periods that overlap, a type without 等价 and one whose 等价 holds in another year only."""
    rows = [
        row
        for row in shipped("energy_coefficient")
        if (row["energy_type"], row["accounting"]) != ("汽油", "equivalent")
    ]
    coal = next(row for row in rows if row["energy_type"] == "原煤")
    later = coal | {"valid_from_year": 2010.0, "tce_per_unit": rng.uniform(0.5, 0.9), "edition": "later"}
    early = {"valid_to_year": 1999.0}
    return [
        *(row | (early if (row["energy_type"], row["accounting"]) == ("柴油", "equivalent") else {}) for row in rows),
        *(later, coal | {"valid_from_year": 2050.0, "tce_per_unit": 9.0}),
    ]


def _emissions(rng: random.Random, usccs: list[str]) -> list[Row]:
    pollutants, amount = ("COD", "NH3-N", "SO2", "NOx", "VOCs", "烟粉尘"), column(rng, required=True)
    return [
        {"uscc": uscc, "pollutant": pollutant, "emission_t": amount()}
        for uscc in usccs
        for pollutant in rng.sample(pollutants, rng.choice((0, 1, 2, 6)))
    ]


def _zones(rng: random.Random) -> list[Row]:
    rows = []
    for number in range(rng.randint(0, 5)):
        temper = rng.choice(("plain", "plain", "zero", "sparse", "rules"))
        names = [*(f"{code}_ha" for code in ZONE_AREAS), *ZONE_FIGURES]
        row: Row = {name: None if temper == "sparse" and rng.random() < 0.1 else _size(rng, temper) for name in names}
        if temper == "rules":  # on the limits of the rules of zone types
            row |= {f"{code}_ha": 0.0 for code in ZONE_AREAS[:8]}
            row |= rng.choice(
                (
                    {"a1_ha": 25.0, "a2_ha": 30.0, "a6_ha": 45.0},
                    {"a1_ha": 24.0, "a2_ha": 30.0, "a6_ha": 46.0},
                    {"a1_ha": 24.0, "a2_ha": 31.0, "a6_ha": 45.0},
                )
            )
        kind = rng.choice(("经开区", "高新区", "保税区", "其他"))
        rows.append(
            row | {"zone_code": f"Z{number}", "zone_type": kind, "district_code": rng.choice(DISTRICTS)["code"]}
        )
    return rows


def _series(rng: random.Random, city: City) -> list[Row]:
    """Return two or three years of statistics: growth, decline and standstill, gaps, and a row for the city or none."""
    codes = [d["code"] for d in DISTRICTS if rng.random() < 0.95] + [city.city_code] * rng.randint(0, 1)
    rows = []
    for code in codes:
        start = {measure: round(rng.uniform(1, 1000), 1) for measure in SERIES}
        for year in range(city.year - rng.choice((0, 1, 1, 1, 2)), city.year + 1):
            figures = {name: _next(rng, value) for name, value in start.items()}
            rows.append({"data_year": year, "district_code": code, "industry_code": "00"} | figures)
            if rng.random() < 0.3:
                rows.append({"data_year": year, "district_code": code, "industry_code": "C", "gdp_cny10k": 9.0})
    return [row for row in rows if rng.random() < 0.97]


def _next(rng: random.Random, value: float) -> float | None:
    change = rng.choice((1.0, 1.1, 0.8, 1.0, 1.3, rng.uniform(0.5, 2)))
    return rng.choice((None, 0.0)) if rng.random() < 0.06 else value * change
