"""What Spark needs and DuckDB can tell: which models are whose, what must have been, and how a model is spelled."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from jinja2 import Environment

from landgauge.errors import StageFailed
from landgauge.settings import DBT_PROJECT, Settings, StageResult, year_end
from warehouse import db, done, transform
from warehouse.spark import handover
from warehouse.spark.split import split

YEAR = 2024


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(warehouse=tmp_path, landing=tmp_path / "landing", year=YEAR, as_of=year_end(YEAR))


@pytest.fixture(scope="module")
def words():
    """The macro `in_spark_words`, as dbt would run it."""
    made = Environment(extensions=["jinja2.ext.do"], autoescape=False).from_string(
        (DBT_PROJECT / "macros" / "spark.sql").read_text(encoding="utf-8"),
        globals={"modules": {"re": re}},
    )
    return made.module.in_spark_words


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("select a, b,\nfrom t", "select a, b\nfrom t"),
        ("select a, -- where from\n    b,\nfrom t", "select a, -- where from\n    b\nfrom t"),
        ("select a, -- of t\n-- window\nfrom t", "select a -- of t\n-- window\nfrom t"),
        ("with a as (select 1,)\nselect * exclude (b),", "with a as (select 1)\nselect * except (b)"),
        (
            "select cast(a as varchar) || ' varchar, from', -- varchar",
            "select cast(a as string) || ' varchar, from' -- varchar",
        ),
        ("select concat(a, 'x', b) // 2", "select concat_ws('', a, 'x', b) div 2"),
    ],
)
def test_only_the_spelling_changes(words, written, said):
    assert str(words(written)) == said


def test_spark_builds_all_but_geometry_hierarchies_and_what_these_are_made_from(settings, monkeypatch):
    monkeypatch.setattr(transform, "variables", lambda settings: {"year": YEAR})
    manifest = transform.parsed_project(settings)
    whole = split(manifest, transform.LAYERS)
    models = {n.name: n for n in manifest.nodes.values() if str(n.resource_type) == "model"}
    assert set(whole.before).isdisjoint(whole.on_spark)
    assert set(models) <= set(whole.before) | set(whole.on_spark)
    assert {name for name in whole.before if name in models and models[name].schema == "marts"} == {
        "qc_parcel_outside_district"
    }
    assert "intermediate.int_contract__lineage" in whole.handed, "a hierarchy"
    assert "int_contract__land" in whole.on_spark, "made from a hierarchy"
    assert whole.handed["scored.score"] == "scored.score", "what Python wrote"
    assert whole.handed["intermediate.int_pairing__shares"] == "scratch.intermediate.int_pairing__shares"


@pytest.mark.parametrize("through", range(1, len(transform.LAYERS) + 1))
def test_spark_reads_only_what_it_builds_or_is_handed(settings, monkeypatch, through):
    monkeypatch.setattr(transform, "variables", lambda settings: {"year": YEAR})
    manifest = transform.parsed_project(settings)
    parts = split(manifest, transform.LAYERS[:through])
    there = {name.split(".")[1] for name in parts.handed} | set(parts.on_spark)
    for node in manifest.nodes.values():
        if node.name in parts.on_spark:
            read = {(manifest.nodes.get(uid) or manifest.sources[uid]).name for uid in node.depends_on.nodes}
            assert read <= there, node.name


def test_a_year_is_handed_over_only_as_far_as_it_is_done(settings, monkeypatch):
    with db.connect(settings) as con:
        done.prepare(con)
        for stage in ("build", "score", "contracts"):
            done.end(con, YEAR, stage, "", "", StageResult({}))
    with pytest.raises(StageFailed, match=f"stage forecast of {YEAR}"):
        handover.hand_over(settings, "file:///nowhere")
    monkeypatch.setattr(handover, "standing", lambda snapshot: {YEAR: (), YEAR + 1: ()})
    with pytest.raises(StageFailed, match=f"built as {YEAR + 1}"):
        handover.hand_over(settings, "file:///nowhere", through="publication")
    with db.connect(settings) as con:
        done.begin(con, YEAR - 1, "score")  # the working file is another year's now
    with pytest.raises(StageFailed, match=f"stage score of {YEAR}"):
        handover.hand_over(settings, "file:///nowhere", through="evaluation")
