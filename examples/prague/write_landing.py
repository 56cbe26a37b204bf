"""Write a landing area from the plots and buildings of Prague-Bubeneč that the package momepy ships."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import momepy

HERE = Path(__file__).parent


def write_landing(folder: Path) -> None:
    """Copy the GeoPackage to `folder/raw` and the city profile and mapping beside it."""
    (folder / "raw").mkdir(parents=True, exist_ok=True)
    shutil.copyfile(momepy.datasets.get_path("bubenec"), folder / "raw" / "bubenec.gpkg")
    for name in ("city.yml", "mapping.yml", "districts.csv", "land_use.csv"):
        shutil.copyfile(HERE / name, folder / name)


if __name__ == "__main__":
    write_landing(Path(sys.argv[1]))
