"""Seeding defects: rows of their own among the good ones, each breaking exactly one rule, and where they ended up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import shapely

from ingestion import contract
from ingestion.identifiers import USCC_ALPHABET
from ingestion.synthetic import codes
from ingestion.synthetic.codes import Integers
from ingestion.synthetic.parameters import DatasetDefects, DefectKind, defects
from ingestion.synthetic.world import Frame
from ingestion.synthetic.writers import TEXT_FORMATS, is_csv

Row = dict[str, Any]

_CLUSTERS = 16  # places in a file where defective rows are put in
_FAR_M = 400_000
_SURPLUS = "多余的单元格"
_NOBODY = "440100"  # region of codes that no register holds
_FIRST_STRANGER = 500_000_000  # their serial numbers


@dataclass(frozen=True)
class BadRow:
    """A defective row: typed values, cells that are text against their type, and the rule that it breaks.

    `last`: it stands behind all good rows (a surplus copy); `surplus`: a cell too many.
    """

    values: Row
    rule: str
    column: str | None
    cells: dict[str, str] = field(default_factory=dict)
    last: bool = False
    surplus: str | None = None

    @property
    def shown(self) -> str | None:
        """The offending value as text."""
        if self.surplus is not None:
            return self.surplus
        value = self.cells.get(self.column or "", self.values.get(self.column or ""))
        return None if value is None or isinstance(value, bytes) else str(value)


@dataclass(frozen=True)
class Target:
    """A file that takes defects: its format and the good rows (of the frame) that it holds."""

    form: str
    rows: Integers


class Seeder:
    """Makes the defective rows of a city, dataset by dataset; remembers lost keys, so that others can be orphaned."""

    def __init__(self, seed: int, spare_usccs: list[str]) -> None:
        """`spare_usccs` stand in the register of every year and in no other dataset."""
        self._seed = seed
        self._spares = spare_usccs
        self._lost: dict[str, list[str]] = defaultdict(list)
        self._turn: dict[str, int] = defaultdict(int)
        self._strangers = 0

    def start_year(self) -> None:
        """Forget the keys lost in the year before."""
        self._lost.clear()

    def seed(self, dataset: str, year: int, frame: Frame, targets: list[Target]) -> list[list[BadRow]]:
        """Return the defective rows of each target file of one dataset and year."""
        rules = defects().datasets[dataset]
        maker = _Maker(self, dataset, year, frame, rules, codes.generator(self._seed, "defects", dataset, year))
        found: list[list[BadRow]] = [[] for _ in targets]
        for kind in self._instances(dataset, rules, len(frame.table)):
            place = maker.file_for(kind, targets)
            if place is not None:
                found[place] += maker.rows(kind, targets[place])
        for bad in (b for file in found for b in file):
            self._remember(dataset, bad)
        return found

    def lost(self, dataset: str, turn: int) -> str | None:
        """Return a key that the dataset lost this year; None where it lost none."""
        keys = self._lost[dataset]
        return keys[turn % len(keys)] if keys else None

    def spares(self) -> Iterator[str]:
        """Return the spare enterprises in order."""
        return iter(self._spares)

    def stranger(self) -> str:
        """Return a valid code that stands in no register."""
        self._strangers += 1
        serial = np.array([_FIRST_STRANGER + self._strangers])
        return codes.text(codes.usccs(serial, codes.ascii_rows([_NOBODY])))[0].as_py()

    def _instances(self, dataset: str, rules: DatasetDefects, rows: int) -> Iterator[DefectKind]:
        """Take the kinds in turn, going on where the year before stopped, as many as the share allows."""
        seeded, kinds = defects(), rules.kinds
        left = min(max(_cost(kinds), round(seeded.share * rows)), int(seeded.most * rows))
        left = min(left, len(self._spares)) if rules.spare else left
        while left > 0:
            kind = kinds[self._turn[dataset] % len(kinds)]
            self._turn[dataset] += 1
            left -= _cost((kind,))
            if left >= 0:
                yield kind

    def _remember(self, dataset: str, bad: BadRow) -> None:
        key = contract.load(dataset).key
        touched = bad.column in key and not bad.rule.startswith("conflict")
        if len(key) == 1 and not touched and not bad.last:
            self._lost[dataset].append(str(bad.values[key[0]]))


@dataclass
class _Maker:
    """Makes the rows of one dataset and year."""

    seeder: Seeder
    dataset: str
    year: int
    frame: Frame
    rules: DatasetDefects
    rng: np.random.Generator
    made: int = 0

    def __post_init__(self) -> None:
        self._spares = self.seeder.spares()
        self._key = contract.load(self.dataset).key

    def file_for(self, kind: DefectKind, targets: list[Target]) -> int | None:
        """Return the place of a file that can show the defect, drawn by rows; None where there is none."""
        weights = np.array([len(t.rows) * _can_show(kind, t.form) for t in targets], dtype=np.float64)
        return int(self.rng.choice(len(targets), p=weights / weights.sum())) if weights.sum() else None

    def rows(self, kind: DefectKind, target: Target) -> list[BadRow]:
        """Return the rows of one instance: two for a conflict, else one."""
        if kind.rule == "duplicate":
            return [BadRow(self._good(target), self._joined("duplicate"), "+".join(self._key), last=True)]
        row = self._fresh(self._template(target))
        if kind.rule == "conflict":
            return self._conflict(row, kind.vary or "")
        return [self._broken(row, kind)]

    def _joined(self, rule: str) -> str:
        return f"{rule}:{'+'.join(self._key)}"

    def _good(self, target: Target) -> Row:
        return self.frame.table.slice(int(self.rng.choice(target.rows)), 1).to_pylist()[0]

    def _template(self, target: Target) -> Row:
        spare = self.frame.templates
        return self._good(target) if spare is None else spare.slice(self.made % len(spare), 1).to_pylist()[0]

    def _fresh(self, row: Row) -> Row:
        """Give the row a key of its own."""
        self.made += 1
        for column, form in self.rules.fresh.items():
            row[column] = (
                self.seeder.stranger() if form == "uscc" else form.format(n=self.made, year=self.year, **row_text(row))
            )
        if self.rules.spare:
            row[self.rules.spare] = next(self._spares)
        return row

    def _conflict(self, row: Row, column: str) -> list[BadRow]:
        one, two = dict(row), dict(row)
        one[column], two[column] = _two_values(row[column])
        name, rule = "+".join(self._key), self._joined("conflict")
        return [BadRow(one, rule, name), BadRow(two, rule, name)]

    def _broken(self, row: Row, kind: DefectKind) -> BadRow:
        column = kind.rule.split(":")[1]
        row |= {c: row[of] * factor for c, (of, factor) in kind.scale.items()}
        row |= {c: _EDITS[edit](row[c]) for c, edit in kind.edit.items()}
        if kind.text is True:
            return BadRow(row, kind.rule, column, cells={c: str(v) for c, v in kind.set.items()})
        row |= kind.set
        if kind.refer:
            lost = self.seeder.lost(kind.refer, self.made)
            row[column] = lost or row_default(kind, column) or self.seeder.stranger()
        if kind.rule == "row_shape:row":
            return BadRow(row, kind.rule, None, surplus=_SURPLUS)
        return BadRow(row, kind.rule, column)


@dataclass(frozen=True)
class Merged:
    """Good and bad rows in file order: the table, and the row (from 0) of each good and each bad one."""

    table: pa.Table
    good: Integers
    bad: Integers


def merged(good: pa.Table, bad: list[BadRow], rng: np.random.Generator) -> Merged:
    """Put bad rows among the good ones at a few places, surplus copies behind all of them; `bad` keeps its order."""
    if not bad:
        return Merged(good, np.arange(len(good)), np.array([], dtype=np.int64))
    places = rng.integers(0, len(good) + 1, min(_CLUSTERS, len(bad)))
    before = np.array([len(good) if b.last else places[i % len(places)] for i, b in enumerate(bad)])
    order = np.lexsort((np.array([b.last for b in bad]), before))
    typed = pa.Table.from_pylist([_typed(bad[i]) for i in order], schema=good.schema)
    pieces, start = [], 0
    for cut in np.unique(before):
        pieces += [good.slice(start, cut - start), typed.filter(pa.array(before[order] == cut))]
        start = int(cut)
    table = pa.concat_tables([*pieces, good.slice(start)]).combine_chunks()
    rank = np.empty(len(bad), dtype=np.int64)
    rank[order] = np.arange(len(bad))
    shift = np.searchsorted(np.sort(before), np.arange(len(good)), side="right")
    return Merged(table, np.arange(len(good)) + shift, before + rank)


def row_text(row: Row) -> dict[str, str]:
    """Return the row's text values, for keys that are made from them."""
    return {name: value for name, value in row.items() if isinstance(value, str)}


