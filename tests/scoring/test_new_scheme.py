"""docs/schemes.md, followed word by word: a scheme for an invented city by seeds alone, checked, shown and scored."""

import csv
import re
import shutil
from datetime import date

import numpy as np
import pyarrow as pa
import pytest

from landgauge import cli, policy, schemes
from landgauge.errors import ConfigurationError
from landgauge.settings import POLICY, PROJECT_ROOT, Settings, StageResult
from landgauge.stages import score as score_stage
from scoring.scheme import Rule
from scoring.units import Units, first_that_holds
from warehouse import db

BLOCKS = re.findall(
    r"`(scheme\w*\.csv)`:\n\n```csv\n(.*?)```", (PROJECT_ROOT / "docs" / "schemes.md").read_text(encoding="utf-8"), re.S
)
MARTS = """
create schema marts; create schema profile;
create table profile.district as select unnest(['D1', 'D2']) as code;
create table marts.dim_indicator as
    select unnest(['plot_ratio', 'building_coefficient']) as indicator_code, 'positive' as direction;
create table marts.dim_parcel as
    select parcel_code, 2024 as year, district_code, land_use_code, use_state
    from (values ('P1', 'D1', 'M1', '在用'), ('P2', 'D2', 'M1', '闲置'), ('P3', 'D2', 'W1', '在用'),
          ('P4', 'D1', 'M1', null)) as t (parcel_code, district_code, land_use_code, use_state);
create table marts.fct_parcel_year as
    select parcel_code, 2024 as year, plot_ratio, building_coefficient
    from (values ('P1', 1.0, 0.4), ('P2', 0.5, 0.3), ('P3', 9.0, 0.9), ('P4', 0.0, 0.2))
        as t (parcel_code, plot_ratio, building_coefficient);
"""


@pytest.fixture(scope="module")
def columns():
    return schemes._columns()


@pytest.fixture(autouse=True)
def columns_once(columns, monkeypatch):
    """Read the contracts of the marts once: they stand beside the project and not in a folder of seeds."""
    monkeypatch.setattr(schemes, "_columns", lambda: columns)


@pytest.fixture
def seeds(tmp_path):
    folder = tmp_path / "policy"
    folder.mkdir()
    beside = ("indicator", "judgement_matrix", "delphi_points", "random_index")
    for path in (*POLICY.glob("scheme*.csv"), *(POLICY / f"{name}.csv" for name in beside)):
        shutil.copy(path, folder)
    return folder


@pytest.fixture
def with_example(seeds):
    for name, block in BLOCKS:
        header, _, rows = block.partition("\n")
        assert (seeds / name).read_text(encoding="utf-8").splitlines()[0] == header
        with (seeds / name).open("a", encoding="utf-8") as handle:
            handle.write(rows)
    return seeds


def test_the_example_is_a_whole_scheme(with_example):
    assert len(BLOCKS) == 10
    assert "can be scored with" in schemes.check(with_example)
    shown = schemes.show("example_city", 2024, with_example)
    assert "bonus_compact" in shown and "加分上限 bonus_limit" in shown and "县区权重 D2 plot_ratio: 0.5" in shown
    assert "理想值 district_code=D2 0.3" in shown and "[示意]" in shown


def test_the_example_scores(with_example, tmp_path, monkeypatch):
    """By hand: P1 100 x (0.6 + 0.4) + 2 - 0.5 above the limit; P2 100 x (0.5 x 0.6 + 0.5), weights and ideal value 0.3
    of its district; P4 12 + 20."""
    monkeypatch.setattr(score_stage, "run_layer", lambda settings, layer: StageResult(rows={}))
    monkeypatch.setattr(
        score_stage.policy, "rows", lambda name, rows=policy.rows: rows(name, _folder(with_example, name))
    )
    made = Settings(warehouse=tmp_path, year=2024, as_of=date(2024, 12, 31), schemes=("example_city",), threads=1)
    with db.connect(made) as con:
        con.execute(MARTS)
    score_stage.score(made)
    rows = db.read_arrow(made, "select * from scored.score order by unit_code").to_pylist()
    assert [r["score"] for r in rows] == [pytest.approx(101.5), pytest.approx(80), None, pytest.approx(32)]
    assert [r["grade"] for r in rows] == ["A", "B", None, "B"]
    assert [(r["veto_code"], r["not_rated_reason"]) for r in rows] == [
        (None, None),
        ("idle", None),
        (None, "storage_land"),
        (None, None),
    ]
    parts = db.read_arrow(
        made, "select unit_code, sum(contribution) as s from scored.score_component group by 1 order by 1"
    )
    assert [r["s"] for r in parts.to_pylist()] == [r["score"] for r in rows]
    used = db.read_arrow(made, "select group_code, weight from scored.weight where indicator_code = 'plot_ratio'")
    assert used.to_pylist() == [
        {"group_code": "parcel", "weight": 0.6},
        {"group_code": "parcel:district_code=D2", "weight": 0.5},
    ]
    with db.connect(made) as con:
        con.execute("delete from profile.district where code = 'D2'")
    with pytest.raises(ConfigurationError, match="weights of district 'D2', which the profile does not have"):
        score_stage.score(made)


