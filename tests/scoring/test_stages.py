"""The score stage on a small working file made by hand, without dbt."""

from datetime import date

import pytest

from landgauge.errors import ConfigurationError
from landgauge.settings import Settings, StageResult
from landgauge.stages import score as score_stage
from scoring import tables
from warehouse import db

MARTS = """
create schema marts; create schema profile;
create table profile.setting as select 'C1' as city_code, ['built_form'] as schemes;
create table marts.dim_indicator as
    select unnest(['plot_ratio', 'building_coefficient']) as indicator_code, 'positive' as direction;
create table marts.dim_parcel as
    select parcel_code, 2024 as year, district_code, land_use_code
    from (values ('P1', 'D1', 'M1'), ('P2', 'D1', 'M1'), ('P3', 'D2', null), ('P4', 'D2', 'M2'),
          ('P5', 'D2', 'M2'))
        as t (parcel_code, district_code, land_use_code);
create table marts.fct_parcel_year as
    select parcel_code, 2024 as year, plot_ratio, building_coefficient
    from (values ('P3', 0.49, 0.15), ('P1', 0.98, 0.4), ('P2', 0.49, 0.3), ('P4', null, null), ('P5', 0.49, null))
        as t (parcel_code, plot_ratio, building_coefficient);
"""


@pytest.fixture
def settings(tmp_path, monkeypatch):
    monkeypatch.setattr(score_stage, "run_layer", lambda settings, layer: StageResult(rows={"models": 0}))
    made = Settings(warehouse=tmp_path, year=2024, as_of=date(2024, 12, 31), threads=1)
    with db.connect(made) as con:
        con.execute(MARTS)
    return made


def query(settings, sql):
    return db.read_arrow(settings, sql).to_pylist()


def test_scores_ranks_and_grades_of_five_parcels(settings):
    result = score_stage.score(settings)
    rows = query(
        settings, "select * exclude (scale, year, scheme_code, scheme_version) from scored.score order by unit_code"
    )
    assert [r["score"] for r in rows] == [100.0, pytest.approx(75), pytest.approx(50), None, pytest.approx(50)]
    assert [r["grade"] for r in rows] == ["A", "A", "C", None, "C"]
    assert [r["rank_in_city"] for r in rows] == [1, 2, 3, None, 3]
    assert [(r["group_code"], r["group_size"], r["rank_in_group"]) for r in rows] == [
        ("M1", 2, 1),
        ("M1", 2, 2),
        (None, None, None),
        ("M2", 1, None),
        ("M2", 1, 1),
    ]
    assert [r["rank_in_district"] for r in rows] == [1, 2, 1, None, 1]
    assert [(r["rated"], r["not_rated_reason"]) for r in rows][2:] == [
        (True, None),
        (False, "no_value"),
        (True, None),
    ]
    assert result.rows["built_form parcel rated"] == 4 and result.rows["built_form parcel units"] == 5


def test_every_unit_has_every_indicator_as_a_component(settings):
    score_stage.score(settings)
    rows = query(settings, "select * from scored.score_component order by unit_code, indicator_code")
    assert len(rows) == 10 and {r["unit_code"] for r in rows} == {"P1", "P2", "P3", "P4", "P5"}
    half = next(r for r in rows if (r["unit_code"], r["indicator_code"]) == ("P2", "plot_ratio"))
    assert (half["value"], half["ideal_value"], half["standardised"], half["weight"]) == (0.49, 0.98, 0.5, 0.5)
    assert (half["contribution"], half["obstacle_degree"]) == (25.0, 1.0)
    missing = next(r for r in rows if (r["unit_code"], r["indicator_code"]) == ("P4", "building_coefficient"))
    assert [missing[c] for c in ("value", "standardised", "weight", "contribution")] == [None] * 4
    assert missing["obstacle_degree"] == 0 and missing["ideal_value"] == 0.3
    present = next(r for r in rows if (r["unit_code"], r["indicator_code"]) == ("P5", "plot_ratio"))
    assert (present["weight"], present["contribution"], present["obstacle_degree"]) == (1.0, 50.0, 1.0)


def test_chunks_do_not_change_anything(settings, monkeypatch):
    score_stage.score(settings)
    whole = [query(settings, f"select * from scored.{t} order by all") for t in ("score", "score_component")]
    monkeypatch.setattr(tables, "CHUNK", 1)
    score_stage.score(settings)
    assert whole == [query(settings, f"select * from scored.{t} order by all") for t in ("score", "score_component")]


def test_weights_and_ideal_values_of_the_schemes_in_use_are_written(settings):
    score_stage.score(settings)
    weights = query(settings, "select group_code, indicator_code, weight, year, illustrative from scored.weight")
    assert [tuple(r.values()) for r in weights] == [
        ("parcel", "plot_ratio", 0.5, 2024, True),
        ("parcel", "building_coefficient", 0.5, 2024, True),
    ]
    assert query(settings, "select distinct scope from scored.ideal_value") == [{"scope": "parcel"}]


def test_no_parcels_give_empty_tables(settings):
    with db.connect(settings) as con:
        con.execute("delete from marts.fct_parcel_year")
    score_stage.score(settings)
    assert query(settings, "select count(*) as n from scored.score") == [{"n": 0}]


@pytest.mark.parametrize(
    ("scheme", "message"),
    [
        ("nonsense", r"unknown scheme 'nonsense'; shipped: .*built_form, .*gz_performance"),
        ("gz_performance", "unknown indicator"),
    ],
)
def test_a_scheme_that_cannot_be_scored_is_a_wrong_call(settings, scheme, message):
    wrong = Settings(warehouse=settings.warehouse, year=2024, as_of=settings.as_of, schemes=(scheme,), threads=1)
    with pytest.raises(ConfigurationError, match=message) as caught:
        score_stage.score(wrong)
    assert caught.value.exit_code == 2 and caught.value.next_step
