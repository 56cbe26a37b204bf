"""Draw layers in QGIS by the styles that it finds: `/usr/bin/python3 draw.py PACKAGE FOLDER PICTURE [W S E N]`.

The last line says as JSON what QGIS made of the styles and how many pixels have each colour, with the style of the
GeoPackage (qml) and with the .sld beside it. Runs in the system's Python, which has QGIS.
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from pathlib import Path

os.environ["QT_QPA_PLATFORM"] = "offscreen"
from qgis.core import QgsApplication, QgsMapRendererParallelJob, QgsMapSettings, QgsRectangle, QgsVectorLayer
from qgis.PyQt.QtCore import QSize
from qgis.PyQt.QtGui import QColor, QImage

SIZE = (900, 620)


def layer_of(package: str, name: str) -> QgsVectorLayer:
    layer = QgsVectorLayer(f"{package}|layername={name}", name, "ogr")
    assert layer.isValid(), name
    return layer


def draw(layers: list[QgsVectorLayer], extent: QgsRectangle, smooth: bool = False) -> QImage:
    settings = QgsMapSettings()
    settings.setLayers(layers)
    settings.setDestinationCrs(layers[0].crs())
    settings.setOutputSize(QSize(*SIZE))
    settings.setBackgroundColor(QColor("white"))
    settings.setExtent(extent)
    settings.setFlag(QgsMapSettings.Antialiasing, smooth)
    job = QgsMapRendererParallelJob(settings)
    job.start()
    job.waitForFinished()
    assert not job.errors(), [error.message for error in job.errors()]
    return job.renderedImage()


def colours(image: QImage) -> Counter:
    return Counter(image.pixelColor(x, y).name() for x in range(image.width()) for y in range(image.height()))


def main(package: str, folder: str, picture: str, *box: str) -> None:
    app = QgsApplication([], False)
    app.initQgis()
    parcels, districts = layer_of(package, "parcels"), layer_of(package, "districts")
    extent = QgsRectangle(*map(float, box)) if box else parcels.extent()
    extent.scale(1.0 if box else 1.05)
    categories = parcels.renderer().categories()
    draw([districts, parcels], extent, smooth=True).save(picture)
    image = draw([districts, parcels], extent)
    said = {
        "parcels": {
            "crs": parcels.crs().authid(),
            "alias": parcels.attributeAlias(parcels.fields().indexOf("name_zh")),
            "classes": [{"label": c.label(), "colour": c.symbol().color().name()} for c in categories],
        },
        "drawn": {"qml": colours(draw([parcels], extent))},
    }
    parcels.setLabelsEnabled(False)
    districts.setLabelsEnabled(False)
    said["labels"] = sum((colours(image) - colours(draw([districts, parcels], extent))).values())
    _, loaded = parcels.loadSldStyle(str(Path(folder) / "parcels.sld"))
    assert loaded
    parcels.setLabelsEnabled(False)
    said["drawn"]["sld"] = colours(draw([parcels], extent))
    print(json.dumps(said, ensure_ascii=False), flush=True)
    os._exit(0)  # layers that outlive the application end it with a fault


if __name__ == "__main__":
    main(*sys.argv[1:])