def row_default(kind: DefectKind, column: str) -> str | None:
    """Return the value that the kind names for a column, if any."""
    value = kind.set.get(column)
    return None if value is None else str(value)


def _typed(bad: BadRow) -> Row:
    return {name: None if name in bad.cells else value for name, value in bad.values.items()}


def _cost(kinds: tuple[DefectKind, ...]) -> int:
    return sum(2 if k.rule == "conflict" else 1 for k in kinds)


def _can_show(kind: DefectKind, form: str) -> bool:
    if kind.text == "csv":
        return is_csv(form)
    return not kind.text or form in TEXT_FORMATS


def _two_values(value: Any) -> tuple[Any, Any]:
    """Return two values of the same type that differ."""
    if isinstance(value, str):
        return value, value + "(另报)"
    return (1, 2) if value is None else (value, value + 1)


def _bad_check(code: str) -> str:
    return code[:-1] + USCC_ALPHABET[(USCC_ALPHABET.index(code[-1]) + 1) % len(USCC_ALPHABET)]


def _line(geometry: bytes) -> bytes:
    return shapely.to_wkb(shapely.LineString(shapely.get_coordinates(shapely.from_wkb(geometry))[:2]))


def _collapsed(geometry: bytes) -> bytes:
    first, second = shapely.get_coordinates(shapely.from_wkb(geometry))[:2]
    return shapely.to_wkb(shapely.Polygon([first, second, first, first]))


def _far_away(geometry: bytes) -> bytes:
    return shapely.to_wkb(shapely.transform(shapely.from_wkb(geometry), lambda xy: xy + np.array([0, _FAR_M])))


_EDITS: dict[str, Callable[[Any], Any]] = {
    "bad_check": _bad_check,
    "bad_letter": lambda code: f"{code[:9]}I{code[10:]}",
    "short": lambda code: code[:-1],
    "bad_feature": lambda code: code.replace("GB", "QB"),
    "line": _line,
    "collapsed": _collapsed,
    "far_away": _far_away,
}
