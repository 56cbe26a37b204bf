"""Corrections: applied where they fit, quarantined where they do not, undone when they go."""

from __future__ import annotations

import json
import random

from landings import HEADER, P1, P2, U1, City

PARCELS = f"{HEADER},绿地面积,供应日期\n{P1},440112,M1,1000,200,2020-05-01\n{P2},440112,M1,1000,,\n"
COLUMNS = "编号,数据集,年份,主键,字段,原值,新值,原因,批准人,日期\n"


def correction(column: str, old: str, new: str, code: str = P1, number: str = "G1", **other: str) -> str:
    key = json.dumps({"parcel_code": code}).replace('"', '""')
    dataset, day = other.get("dataset", "parcels"), other.get("day", "2024-06-01")
    return f'{number},{dataset},2024,"{key}",{column},{old},{new},笔误,张三,{day}\n'


def load(tmp_path, *lines: str) -> City:
    city = City(tmp_path).put({"parcels/2024/a.csv": PARCELS, "corrections/2024/c.csv": COLUMNS + "".join(lines)})
    city.ingest()
    return city


def green(city: City) -> list[object]:
    return [row[0] for row in city.ask("select green_area_m2 from accepted.parcels order by parcel_code")]


def test_a_fitting_correction_is_seen_and_the_raw_row_stays(tmp_path):
    city = load(tmp_path, correction("green_area_m2", "２００.0", '"1,000"'))
    assert green(city) == [1000.0, None]
    assert city.ask("select green_area_m2 from raw.parcels order by row_no") == [(200.0,), (None,)]
    assert city.ledger()["corrections/2024/c.csv"] == ("loaded", 1, 1, 0, 0)
    assert city.ledger()["parcels/2024/a.csv"] == ("loaded", 2, 2, 0, 0)
    city.ingest()
    assert green(city) == [1000.0, None]


def test_an_empty_old_value_fits_an_empty_cell(tmp_path):
    city = load(
        tmp_path,
        correction("green_area_m2", "", "50", P2),
        correction("supply_date", "2020/5/1", "20200502", number="G2"),
    )
    assert green(city) == [200.0, 50.0]
    assert city.ask("select cast(supply_date as varchar) from accepted.parcels order by parcel_code")[0] == (
        "2020-05-02",
    )


MISFITS = [
    (("green_area_m2", "201", "100"), {}, "old_value:old_value"),
    (("green_area_m2", "", "100"), {}, "old_value:old_value"),
    (("green_area_m2", "many", "100", P2), {}, "old_value:old_value"),
    (("green_area_m2", "200", "100", "440112001001GB00009"), {}, "old_value:old_value"),
    (("parcel_code", P1, P2), {}, "old_value:old_value"),
    (("nowhere", "1", "2"), {}, "old_value:old_value"),
    (("green_area_m2", "200", "100"), {"dataset": "plots"}, "old_value:old_value"),
    (("green_area_m2", "200", "2000"), {}, "type:new_value"),
    (("green_area_m2", "200", "lots"), {}, "type:new_value"),
]


def test_what_does_not_fit_is_quarantined(tmp_path):
    lines = [correction(*values, number=f"G{i}", **other) for i, (values, other, _) in enumerate(MISFITS)]
    city = load(tmp_path, *lines)
    assert green(city) == [200.0, None]
    assert city.rules("corrections") == [(row_no, rule) for row_no, (*_, rule) in enumerate(MISFITS, start=1)]
    assert city.ledger()["corrections/2024/c.csv"] == ("loaded", len(MISFITS), 0, len(MISFITS), 0)
    assert city.ask("select count(*) from accepted.corrections") == [(0,)]
    assert all("笔误" in row[0] for row in city.ask("select original_row from quarantine.finding"))


def test_corrections_follow_one_another_by_date(tmp_path):
    later = correction("green_area_m2", "300", "400", number="A", day="2024-07-02")
    city = load(tmp_path, later, correction("green_area_m2", "200", "300", number="B", day="2024-07-01"))
    assert green(city) == [400.0, None]
    assert city.rules("corrections") == []


def test_a_correction_of_a_row_that_changed_no_longer_fits(tmp_path):
    city = load(tmp_path, correction("green_area_m2", "200", "300"))
    city.put({"parcels/2024/a.csv": PARCELS.replace("1000,200", "1000,250")})
    city.ingest()
    assert green(city) == [250.0, None]
    assert city.rules("corrections") == [(1, "old_value:old_value")]


def test_a_correction_of_a_year_that_is_not_loaded_waits(tmp_path):
    line = correction("green_area_m2", "200", "300").replace(",2024,", ",2023,", 1)
    city = load(tmp_path, line)
    assert city.rules("corrections") == []
    assert green(city) == [200.0, None]


