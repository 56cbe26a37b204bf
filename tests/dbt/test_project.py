"""The dbt project against what stands beside it: published keys, readers of the marts."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from landgauge.settings import DBT_PROJECT, PROJECT_ROOT
from reporting.marts import COLUMNS

MARTS = DBT_PROJECT / "models" / "marts"
KEYS = {
    name: table["key"]
    for name, table in yaml.safe_load((PROJECT_ROOT / "warehouse/marts.yml").read_text(encoding="utf-8")).items()
}
# as many rows as units times indicators: every_unit_has_every_indicator and score_is_sum_of_components count them
COUNTED_OTHERWISE = {"fct_indicator_value", "fct_score_component"}


def _models() -> dict[str, dict]:
    ymls = (yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(MARTS.glob("**/*.yml")))
    return {model["name"]: model for yml in ymls for model in yml.get("models") or ()}


MODELS = _models()
EXPOSURES = {
    exposure["name"]: {ref.split("'")[1] for ref in exposure["depends_on"]}
    for exposure in yaml.safe_load((MARTS / "exposures.yml").read_text(encoding="utf-8"))["exposures"]
}


def _not_null(model: dict) -> set[str]:
    return {
        column["name"]
        for column in model["columns"]
        if any(constraint["type"] == "not_null" for constraint in column.get("constraints", ()))
    }


def test_every_mart_has_a_yml_entry():
    assert {path.stem for path in MARTS.glob("**/*.sql")} == set(MODELS)


@pytest.mark.parametrize("name", sorted(set(MODELS) & set(KEYS)))
def test_the_published_key_is_never_null_and_unique(name):
    tests = [test["unique_key"] for test in MODELS[name].get("data_tests", ()) if "unique_key" in test]
    assert set(KEYS[name]) <= _not_null(MODELS[name])
    assert COUNTED_OTHERWISE & {name} or [sorted(KEYS[name])] == [sorted(t["arguments"]["columns"]) for t in tests]


@pytest.mark.parametrize("name", sorted(MODELS))
def test_rows_carry_their_run_and_a_text_in_two_languages(name):
    """`run_id` is never NULL; a mart's description says in Chinese and in English what a row is."""
    assert "run_id" in _not_null(MODELS[name])
    description = MODELS[name]["description"]
    assert any("\u4e00" <= c <= "\u9fff" for c in description), description
    assert any(c.isascii() and c.isalpha() for c in description), description


def test_the_snapshot_is_every_mart():
    assert EXPOSURES["published_snapshot"] == set(MODELS)


def test_the_report_names_what_it_reads():
    assert EXPOSURES["city_report"] == set(COLUMNS) & set(MODELS)


def test_returned_workbooks_name_the_warnings():
    asked = {name for name, model in MODELS.items() if name.startswith("qc_") and name != "qc_source_finding"}
    assert EXPOSURES["returned_workbooks"] == asked


def test_the_rules_are_committed():
    """`make bouncer` reads this file; a rule that is gone is seen here."""
    rules = yaml.safe_load(Path(PROJECT_ROOT / "dbt-bouncer.yml").read_text(encoding="utf-8"))["manifest_checks"]
    assert {
        "check_model_contract_enforced_for_public_model",
        "check_lineage_source_cannot_be_used",
        "check_model_has_exposure",
        "check_test_has_meta_keys",
    } <= {rule["name"] for rule in rules}
