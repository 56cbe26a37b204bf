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
from landgauge.stages.units import Units, first_that_holds
from scoring.scheme import Rule
from warehouse import db

BLOCKS = re.findall(
    r"`(scheme\w*\.csv)`:\n\n```csv\n(.*?)```", (PROJECT_ROOT / "docs" / "schemes.md").read_text(encoding="utf-8"), re.S
)
MARTS = """
create schema marts; create schema profile;
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


@pytest.fixture
def seeds(tmp_path):
    folder = tmp_path / "policy"
    folder.mkdir()
    for path in (*POLICY.glob("scheme*.csv"), POLICY / "indicator.csv"):
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
    assert len(BLOCKS) == 8
    assert "can be scored with" in schemes.check(with_example)
    shown = schemes.show("example_city", 2024, with_example)
    assert "bonus_compact" in shown and "理想值 district_code=D2 0.3" in shown and "[示意]" in shown


def test_the_example_scores(with_example, tmp_path, monkeypatch):
    """By hand: P1 100 x (0.6 + 0.4) + 2; P2 100 x (0.6 x 0.6 + 0.4), its district's ideal value 0.3; P4 12 + 20."""
    monkeypatch.setattr(score_stage, "run_layer", lambda settings, layer: StageResult(rows={}))
    monkeypatch.setattr(
        score_stage.policy, "rows", lambda name, rows=policy.rows: rows(name, _folder(with_example, name))
    )
    made = Settings(warehouse=tmp_path, year=2024, as_of=date(2024, 12, 31), schemes=("example_city",), threads=1)
    with db.connect(made) as con:
        con.execute(MARTS)
    score_stage.score(made)
    rows = db.read_arrow(made, "select * from scored.score order by unit_code").to_pylist()
    assert [r["score"] for r in rows] == [pytest.approx(102), pytest.approx(76), None, pytest.approx(32)]
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
        ("scheme_ideal_value", "scope_column", "distrct_code", "no column 'distrct_code'"),
        ("scheme_grade", "scale", "zone", "seed scheme has no example_city 1 zone"),
        ("scheme_adjustment", "operator", "like", "operator must be one of"),
        ("scheme_adjustment", "threshold", "many", "needs a number as threshold"),
        ("scheme_adjustment", "points", "", "points must be a number"),
        ("scheme_veto", "grade", "Z", "no grade 'Z'"),
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
