"""Units of headers and energy rows, and the policy seeds behind them."""

from __future__ import annotations

import pytest

from ingestion import units
from landgauge import policy


@pytest.mark.parametrize(
    ("given", "wanted", "factor"),
    [
        ("m2", "m2", 1),
        ("㎡", "m2", 1),
        ("m²", "m2", 1),
        ("亩", "m2", 2000 / 3),
        ("亩", "ha", 1 / 15),
        ("公顷", "m2", 10000),
        ("平方公里", "ha", 100),
        ("ft2", "m2", 0.3048**2),
        ("us_ft2", "m2", (1200 / 3937) ** 2),
        ("acre", "m2", 4046.8564224),
        ("元", "cny10k", 0.0001),
        ("千元", "cny10k", 0.1),
        ("万元", "cny10k", 1),
        ("百万元", "cny10k", 100),
        ("亿元", "cny10k", 10000),
        ("亿 元", "cny10k", 10000),
        ("kgce", "tce", 0.001),
        ("万吨标准煤", "tce", 10000),
        ("千克", "t", 0.001),
        ("万吨", "t", 10000),
        ("KWH", "10^4 kWh", 0.0001),
        ("10⁴ kWh", "kWh", 10000),
        ("MWh", "万千瓦时", 0.1),
        ("kWh", "GJ", 0.0036),
        ("百万千焦", "GJ", 1),
        ("10^4 m3", "立方米", 10000),
        ("万人", "person", 10000),
        ("%", "ratio", 0.01),
        ("％", "ratio", 0.01),
    ],
)
def test_factors(given, wanted, factor):
    assert units.factor(given, wanted) == pytest.approx(factor, rel=1e-14)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [("%", "m2"), ("万元", "m2"), ("t", "tce"), ("m3", "m2"), ("桶", "t"), ("", "t"), ("m2", None), ("m2", "")],
)
def test_what_does_not_convert(given, wanted):
    assert units.factor(given, wanted) is None


def test_spellings_belong_to_one_unit_each():
    folded: dict[str, set[tuple[str, str]]] = {}
    for row in policy.rows("unit"):
        folded.setdefault(units.fold(row["unit"]), set()).add((row["dimension"], row["factor_to_base"]))
    assert len(folded) > 80
    assert {name: found for name, found in folded.items() if len(found) > 1} == {}


def test_base_units_are_units_and_count_one():
    for row in policy.rows("unit"):
        base = units.find(row["base_unit"])
        assert base is not None
        assert (base.factor_to_base, base.dimension) == (1.0, row["dimension"])
        assert row["source"]


def test_energy_coefficients_are_the_contracts_defaults():
    defaults = {
        "原煤": 0.7143, "洗精煤": 0.9, "焦炭": 0.9714, "原油": 1.4286, "燃料油": 1.4286, "汽油": 1.4714,
        "煤油": 1.4714, "柴油": 1.4571, "液化石油气": 1.7143, "天然气": 12.143, "热力": 0.03412, "电力": 1.229,
        "其他": 1,
    }  # fmt: skip
    rows = policy.rows("energy_coefficient")
    calorific = {row["energy_type"]: float(row["tce_per_unit"]) for row in rows if row["accounting"] == "calorific"}
    assert calorific == defaults
    assert all(units.find(row["per_unit"]) for row in rows)


def test_every_year_has_one_coefficient_of_each_kind():
    rows = policy.rows("energy_coefficient")
    kinds = {(row["energy_type"], row["accounting"]) for row in rows}
    assert len(kinds) == 26
    for year in (2005, 2012, 2013, 2024, 2040):
        valid = [
            (row["energy_type"], row["accounting"])
            for row in rows
            if int(row["valid_from_year"]) <= year <= int(row["valid_to_year"] or 9999)
        ]
        assert sorted(valid) == sorted(kinds)
    assert {
        row["illustrative"] for row in rows if row["accounting"] == "equivalent" and row["energy_type"] == "电力"
    } == {"true"}