def _folder(seeds, name):
    return seeds if (seeds / f"{name}.csv").exists() else POLICY


def _edit(folder, seed, column, value, **where):
    """Change a cell of the first row that fits; return the line where it stands."""
    path = folder / f"{seed}.csv"
    with path.open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    number = next(n for n, row in enumerate(rows) if all(row[k] == v for k, v in where.items()))
    rows[number][column] = value
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return number + 2


@pytest.mark.parametrize(
    ("seed", "column", "value", "message"),
    [
        ("scheme", "scales", "parcel,planet", "unknown scale"),
        ("scheme", "valid_from_year", "soon", "must be a year"),
        ("scheme_scale", "missing_rule", "guess", "missing_rule must be one of"),
        ("scheme_scale", "group_by", "colour", "no column 'colour'"),
        ("scheme_indicator", "indicator_code", "happiness", "unknown indicator"),
        ("scheme_indicator", "standardisation", "guess", "standardisation must be one of"),
        ("scheme_indicator", "weight", "0.7", "weights sum to 1.1, not 1"),
        ("scheme_indicator", "low", "2", "low 2.0 must lie below high 1.0"),
        ("scheme_indicator", "weight_source", "", "weight_source is missing"),
        ("scheme_ideal_value", "ideal_value", "", "must be a number"),
        ("scheme_ideal_value", "scope_column", "district_code", "scope_column and scope_code must both be given"),
        ("scheme_grade", "scale", "zone", "seed scheme has no example_city 1 zone"),
        ("scheme_adjustment", "operator", "like", "operator must be one of"),
        ("scheme_adjustment", "threshold", "many", "needs a number as threshold"),
        ("scheme_adjustment", "points", "", "points must be a number"),
        ("scheme_veto", "grade", "Z", "no grade 'Z'"),
        ("scheme", "applied_back_to_year", "2021", "applied_back_to_year lies after valid_from_year"),
        ("scheme", "valid_from_year", "2020.5", "must be a year"),
        ("scheme_scale", "min_present_weight", "1_0", "must be a number"),
        ("scheme_indicator", "weight", "0.601", "weights sum to 1.001, not 1"),
        ("scheme_indicator", "weight", "０.6", "must be a number"),
        ("scheme_indicator", "weight", "", "must be a number"),
        ("scheme_ideal_value", "precedence", "1", "needs a precedence below that of every scope"),
        ("scheme_ideal_value", "precedence", "0.5", "must be a whole number"),
        ("scheme_grade", "grade", "", "'' is empty or stands twice"),
        ("scheme_adjustment_limit", "points_kind", "both", "points_kind must be one of bonus, deduction"),
        ("scheme_adjustment_limit", "most_points", "0", "most_points must lie above 0"),
        ("scheme_adjustment_limit", "limit_code", "bonus_compact", "stands twice"),
        ("scheme_district_weight", "weight", "0.4", "weights of district D2 sum to 0.9, not 1"),
        ("scheme_district_weight", "indicator_code", "happiness", "an indicator that the scheme does not have"),
        ("scheme_district_weight", "district_code", "", "needs a district"),
        ("scheme_district_weight", "weight_source", "", "weight_source is missing"),
        ("scheme_not_rated", "column_name", "moon_phase", "no column 'moon_phase'"),
    ],
)
def test_a_fault_names_seed_and_line(with_example, seed, column, value, message):
    line = _edit(with_example, seed, column, value, scheme_code="example_city")
    with pytest.raises(ConfigurationError, match=re.escape(message)) as caught:
        schemes.check(with_example)
    assert f"seeds/policy/{seed}.csv line {line}" in str(caught.value.message)
    assert caught.value.exit_code == 2


def test_a_missing_ideal_value_is_refused(with_example):
    path = with_example / "scheme_ideal_value.csv"
    kept = [r for r in path.read_text(encoding="utf-8").splitlines() if not r.startswith("example_city")]
    path.write_text("\n".join(kept) + "\n", encoding="utf-8")
    with pytest.raises(
        ConfigurationError, match=r"scheme_indicator.csv line \d+: .*building_coefficient: needs an ideal"
    ):
        schemes.check(with_example)


def test_overlapping_versions_are_refused_with_both_lines(seeds):
    line = _edit(seeds, "scheme", "valid_to_year", "2022", scheme_code="huangyan_above", scheme_version="2021")
    with pytest.raises(ConfigurationError, match=f"overlap in their validity: .*scheme.csv line {line} and .*line"):
        schemes.check(seeds)


def test_a_row_with_a_cell_too_many_is_refused(seeds):
    with (seeds / "scheme_veto.csv").open("a", encoding="utf-8") as handle:
        handle.write("huaian,2024\n")
    with pytest.raises(ConfigurationError, match=r"scheme_veto.csv line \d+: more or fewer cells"):
        schemes.check(seeds)


