"""The generated city: files as the input contract says, valid identifiers, defects where truth.json lists them."""

from __future__ import annotations

import csv
import hashlib
import json
import re
import unicodedata
from collections import defaultdict
from pathlib import Path

import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
import yaml

from ingestion.synthetic.city import write_city
from landgauge.errors import ConfigurationError

PARCELS, ENTERPRISES, YEARS, LAST = 60, 200, 2, 2024
CONTRACTS = Path(__file__).resolve().parents[2] / "ingestion" / "contracts"
INPUTS_MD = Path(__file__).resolve().parents[3] / "shared" / "contract" / "inputs.md"
PARCEL_CODE = re.compile(r"^\d{12}[GJZ][A-HSXWY]\d{5}$")
DISTRICTS_2024 = {
    "440103",
    "440104",
    "440105",
    "440106",
    "440111",
    "440112",
    "440113",
    "440114",
    "440115",
    "440117",
    "440118",
}
Frames = dict[tuple[str, int], dict[str, pd.DataFrame]]


@pytest.fixture(scope="module")
def landing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("landing")
    write_city(folder, PARCELS, ENTERPRISES, YEARS, LAST, 7)
    return folder


@pytest.fixture(scope="module")
def truth(landing: Path) -> dict:
    return json.loads((landing / "truth.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def frames(landing: Path) -> Frames:
    """Every file as text under canonical names, by dataset and year, by file name."""
    found: Frames = defaultdict(dict)
    for path in sorted(landing.glob("*/*/*")):
        dataset, year = path.parts[-3], int(path.parts[-2])
        found[dataset, year][path.relative_to(landing).as_posix()] = read(path, dataset)
    return found


def read(path: Path, dataset: str) -> pd.DataFrame:
    if path.suffix == ".parquet":
        table = pd.read_parquet(path)
    elif path.suffix == ".xlsx":
        table = pd.read_excel(path, dtype=str, engine="calamine")
    elif path.suffix == ".gpkg":
        meta, _, wkb, columns = pyogrio.raw.read(path, layer="parcels")
        table = pd.DataFrame(dict(zip(meta["fields"], columns, strict=True))).assign(geometry=list(wkb))
    else:
        raw = path.read_bytes()
        encoding = "utf-8-sig" if _is_utf8(raw) else "gb18030"
        cells = list(csv.reader(raw.decode(encoding).splitlines()))
        table = pd.DataFrame([row[: len(cells[0])] for row in cells[1:]], columns=cells[0])
    return table.rename(columns={header: canonical(dataset, header) for header in table.columns})


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def contract(dataset: str) -> dict:
    return yaml.safe_load((CONTRACTS / f"{dataset}.yml").read_text(encoding="utf-8"))


def canonical(dataset: str, header: str) -> str:
    plain = re.sub(r"[(（](亿元|万元|公顷)[)）]$", "", header)
    names = {h: c["name"] for c in contract(dataset)["columns"] for h in (c["name"], c["header_zh"])}
    return names[plain]


def whole(frames: Frames, dataset: str, year: int) -> pd.DataFrame:
    """All rows of a dataset and year with file and row number, junk included."""
    parts = [f.assign(file_name=n, row_no=np.arange(1, len(f) + 1)) for n, f in frames[dataset, year].items()]
    return pd.concat(parts, ignore_index=True)


def good(frames: Frames, truth: dict, dataset: str, year: int) -> pd.DataFrame:
    rows = whole(frames, dataset, year)
    bad = {(d["file_name"], d["row_no"]) for d in truth["defects"] if d["severity"] == "error"}
    return rows[[(n, r) not in bad for n, r in zip(rows["file_name"], rows["row_no"], strict=True)]]


def test_every_dataset_of_the_contract_has_every_column_and_a_value_in_it(frames: Frames) -> None:
    for path in CONTRACTS.glob("*.yml"):
        names = {c["name"] for c in contract(path.stem)["columns"]}
        assert set().union(*(whole(frames, path.stem, y).columns for y in (2023, 2024))) >= names, path.stem
        filled = pd.concat([whole(frames, path.stem, y) for y in (2023, 2024)]).replace("", None).notna().any()
        never = names - set(filled[filled].index) - {"zone_code", "parcel_code", "amount_cny10k", "lease_end_date"}
        assert not never, f"{path.stem}: {never} is always empty"


@pytest.mark.skipif(not INPUTS_MD.is_file(), reason="the contract page is not beside the project")
def test_headers_are_canonical_or_stand_in_the_contract_page(landing: Path, frames: Frames) -> None:
    page = INPUTS_MD.read_text(encoding="utf-8")
    for path in landing.glob("*/2024/*.csv"):
        raw = path.read_bytes()
        head = raw.decode("utf-8-sig" if _is_utf8(raw) else "gb18030").splitlines()[0]
        for header in head.replace('"', "").split(","):
            assert re.sub(r"[(（].*[)）]$", "", header) in page.replace("约定开工/竣工/投产/达产日期", ""), (
                path.name,
                header,
            )


def test_a_dataset_comes_in_several_kinds_of_files(landing: Path, frames: Frames) -> None:
    kinds = {p.suffix for p in landing.glob("*/2024/*")}
    assert kinds == {".gpkg", ".parquet", ".csv", ".xlsx"}
    assert not _is_utf8((landing / "operations/2024/operations_440115.csv").read_bytes())
    headers = pd.read_excel(landing / "operations/2024/operations_440117.xlsx", engine="calamine").columns
    assert "工业总产值(亿元)" in headers


def test_rows_are_counted_and_findings_lie_in_their_files(frames: Frames, truth: dict) -> None:
    rows = {name: len(frame) for files in frames.values() for name, frame in files.items()}
    assert truth["rows"] == rows
    assert all(1 <= d["row_no"] <= rows[d["file_name"]] for d in truth["defects"])
    assert {d["severity"] for d in truth["defects"]} == {"error", "warning"}


def test_no_dataset_has_more_defects_than_the_gate_tolerates(frames: Frames, truth: dict) -> None:
    bad = defaultdict(set)
    for d in truth["defects"]:
        if d["severity"] == "error":
            bad[d["dataset"], d["year"]].add((d["file_name"], d["row_no"]))
    assert bad
    for key, rows in bad.items():
        assert len(rows) <= 0.05 * len(whole(frames, *key)), key


def test_the_city_says_that_it_is_generated(landing: Path, frames: Frames, truth: dict) -> None:
    assert yaml.safe_load((landing / "city.yml").read_text(encoding="utf-8")) == {"generated": True}
    assert truth["generated"] is True
    names = good(frames, truth, "enterprises", LAST)["enterprise_name"]
    assert names.str.match(r"^生成企业\d+\(示例\)$").all()


def uscc_is_valid(code: str) -> bool:
    """GB 32100-2015 with GB 11714-1997, written out again, independently of the generator."""
    letters = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    if len(code) != 18 or any(c not in letters for c in code):
        return False
    total = sum(letters.index(c) * 3**i for i, c in enumerate(code[:17]))
    organisation = sum(int(c, 36) * w for c, w in zip(code[8:16], (3, 7, 9, 10, 5, 8, 4, 2), strict=True))
    check = {10: "X", 11: "0"}.get(11 - organisation % 11, str(11 - organisation % 11))
    return letters[(31 - total % 31) % 31] == code[17] and check == code[16]


def test_the_check_of_identifiers_knows_published_codes() -> None:
    """Codes printed at yc00.com/web/1713075042a2177900.html (valid with 3, not with Z)."""
    assert uscc_is_valid("91350100M000100Y43")
    assert not uscc_is_valid("91350100M000100Y4Z")


@pytest.mark.parametrize("year", [2023, 2024])
def test_identifiers_are_valid_and_distinct(frames: Frames, truth: dict, year: int) -> None:
    enterprises, parcels = good(frames, truth, "enterprises", year), good(frames, truth, "parcels", year)
    assert len(enterprises) == enterprises["uscc"].nunique() == ENTERPRISES
    assert all(map(uscc_is_valid, enterprises["uscc"]))
    assert len(parcels) == parcels["parcel_code"].nunique() == PARCELS
    assert all(map(PARCEL_CODE.match, parcels["parcel_code"]))
    assert set(parcels["district_code"]) <= DISTRICTS_2024
    assert (parcels["town_code"].str[:6] == parcels["district_code"]).all()


@pytest.mark.parametrize("year", [2023, 2024])
def test_good_rows_refer_to_good_rows(frames: Frames, truth: dict, year: int) -> None:
    firms = set(good(frames, truth, "enterprises", year)["uscc"])
    lots = set(good(frames, truth, "parcels", year)["parcel_code"])
    zones = set(good(frames, truth, "zones", year)["zone_code"])
    for dataset in ("occupancy", "operations", "taxes", "energy", "emissions", "agreements"):
        assert set(good(frames, truth, dataset, year)["uscc"]) <= firms, dataset
    for dataset in ("buildings", "occupancy", "agreements"):
        assert set(good(frames, truth, dataset, year)["parcel_code"]) <= lots, dataset
    assert set(good(frames, truth, "parcels", year)["zone_code"].replace("", None).dropna()) <= zones


def test_orphans_follow_from_quarantined_rows(frames: Frames, truth: dict) -> None:
    """A row that is lost in the register takes rows of other datasets with it; some of them are in the truth."""
    lost = {
        whole(frames, "enterprises", d["year"]).set_index(["file_name", "row_no"])["uscc"][d["file_name"], d["row_no"]]
        for d in truth["defects"]
        if d["dataset"] == "enterprises" and d["severity"] == "error"
    }
    orphans = {d["value"] for d in truth["defects"] if d["rule_code"] == "orphan:uscc"}
    assert orphans & lost


def polygons(frames: Frames, truth: dict, year: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Good parcels with a polygon, all in EPSG:4547."""
    from pyproj import Transformer

    rows = good(frames, truth, "parcels", year)
    rows = rows[rows["geometry"].notna()]
    shapes = shapely.from_wkb(rows["geometry"].to_numpy())
    metric = Transformer.from_crs("EPSG:4490", "EPSG:4547", always_xy=True)
    degrees = shapely.bounds(shapes)[:, 0] < 180
    shapes[degrees] = shapely.transform(shapes[degrees], metric.transform, interleaved=False)
    return rows, shapes


@pytest.mark.parametrize("year", [2023, 2024])
def test_polygons_overlap_only_where_seeded(frames: Frames, truth: dict, year: int) -> None:
    rows, shapes = polygons(frames, truth, year)
    assert shapely.is_valid(shapes).all()
    one, two = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    apart = one < two
    areas = shapely.area(shapely.intersection(shapes[one[apart]], shapes[two[apart]]))
    touching = np.unique(np.concatenate([one[apart][areas > 1], two[apart][areas > 1]]))
    found = set(rows.iloc[touching][["file_name", "row_no"]].itertuples(index=False, name=None))
    assert found == warned(truth, "qc_overlap", year)
    assert found


@pytest.mark.parametrize("year", [2023, 2024])
def test_registered_areas_differ_only_where_seeded(frames: Frames, truth: dict, year: int) -> None:
    rows, shapes = polygons(frames, truth, year)
    site = numbers(rows["site_area_m2"]).to_numpy()
    off = np.abs(site - shapely.area(shapes)) / site
    found = set(rows[off > 0.05][["file_name", "row_no"]].itertuples(index=False, name=None))
    assert found == warned(truth, "qc_area", year)
    assert off.max() < 0.20


def test_polygons_lie_in_the_extent_of_guangzhou(frames: Frames, truth: dict) -> None:
    """113 to 114 E, 22.4 to 24 N in EPSG:4547, computed with the TM series (field facts, section 7)."""
    _, shapes = polygons(frames, truth, LAST)
    west, south, east, north = shapely.total_bounds(shapes)
    assert 391_900 < west < east < 505_200
    assert 2_481_700 < south < north < 2_648_400


def warned(truth: dict, rule: str, year: int) -> set[tuple[str, int]]:
    return {(d["file_name"], d["row_no"]) for d in truth["defects"] if d["rule_code"] == rule and d["year"] == year}


def numbers(column: pd.Series) -> pd.Series:
    """Cells as numbers, as people type them: thousands commas, full-width figures; NaN where none is readable."""
    return pd.to_numeric(column.map(lambda v: unicodedata.normalize("NFKC", str(v)).replace(",", "")), errors="coerce")


def test_value_added_is_the_stated_share_of_the_official_series(tmp_path: Path) -> None:
    """Secondary value added of Guangzhou 2016 and 2017: 5751.59 and 6015.29 亿元 (National Bureau of Statistics)."""
    write_city(tmp_path, PARCELS, ENTERPRISES, 2, 2017, 3)
    truth = json.loads((tmp_path / "truth.json").read_text(encoding="utf-8"))
    frames: Frames = defaultdict(dict)
    for path in sorted(tmp_path.glob("operations/*/*")) + sorted(tmp_path.glob("district_series/201[67]/*")):
        dataset, year = path.parts[-3], int(path.parts[-2])
        frames[dataset, year][path.relative_to(tmp_path).as_posix()] = read(path, dataset)
    for year, official in {2016: 57_515_900.0, 2017: 60_152_900.0}.items():
        added = numbers(good(frames, truth, "operations", year)["value_added_cny10k"])
        assert added.sum() == pytest.approx(official * truth["value_added_share"], abs=0.02)
        series = good(frames, truth, "district_series", year)
        city = series[series["district_code"] == "440100"].set_index("industry_code")
        assert numbers(city["value_added_cny10k"])["00"] == pytest.approx(official, abs=0.001)


def test_the_district_series_adds_up(frames: Frames, truth: dict) -> None:
    rows = good(frames, truth, "district_series", LAST)
    for column in ("value_added_cny10k", "industrial_land_ha"):
        value = numbers(rows[column])
        city = value[rows["district_code"] == "440100"].groupby(rows["industry_code"]).sum()
        parts = value[rows["district_code"] != "440100"].groupby(rows["industry_code"]).sum()
        assert np.allclose(city, parts, atol=0.001)
        assert city["00"] == pytest.approx(city[["C", "D", "E"]].sum(), abs=0.001)
        assert city["C"] == pytest.approx(city[city.index.str.isdigit() & (city.index != "00")].sum(), abs=0.001)


def test_the_series_goes_fifteen_years_further_back(landing: Path) -> None:
    years = sorted(int(p.name) for p in (landing / "district_series").iterdir())
    assert years == list(range(LAST - YEARS + 1 - 15, LAST + 1))


def test_land_codes_of_zones_add_up(frames: Frames, truth: dict) -> None:
    zones = good(frames, truth, "zones", LAST)
    total = {c: sum(numbers(zones[n]) for n in zones if re.match(rf"^{c}\d*_ha$", n)) for c in "abde"}
    b21 = numbers(zones["b21_ha"])
    assert np.allclose(total["d"] + total["e"], total["a"] + b21, atol=1e-3)
    assert (total["d"] >= total["a"] - 1e-6).all()
    assert (numbers(zones["g_ha"]) <= total["d"] - total["a"] + 1e-3).all()


def test_people_share_parcels_and_some_sit_on_several(frames: Frames, truth: dict) -> None:
    rows = good(frames, truth, "occupancy", LAST)
    assert rows.groupby("parcel_code")["uscc"].nunique().max() >= 3
    assert rows.groupby("uscc")["parcel_code"].nunique().max() >= 2
    assert set(rows["tenure"]) == {"自有", "承租"}
    firms = good(frames, truth, "enterprises", LAST)
    without = firms[~firms["uscc"].isin(rows["uscc"])]
    pointed = numbers(without["longitude"]).notna()
    assert 0 < pointed.sum() < len(without)


def test_occupied_floor_stays_within_the_built_floor(frames: Frames, truth: dict) -> None:
    occupied = good(frames, truth, "occupancy", LAST)
    used = numbers(occupied["floor_area_m2"]).groupby(occupied["parcel_code"]).sum()
    houses = good(frames, truth, "buildings", LAST)
    built = numbers(houses["floor_area_m2"]).groupby(houses["parcel_code"]).sum()
    assert (used <= built.reindex(used.index).fillna(0) + 0.01 * len(occupied)).all()


def test_agreements_are_in_every_stage_with_failed_years_and_credit(tmp_path: Path) -> None:
    write_city(tmp_path, 600, 2000, 1, LAST, 5)
    truth = json.loads((tmp_path / "truth.json").read_text(encoding="utf-8"))
    frames: Frames = defaultdict(dict)
    for dataset in ("verdicts", "agreement_events", "public_notices", "objections", "corrections"):
        for path in (tmp_path / dataset / str(LAST)).iterdir():
            frames[dataset, LAST][path.relative_to(tmp_path).as_posix()] = read(path, dataset)
    verdicts = good(frames, truth, "verdicts", LAST)
    assert set(verdicts["stage"]) == {"准入", "开竣工", "达产", "过程", "到期"}
    failed = verdicts[verdicts["verdict"] == "不达标"].groupby("agreement_no")["evaluation_year"].nunique()
    assert failed.max() == 3
    events = good(frames, truth, "agreement_events", LAST)
    listed, repaired = (events[events["event"] == e]["agreement_no"] for e in ("失信列入", "信用修复"))
    assert set(repaired) < set(listed)
    objections = good(frames, truth, "objections", LAST)
    assert set(objections["decision"].dropna()) == {"采纳", "不采纳"}
    assert objections["decision"].isna().sum() == 1
    deadline = good(frames, truth, "public_notices", LAST)["deadline"].iloc[0]
    assert (objections["received_date"] > deadline).sum() == 1
    corrections = good(frames, truth, "corrections", LAST)
    adopted = objections[objections["decision"] == "采纳"]
    assert set(adopted["correction_no"]) == set(corrections["correction_no"])


def test_corrections_quote_the_declared_value(frames: Frames, truth: dict) -> None:
    rows = good(frames, truth, "corrections", LAST)
    assert len(rows)
    for _, row in rows.iterrows():
        key = json.loads(row["key_json"])
        declared = good(frames, truth, row["dataset"], LAST).set_index("uscc").loc[key["uscc"], row["column"]]
        assert float(declared) == float(row["old_value"])


def digest(folder: Path) -> dict[str, str]:
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return {p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def test_the_same_call_gives_the_same_bytes_and_another_seed_others(landing: Path, tmp_path: Path) -> None:
    again, other = tmp_path / "again", tmp_path / "other"
    write_city(again, PARCELS, ENTERPRISES, YEARS, LAST, 7)
    write_city(other, PARCELS, ENTERPRISES, YEARS, LAST, 8)
    assert digest(again) == digest(landing)
    different = digest(other)
    assert all(different[n] != d for n, d in digest(landing).items() if n.startswith("parcels/"))


def test_years_before_the_merger_use_the_codes_of_their_time(tmp_path: Path) -> None:
    """萝岗区 was merged into 黄埔区, and 增城 and 从化 became districts, in 2014."""
    write_city(tmp_path, 200, 400, 2, 2014, 1)
    codes = {}
    for year in (2013, 2014):
        files = (tmp_path / "parcels" / str(year)).iterdir()
        codes[year] = set().union(*(set(read(p, "parcels")["district_code"]) for p in files))
    assert codes[2013] >= {"440116", "440183", "440184"}
    assert codes[2013].isdisjoint({"440117", "440118"})
    assert codes[2014] >= {"440112", "440117", "440118"}
    assert codes[2014].isdisjoint({"440116", "440183", "440184"})


@pytest.mark.parametrize(
    ("parcels", "enterprises", "years", "last"),
    [(5, 200, 1, 2024), (60, 10, 1, 2024), (60, 200, 0, 2024), (60, 200, 2, 2001)],
)
def test_a_city_that_cannot_be_made_is_refused(
    tmp_path: Path, parcels: int, enterprises: int, years: int, last: int
) -> None:
    with pytest.raises(ConfigurationError):
        write_city(tmp_path / "none", parcels, enterprises, years, last, 1)
    assert not (tmp_path / "none").exists()
