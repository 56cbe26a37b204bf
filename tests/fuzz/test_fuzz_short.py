"""A short run of the mutation corpus; `make fuzz` is the long one."""

from __future__ import annotations

import pytest

from . import batch, config_mutations, formats
from .cases import Case, generate
from .landing import KEYS, good_files
from .table_mutations import Expected
from .tables import YEAR, good

SEED, SECONDS = 7, 120


def _told(outcome: batch.Outcome) -> list[tuple[str, list[tuple[int, str, str]]]]:
    return [(p.text, [(c.number, c.format, c.mutation) for c in cases]) for p, cases in outcome.problems]


def _lied_about() -> Case:
    """A good file of which something untrue is expected: the harness must say so, or its silence says nothing."""
    name = f"taxes/{YEAR}/99999.csv".encode()
    content = {name: formats.TABULAR["csv"](good("taxes", KEYS - 1))[".csv"]}
    return Case(99_999, "csv", "none", "taxes", name, content, expected=Expected(rows=77))


@pytest.mark.filterwarnings("ignore")
def test_mutated_files_lose_nothing_and_harm_nobody(monkeypatch):
    # what the good files come to alone is left to the long run, where it is found once for many batches
    monkeypatch.setattr(batch, "good_state", lambda: dict.fromkeys(good_files()))
    cases = [generate(SEED, number, number, heavy=False) for number in range(KEYS - 1)]
    outcome = batch.run([*cases, _lied_about()], SECONDS)
    assert _told(outcome) == [("6 rows in the ledger, 77 in the file (loaded)", [(99_999, "csv", "none")])]
    assert {"loaded", "rejected"} <= set(outcome.states.values())


def test_mutated_configurations_end_in_a_sentence_or_a_run():
    cases = [config_mutations.generate(SEED, number, 0) for number in range(5)]
    outcome = batch.run_configurations(cases, SECONDS)
    assert not _told(outcome)
    assert set(outcome.states.values()) == {"loaded", "rejected"}
