"""Properties of loading, on arbitrary tables: nothing is lost, formats agree, order is indifferent, values are kept."""

from __future__ import annotations

import os
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from itertools import permutations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingestion.contract import all_contracts

from . import formats
from .desk import Desk, Verdict
from .table_mutations import NASTY
from .tables import Table, good, uscc

# More examples for `make fuzz`; the same ones every time otherwise.
_TIMES = int(os.environ.get("FUZZ_EXAMPLES", "1"))
_FULL_WIDTH = str.maketrans("0123456789.,-+", "０１２３４５６７８９．，－＋")
_SPACES = ("", " ", "\u3000", "\t", "\u00a0", "  ")
_CSV, _PARQUET, _XLSX = formats.TABULAR["csv"], formats.parquet, formats.xlsx


def thorough(examples: int):
    """Settings: derandomised, without a database of examples, times the wanted multiple."""
    return settings(
        max_examples=examples * _TIMES,
        derandomize=_TIMES == 1,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    desk = Desk(tmp_path_factory.mktemp("desk"))
    yield desk
    desk.close()


_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@st.composite
def tables(draw, rows: int = 5) -> Table:
    """A table of any dataset: good rows in which some cells are replaced, some rows repeated."""
    dataset = draw(st.sampled_from(sorted(all_contracts())))
    table = good(dataset, 0, rows)
    cells = [list(row) for row in table.rows]
    places = st.tuples(st.integers(0, rows - 1), st.integers(0, len(table.header) - 1))
    for row, column in draw(st.lists(places, max_size=12)):
        cells[row][column] = draw(st.sampled_from(NASTY) | _TEXT)
    for row in draw(st.lists(st.integers(0, rows - 1), max_size=2)):
        cells.append(list(cells[row]))
    return table.with_rows([row for row in cells if any(cell.strip() for cell in row)])


def files(table: Table, write) -> list[tuple[str, str, bytes]]:
    return [(table.dataset, f"a{extension}", content) for extension, content in write(table).items()]


def assert_conserved(verdict: Verdict, rows: int) -> None:
    assert verdict.rows_in == rows == verdict.accepted + verdict.quarantined + verdict.superseded
    bad = {row for row in verdict.findings if row > 0}
    assert len(verdict.rows) == verdict.accepted
    assert not bad & verdict.rows.keys()
    if verdict.state == "loaded":
        assert bad | verdict.rows.keys() == set(range(1, rows + 1))


@thorough(12)
@given(table=tables())
def test_csv_and_parquet_agree_and_lose_nothing(desk, table):
    verdicts = [desk.load(files(table, write))[0] for write in (_CSV, _PARQUET)]
    for verdict in verdicts:
        assert verdict.state == "loaded"
        assert_conserved(verdict, len(table.rows))
    assert verdicts[0] == verdicts[1]


@thorough(5)
@given(table=tables())
def test_workbooks_lose_nothing(desk, table):
    """A workbook cannot hold every text, so that verdicts may differ; rows may not."""
    rows = [row for row in table.rows if any(formats.visible(cell) for cell in row)]
    verdict = desk.load(files(table.with_rows(rows), _XLSX))[0]
    assert verdict.state == "loaded"
    assert_conserved(verdict, len(rows))


@thorough(6)
@given(table=tables(), order=st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(desk, table, order):
    shuffled = table.with_rows(order.sample(table.rows, len(table.rows)))
    first, second = (desk.load(files(t, _CSV))[0] for t in (table, shuffled))
    assert Counter(map(repr, first.rows.values())) == Counter(map(repr, second.rows.values()))


@thorough(3)
@given(table=tables(), data=st.data())
def test_the_order_of_files_does_not_matter(desk, table, data):
    """Which of two equal rows stands may change; what is accepted may not."""
    cut = data.draw(st.integers(0, len(table.rows)))
    parts = [table.with_rows(table.rows[:cut]), table.with_rows(table.rows[cut:])]
    named = [(table.dataset, f"{n}.csv", _CSV(part)[".csv"]) for n, part in enumerate(parts)]
    accepted = [
        Counter(repr(row) for verdict in desk.load(order) for row in verdict.rows.values())
        for order in permutations(named)
    ]
    assert accepted[0] == accepted[1]


@st.composite
def spelled_numbers(draw) -> tuple[float, str]:
    """A number in one of the spellings that the input contract names."""
    value = draw(st.floats(-9e14, 9e14, allow_subnormal=False) | st.integers(-(10**14), 10**14).map(float))
    text = f"{Decimal(repr(value)):f}"
    if draw(st.booleans()):
        sign, digits = ("-", text[1:]) if text.startswith("-") else ("", text)
        whole, point, rest = digits.partition(".")
        text = f"{sign}{int(whole):,}{point}{rest}"
    if draw(st.booleans()):
        text = text.translate(_FULL_WIDTH)
    return value, draw(st.sampled_from(_SPACES)) + text + draw(st.sampled_from(_SPACES))


@thorough(3)
@given(found=st.lists(spelled_numbers(), min_size=60, max_size=120))
def test_numbers_keep_their_value_in_every_spelling(desk, found):
    rows = [[uscc(n // 20, n % 20), text, "说明"] for n, (_, text) in enumerate(found)]
    table = Table("taxes", ("统一社会信用代码", "入库税收", "说明"), ()).with_rows(rows)
    for write in (_CSV, _PARQUET):
        verdict = desk.load(files(table, write))[0]
        assert not verdict.findings
        assert [row[2] for _, row in sorted(verdict.rows.items())] == [value for value, _ in found]


_DATE_SPELLINGS = (
    lambda d: d.isoformat(),
    lambda d: f"{d.year}年{d.month}月{d.day}日",
    lambda d: f"{d.year}/{d.month}/{d.day}",
    lambda d: f"{d.year}/{d.month:02d}/{d.day:02d}",
    lambda d: f"{d:%Y%m%d}",
    lambda d: f"{d.isoformat()} 00:00:00",
)


@thorough(3)
@given(
    found=st.lists(
        st.tuples(
            st.integers(0, 73_000).map(lambda days: date(1901, 1, 1) + timedelta(days)),
            st.sampled_from(_DATE_SPELLINGS),
            st.booleans(),
        ),
        min_size=60,
        max_size=120,
    )
)
def test_dates_keep_their_value_in_every_spelling(desk, found):
    texts = [spell(day).translate(_FULL_WIDTH if wide else {}) for day, spell, wide in found]
    rows = [[f"N{n}", text, "parcel", "U"] for n, text in enumerate(texts)]
    table = Table("objections", ("编号", "收到日期", "评估尺度", "单元代码"), ()).with_rows(rows)
    place = [c.name for c in all_contracts()["objections"].columns].index("received_date") + 1  # behind data_year
    verdict = desk.load(files(table, _CSV))[0]
    assert not verdict.findings
    assert [row[place] for _, row in sorted(verdict.rows.items())] == [day for day, _, _ in found]
