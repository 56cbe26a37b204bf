"""`make test-mutation`: every wrong formula of `mutations`, and the test that finds it; exit 1 where one survives."""

from __future__ import annotations

import sys
import tempfile
from functools import cached_property
from pathlib import Path

import duckdb

from landgauge.settings import DBT_PROJECT
from scoring.indicators import Evaluation, evaluate

from .catalogue import catalogue_faults
from .differences import differences
from .engine import City, for_reference, run
from .mutations import FORMULAS, REGIONAL, WORDS
from .project import Change, Compiled, Project
from .random_city import CITIES, random_city


def main(argv: list[str]) -> int:
    """Try the mutations whose file or text contains the first argument; without one, all."""
    every = (*FORMULAS, *REGIONAL, *WORDS)
    chosen = [change for change in every if not argv or argv[0] in f"{change.path} {change.old} {change.new}"]
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Project(Path(folder)))
        if told := bench.found(None):
            print(f"The unchanged project fails already: {told}")
            return 1
        survivors = [change for change in chosen if not bench.report(change)]
    print(f"{len(chosen)} mutations, {len(survivors)} survived")
    return 1 if survivors else 0


class Bench:
    """The unchanged project, the cities, and what the reference says of each."""

    def __init__(self, project: Project) -> None:
        self._project = project

    def report(self, change: Change) -> bool:
        """Print a mutation with what found it; return whether something did."""
        found = self.found(change)
        print(f"{'found    ' if found else 'SURVIVED '} {change.path}: {change.old!r} -> {change.new!r}")
        print(f"          {found or 'no test fails'}", flush=True)
        return bool(found)

    def found(self, change: Change | None) -> str | None:
        """Return what a change is found by; None stands for the project as it is."""
        if change in WORDS:
            text = (DBT_PROJECT / change.path).read_text(encoding="utf-8")
            if text.count(change.old) != 1:
                raise LookupError(f"{change.path} has {text.count(change.old)} times: {change.old}")
            faults = catalogue_faults(text.replace(change.old, change.new))
            return f"catalogue: {faults[0]}" if faults else None
        return self._found_by_cities(change)

    def _found_by_cities(self, change: Change | None) -> str | None:
        compiled: dict[int, Compiled] = {}
        for city, reference in self.cities:
            if city.year not in compiled:
                compiled[city.year] = self._project.compile(city.year, change)
            try:
                told = differences(run(city, compiled[city.year]), reference)
            except (duckdb.ConversionException, duckdb.OutOfRangeException) as error:
                return f"differential, {city.name}: the models fail on a figure: {str(error).splitlines()[0]}"
            except duckdb.Error as error:
                raise RuntimeError(f"not a wrong formula but no SQL: {change}: {error}") from error
            if told:
                return f"differential, {city.name}: {told[0]}"
        return None

    @cached_property
    def cities(self) -> list[tuple[City, Evaluation]]:
        """The cities, those with the most rows first, and what the reference says of them."""
        cities = sorted((random_city(seed) for seed in range(CITIES)), key=_size, reverse=True)
        return [(city, evaluate(for_reference(city))) for city in cities]


def _size(city: City) -> int:
    return sum(len(rows) for rows in city.rows.values())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
