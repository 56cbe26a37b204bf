"""How large the cities of the benchmarks are, by name: a name is the number of enterprise-years."""

from __future__ import annotations

from dataclasses import dataclass

FIRST_YEAR, LAST_YEAR = 2015, 2024  # of the largest city


@dataclass(frozen=True)
class Size:
    """A city: parcels, enterprises in each year, years up to LAST_YEAR, and whether each year has a file of its own."""

    parcels: int
    enterprises: int
    years: int
    yearly_files: bool = False

    @property
    def rows(self) -> int:
        """Enterprise-years."""
        return self.enterprises * self.years

    def list_years(self) -> tuple[int, ...]:
        """The years, ascending."""
        return tuple(range(LAST_YEAR - self.years + 1, LAST_YEAR + 1))

    def files(self) -> tuple[tuple[int, ...], ...]:
        """The years of each file of enterprise-years."""
        years = self.list_years()
        return tuple((year,) for year in years) if self.yearly_files else (years,)


SIZES = {
    "2k": Size(200, 2_000, 1),
    "10k": Size(200, 2_000, 5),
    "100k": Size(2_000, 20_000, 5),
    "500k": Size(10_000, 100_000, 5),
    "1m": Size(20_000, 200_000, 5),
    "5m": Size(100_000, 1_000_000, 5),
    "10m": Size(200_000, 2_000_000, 5),
    "20m": Size(400_000, 4_000_000, 5),
    "100m": Size(1_000_000, 10_000_000, 10),
}
