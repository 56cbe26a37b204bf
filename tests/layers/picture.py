"""Draw the picture of docs/outputs.md in QGIS, where parcels stand close: `picture.py WAREHOUSE YEAR TARGET.png`."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pyogrio
import shapely

from reporting.layers.outputs import write_layers

HALF = (0.0036, 0.0025)  # of the picture, in degrees


def main(warehouse: Path, year: int, target: Path) -> None:
    """Write the layers to a folder that goes again, and draw the parcels round the middle of the densest cell."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "layers"
        write_layers(warehouse, year, folder)
        package = folder / f"landgauge_{year}.gpkg"
        _, table = pyogrio.read_arrow(package, layer="parcels", columns=[])
        middles = shapely.get_coordinates(shapely.centroid(shapely.from_wkb(table["geometry"].drop_null().to_pylist())))
        _, cell_of, counts = np.unique(
            np.floor(middles / (2 * np.array(HALF))), axis=0, return_inverse=True, return_counts=True
        )
        x, y = middles[cell_of.ravel() == counts.argmax()].mean(axis=0)
        box = [str(v) for v in (x - HALF[0], y - HALF[1], x + HALF[0], y + HALF[1])]
        script = str(Path(__file__).with_name("draw.py"))
        subprocess.run(
            ["/usr/bin/python3", script, str(package), str(folder), str(target), *box], check=True, capture_output=True
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