def test_chains_are_taken_in_their_order(tmp_path):
    """Of one cell, of two columns of a row, one that is valid only after another, one that is no longer."""
    city = load(
        tmp_path,
        correction("green_area_m2", "200", "2000", number="A"),  # more green than site
        correction("site_area_m2", "1000", "3000", number="B"),
        correction("green_area_m2", "200", "2000", number="C"),
        correction("green_area_m2", "200", "50", number="D"),  # it is 2000 by now
        correction("green_area_m2", "2000", "2500", number="E"),
        correction("site_area_m2", "3000", "2400", number="F"),  # less site than green
        correction("use_state", "", "闲置", code=P2, number="A2"),
        correction("green_area_m2", "", "5", code=P2, number="B2"),
        correction("use_state", "闲置", "在用", code=P2, number="C2"),
    )
    found = city.ask("select site_area_m2, green_area_m2, use_state from accepted.parcels order by parcel_code")
    assert found == [(3000.0, 2500.0, None), (1000.0, 5.0, "在用")]
    assert city.rules("corrections") == [(1, "type:new_value"), (4, "old_value:old_value"), (6, "type:new_value")]
    assert city.ask("select count(*) from raw.corrected_parcels") == [(2,)]


def test_many_corrections_equal_those_taken_one_by_one(tmp_path):
    rng, names = random.Random(4), ("site_area_m2", "green_area_m2", "yard_area_m2")
    codes = [f"440112001001GB{i:05d}" for i in range(8)]
    stands = {
        code: {"site_area_m2": 1000, "green_area_m2": 200, "yard_area_m2": 10 * i} for i, code in enumerate(codes)
    }
    rows = "".join(f"{code},440112,M1,1000,200,{row['yard_area_m2']}\n" for code, row in stands.items())
    lines, rules = [], []
    for number in range(90):
        code, name = rng.choice(codes), rng.choice(names)
        row, new = stands[code], rng.choice((150, 250, 900, 1200))
        old = row[name] if rng.random() < 0.8 else 7
        lines.append(correction(name, str(old), str(new), code, f"{number:04d}"))
        changed = row | {name: new}
        if old != row[name]:
            rules.append((number + 1, "old_value:old_value"))
        elif max(changed["green_area_m2"], changed["yard_area_m2"]) > changed["site_area_m2"]:
            rules.append((number + 1, "type:new_value"))
        else:
            row[name] = new
    rng.shuffle(lines)
    city = City(tmp_path).put(
        {
            "parcels/2024/a.csv": f"{HEADER},绿地面积,堆场用地面积\n{rows}",
            "corrections/2024/c.csv": COLUMNS + "".join(lines),
        }
    )
    city.ingest()
    found = city.ask(f"select parcel_code, {', '.join(names)} from accepted.parcels order by 1")
    assert found == [(code, *(stands[code][name] for name in names)) for code in codes]
    order = {int(line[:4]) + 1: place for place, line in enumerate(lines, start=1)}
    assert city.rules("corrections") == sorted((order[number], rule) for number, rule in rules)
    assert {rule for _, rule in rules} == {"old_value:old_value", "type:new_value"}


def test_a_correction_makes_no_orphan(tmp_path):
    zone = "开发区代码,名称,类型,行政区代码\nZ1,某区,经开区,440112\nZ2,某区,经开区,440112\n"
    files = {
        "parcels/2024/a.csv": f"{HEADER},开发区代码\n{P1},440112,M1,1000,Z1\n{P2},440112,M1,1000,Z1\n",
        "buildings/2024/b.csv": f"建筑编号,宗地代码,建筑用途,建筑占地面积,建筑面积\nB,{P1},生产,1,1\n",
        "zones/2024/z.csv": zone,
        "corrections/2024/c.csv": COLUMNS
        + correction("zone_code", "Z1", "Z9", number="A")
        + correction("zone_code", "Z1", "Z2", number="B")
        + correction("parcel_code", P1, P2, number="C", dataset="buildings").replace(
            f'""parcel_code"": ""{P1}""', '""building_code"": ""B""'
        )
        + correction("parcel_code", P2, "440112001001GB00009", number="D", dataset="buildings").replace(
            f'""parcel_code"": ""{P1}""', '""building_code"": ""B""'
        ),
    }
    city = City(tmp_path).put(files)
    city.ingest()
    assert city.rules("corrections") == [(1, "orphan:new_value"), (4, "orphan:new_value")]
    assert city.ask("select zone_code from accepted.parcels order by parcel_code") == [("Z2",), ("Z1",)]
    assert city.ask("select parcel_code from accepted.buildings") == [(P2,)]
    city.put({"zones/2024/z.csv": zone.replace("Z2", "Z9")})
    city.ingest()
    assert city.rules("corrections") == [(2, "old_value:old_value"), (4, "orphan:new_value")]
    assert city.ask("select zone_code from accepted.parcels order by parcel_code") == [("Z9",), ("Z1",)]


def test_a_row_of_a_mapped_source_is_corrected_though_it_lacks_other_figures(tmp_path):
    mapped = "- {files: 'operations/*/*', datasets: {operations: {columns: {uscc: id, revenue_cny10k: rev}}}}\n"
    key = json.dumps({"uscc": U1}).replace('"', '""')
    files = {
        "mapping.yml": mapped,
        "parcels/2024/a.csv": PARCELS,
        "operations/2024/o.csv": f"id,rev\n{U1},5\n",
        "corrections/2024/c.csv": COLUMNS + f'1,operations,2024,"{key}",revenue_cny10k,5,6,笔误,张三,2024-06-01\n',
    }
    city = City(tmp_path).put(files)
    city.ingest()
    assert city.ask("select revenue_cny10k, output_cny10k from accepted.operations") == [(6.0, None)]
