"""mapping.yml: strict keys, derived columns, units, years by column, several datasets from one file."""

from __future__ import annotations

import pytest
from landings import P1, City, parcels

from ingestion import mapping
from landgauge.errors import ConfigurationError

LOTS = "BBL,Boro,LotArea,Use,Year,Bldg\n1.0,1,10,M1,2024,5\n2,9,20,M1,2023,6\n3,1,30,M1,2024,\n4,1,40,M1,soon,7\n"
PROFILE = """
parcel_code_pattern: '^L\\d+$'
"""
MAPPING = """
- files: "raw/lots*.csv"
  year: 2024
  datasets:
    parcels:
      columns:
        parcel_code: {column: BBL, prefix: L}
        district_code: {column: Boro, codes: {1: 440112}}
        site_area_m2: {column: LotArea, unit: ha}
        land_use_code: Use
        use_state: {constant: 在用}
    buildings:
      where: Bldg is not null
      columns:
        building_code: {column: BBL, suffix: -1}
        parcel_code: {column: BBL, prefix: L}
        building_use: {constant: 生产}
        floor_area_m2: {column: Bldg}
        footprint_m2: {column: Missing, default: 2}
"""


def test_one_file_feeds_two_datasets(tmp_path):
    city = City(tmp_path).put({"raw/lots.csv": LOTS, "city.yml": PROFILE, "mapping.yml": MAPPING})
    city.ingest()
    found = city.ask("select parcel_code, district_code, site_area_m2, use_state from accepted.parcels order by 1")
    assert found == [("L3", "440112", 300_000.0, "在用"), ("L4", "440112", 400_000.0, "在用")]
    assert (1, "pattern:parcel_code") in city.rules("parcels")
    assert city.ask("select building_code, footprint_m2 from accepted.buildings where parcel_code = 'L4'") == [
        ("4-1", 2.0)
    ]
    assert city.ask("select rows_in from ledger.load order by dataset") == [(3,), (4,)]
    assert (2, "list:district_code") in city.rules("parcels")
    assert (2, "orphan:parcel_code") in city.rules("buildings")
    uses = city.ask(
        "select source_column, column_name, given_unit from ledger.load_column natural join ledger.load "
        "where dataset = 'parcels' order by 1"
    )
    assert ("LotArea", "site_area_m2", "ha") in uses
    assert ("Year", None, None) in uses


def test_year_by_column_splits_the_rows(tmp_path):
    by_year = MAPPING.replace("year: 2024", "year: {column: Year}")
    city = City(tmp_path).put({"raw/lots.csv": LOTS, "city.yml": PROFILE, "mapping.yml": by_year})
    city.ingest(2024)
    assert (4, "type:data_year") in city.rules("parcels")
    sql = "select dataset, data_year, rows_in from ledger.load order by 1, 2"
    assert city.ask(sql) == [("buildings", 2024, 2), ("parcels", 2024, 3)]
    city.put({"raw/lots.csv": LOTS.replace("soon", "2023")})
    city.ingest(2023)
    assert ("parcels", 2023, 2) in city.ask(sql)


def test_aliases_stand_beside_plain_headers(tmp_path):
    entry = "- {files: 'parcels/*/*.csv', datasets: {parcels: {columns: {site_area_m2: 用地}}}}"
    text = parcels(P1).replace("宗地面积", "用地")
    city = City(tmp_path).put({"parcels/2024/a.csv": text, "mapping.yml": entry})
    city.ingest()
    assert city.ask("select site_area_m2 from accepted.parcels") == [(1000.0,)]


def test_supersedes_works_whichever_file_comes_first(tmp_path):
    entry = "- {files: 'parcels/2024/a.csv', supersedes: parcels/2024/z.csv, datasets: {parcels: {}}}"
    files = {"parcels/2024/a.csv": parcels(P1), "parcels/2024/z.csv": parcels(P1, area="2000"), "mapping.yml": entry}
    city = City(tmp_path).put(files)
    city.ingest()
    assert city.ledger()["parcels/2024/z.csv"] == ("superseded", 1, 0, 0, 1)
    assert city.ledger()["parcels/2024/a.csv"] == ("loaded", 1, 1, 0, 0)
    before = city.ledger()
    city.ingest()
    assert city.ledger() == before


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("- {files: a.csv, datasets: {parcel: {}}}", "'parcel'"),
        ("- {files: a.csv, datasets: {parcels: {colums: {}}}}", "entry 1.datasets.parcels.colums"),
        ("- {files: a.csv, datasets: {parcels: {columns: {plot: X}}}}", "'plot'"),
        ("- {files: a.csv, datasets: {parcels: {crs: EPSG:99999999}}}", "crs"),
        ("- {files: ../a.csv, datasets: {parcels: {}}}", "../a.csv"),
        ("- {files: a.csv, datasets: {parcels: {columns: {site_area_m2: {column: X, unit: stone}}}}}", "stone"),
        ("- {files: a.csv, datasets: {parcels: {columns: {site_area_m2: {column: X, constant: 1}}}}}", "site_area_m2"),
        ("- {files: a.csv", "YAML"),
    ],
)
def test_a_wrong_mapping_names_the_key(tmp_path, text, named):
    City(tmp_path).put({"mapping.yml": text})
    with pytest.raises(ConfigurationError) as caught:
        mapping.load(tmp_path / "landing")
    assert named in caught.value.message


def test_a_wrong_condition_names_itself(tmp_path):
    entry = "- {files: 'parcels/2024/a.csv', datasets: {parcels: {where: 'nowhere ='}}}"
    city = City(tmp_path).put({"parcels/2024/a.csv": parcels(P1), "mapping.yml": entry})
    with pytest.raises(ConfigurationError, match="nowhere ="):
        city.ingest()


def test_an_entry_without_a_year_says_so(tmp_path):
    city = City(tmp_path).put({"raw/a.csv": "x\n1\n", "mapping.yml": "- {files: raw/*.csv, datasets: {parcels: {}}}"})
    with pytest.raises(ConfigurationError, match="year"):
        city.ingest()


def test_an_entry_taken_out_is_told_of(tmp_path):
    """What is loaded stays loaded; nobody is left to think that it has gone."""
    city = City(tmp_path).put({"raw/lots.csv": LOTS, "city.yml": PROFILE, "mapping.yml": MAPPING})
    assert city.ingest().complaints == ()
    city.put({"mapping.yml": MAPPING[: MAPPING.index("    buildings:")]})
    (complaint,) = city.ingest().complaints
    assert complaint.startswith("raw/lots.csv: buildings 2024") and "supersedes" in complaint


def test_a_code_for_nothing_stays_nothing_between_prefix_and_suffix(tmp_path):
    column = "building_code: {column: BBL, "
    text = MAPPING.replace(column, column + "codes: {2: ''}, ")
    city = City(tmp_path).put({"raw/lots.csv": LOTS, "city.yml": PROFILE, "mapping.yml": text})
    city.ingest()
    findings = city.ask("select distinct rule_code from quarantine.finding where dataset = 'buildings' and row_no = 2")
    assert findings == [("required:building_code",)]