def _appended(folder, seed, line):
    with (folder / f"{seed}.csv").open("a", encoding="utf-8") as handle:
        handle.write(f"{line}\n")
    return len((folder / f"{seed}.csv").read_text(encoding="utf-8").splitlines())


@pytest.mark.parametrize(
    ("seed", "line", "message"),
    [
        ("scheme", "example_city,2,x,x,parcel,,,,,x,true,x", "versions overlap in their validity"),
        ("scheme", "example_city,2,x,x,,2010,2011,,,x,true,x", "names no scale"),
        ("scheme_adjustment_limit", "example_city,1,parcel,more,x,bonus,9,x,true", "a second limit of bonus points"),
        ("scheme_district_weight", "example_city,1,parcel,D2,plot_ratio,0.5,x,true", "stands twice"),
        ("scheme_district_weight", "example_city,1,parcel,D3,plot_ratio,0.5,x,true", "district D3 sum to 0.9, not 1"),
        (
            "scheme_district_weight",
            "example_city,9,parcel,D2,plot_ratio,0.5,x,true",
            "seed scheme has no example_city 9",
        ),
        ("scheme_ideal_value", "example_city,1,parcel,building_coefficient,,D9,0,0.4,t,x,true", "both be given"),
        ("scheme_grade", "example_city,1,parcel,3,C,x,,,x,true", "best first"),
    ],
)
def test_a_row_too_many_is_refused_and_named(with_example, seed, line, message):
    number = _appended(with_example, seed, line)
    with pytest.raises(ConfigurationError, match=message) as caught:
        schemes.check(with_example)
    assert f"seeds/policy/{seed}.csv line {number}" in caught.value.message or seed == "scheme_grade"


def test_weights_that_cannot_be_derived_and_measures_of_no_grade_are_refused(seeds):
    _edit(seeds, "scheme_weighting", "method", "guess", scheme_code="gz_performance_combined", scale="parcel")
    _edit(seeds, "delphi_points", "points", "-1", scheme_code="gz_performance_combined", scale="enterprise")
    line = _edit(seeds, "scheme_measure", "grade", "Z", scheme_code="huaian")
    with pytest.raises(ConfigurationError) as caught:
        schemes.check(seeds)
    assert "gz_performance_combined 1, scale parcel: method must be one of" in caught.value.message
    assert "not below 0" in caught.value.message
    assert f"scheme_measure.csv line {line}: seed scheme_grade has no huaian 2024 enterprise Z" in caught.value.message


def test_files_that_a_spreadsheet_has_spoiled(with_example):
    """A byte order mark is read over; another encoding, an empty file and other columns are refused by name."""
    path = with_example / "scheme_grade.csv"
    good = path.read_text(encoding="utf-8")
    path.write_text(good, encoding="utf-8-sig")
    assert "can be scored with" in schemes.check(with_example)
    spoiled = {
        "is not UTF-8": good.encode("gbk", "replace"),
        "a header in which each column": b"",
        "no column 'min_score' and has an unknown column 'lowest'": good.replace("min_score", "lowest", 1).encode(),
        "has an unknown column 'extra'": "\n".join(f"{r},extra" for r in good.splitlines()).encode(),
    }
    for message, content in spoiled.items():
        path.write_bytes(content)
        with pytest.raises(ConfigurationError, match=message) as caught:
            schemes.check(with_example)
        assert "scheme_grade.csv" in caught.value.message
    path.unlink()
    with pytest.raises(ConfigurationError, match=r"scheme_grade.csv is missing"):
        schemes.check(with_example)


def test_seeds_without_a_scheme_are_no_success(seeds):
    path = seeds / "scheme.csv"
    path.write_text(path.read_text(encoding="utf-8").splitlines()[0] + "\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"no scheme|no row"):
        schemes.check(seeds)


def test_the_difference_of_two_versions():
    text = schemes.diff("huangyan_above", "2021", "2022")
    assert "~ scheme_ideal_value enterprise rd_intensity: ideal_value 0.0305 → 0.0302" in text
    assert "same" in schemes.diff("huaian", "2024", "2024")
    with pytest.raises(ConfigurationError, match="has no version '1999'"):
        schemes.diff("huaian", "1999", "2024")


def test_the_command_line(capsys):
    assert cli.main(["scheme", "check"]) == 0
    assert "can be scored with" in capsys.readouterr().out
    assert cli.main(["scheme", "show", "huaian", "--year", "2024"]) == 0
    assert cli.main(["scheme", "diff", "huangyan_below", "2021", "2022"]) == 0
    assert cli.main(["scheme", "show", "nonsense", "--year", "2024"]) == 2
    assert "unknown scheme 'nonsense'" in capsys.readouterr().err


def test_an_operator_that_does_not_fit_its_column_is_a_wrong_call():
    rule = Rule("r", "r", "use_state", "below", "1", "test", True)
    units = Units(pa.array(["P1"]), np.zeros((1, 1)), {}, {"use_state": pa.chunked_array([["idle"]])})
    with pytest.raises(ConfigurationError, match="rule r: below cannot compare the column use_state"):
        first_that_holds((rule,), units, 2024)
