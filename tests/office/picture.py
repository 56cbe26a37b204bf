"""Draw the picture of a marked workbook for the documentation: `picture.py TARGET.png`; needs soffice and pdftoppm."""

from __future__ import annotations

import re
import struct
import subprocess
import sys
import tempfile
import zipfile
import zlib
from pathlib import Path

import numpy as np
import openpyxl
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1] / "reporting"))
import returns_landing as landing

from landgauge.stages.returns import returns

DOTS_PER_INCH = 110
GAP = 24  # white rows between the sheets
MARGIN = 12
SHOWN = (9, 5)  # row and column from 0 of the cell whose comment stands open: F10
ANCHOR = "6, 12, 0, 4, 7, 0, 7, 6"  # of the open comment: column, offset, row, offset, of its first and its last corner


def main(target: Path) -> None:
    """Write the declarer's first sheet with one of its comments open, and the summary sheet below it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings = landing.make(folder)
        returns(settings, folder / "out")
        book = folder / "book.xlsx"
        _for_print(folder / "out" / landing.BOOK, book)
        home = f"-env:UserInstallation=file://{folder / 'home'}"
        _run("soffice", home, "--headless", "--convert-to", "pdf", "--outdir", name, str(book))
        _run("pdftoppm", "-r", str(DOTS_PER_INCH), str(folder / "book.pdf"), str(folder / "page"))
        pages = [_read(path) for path in sorted(folder.glob("page*.ppm"))]
    summary, marked = pages[:2]
    _write(_stacked([_cropped(page) for page in (marked, summary)]), target)


def _for_print(source: Path, target: Path) -> None:
    book = openpyxl.load_workbook(source)
    for sheet in book.worksheets[2:]:
        sheet.sheet_state = "hidden"
    marked = book.worksheets[1]
    marked.page_setup.orientation = "landscape"
    marked.page_setup.fitToHeight = 0
    marked.sheet_properties.pageSetUpPr = book.worksheets[0].sheet_properties.pageSetUpPr
    marked.page_setup.cellComments = "asDisplayed"
    marked.print_options.headings = True
    rough = target.with_suffix(".part")
    book.save(rough)
    with zipfile.ZipFile(rough) as parts, zipfile.ZipFile(target, "w") as out:
        for part in parts.infolist():
            content = parts.read(part).decode() if part.filename.endswith(".vml") else parts.read(part)
            out.writestr(part.filename, _opened(content) if isinstance(content, str) else content)


def _opened(drawing: str) -> str:
    """Show the comment of SHOWN without being pointed at."""
    row, column = SHOWN
    place = re.search(rf"<(\w+):Row>{row}</\1:Row>\s*<\1:Column>{column}</", drawing)
    if place is None:  # another sheet's comments
        return drawing
    before, _, style = drawing[: place.start()].rpartition("visibility:hidden")
    opened = f"<{place[1]}:Anchor>{ANCHOR}</{place[1]}:Anchor><{place[1]}:Visible/>"
    return f"{before}visibility:visible{style}{opened}{drawing[place.start() :]}"


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=300)


def _read(path: Path) -> NDArray[np.uint8]:
    """A binary PPM as rows, columns, red-green-blue."""
    kind, size, _, data = path.read_bytes().split(b"\n", 3)
    assert kind == b"P6"
    width, height = map(int, size.split())
    return np.frombuffer(data, np.uint8).reshape(height, width, 3)


def _cropped(page: NDArray[np.uint8]) -> NDArray[np.uint8]:
    inked = (page < 250).any(axis=2)
    rows, columns = np.flatnonzero(inked.any(axis=1)), np.flatnonzero(inked.any(axis=0))
    return page[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _stacked(pages: list[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    width = max(page.shape[1] for page in pages) + 2 * MARGIN
    height = sum(page.shape[0] for page in pages) + GAP * (len(pages) - 1) + 2 * MARGIN
    canvas = np.full((height, width, 3), 255, np.uint8)
    top = MARGIN
    for page in pages:
        canvas[top : top + page.shape[0], MARGIN : MARGIN + page.shape[1]] = page
        top += page.shape[0] + GAP
    return canvas


def _write(image: NDArray[np.uint8], target: Path) -> None:
    """A PNG of 8 bits a channel; equal images give equal files."""
    height, width, _ = image.shape
    lines = np.concatenate([np.zeros((height, 1), np.uint8), image.reshape(height, -1)], axis=1)
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(lines.tobytes(), 9)),
        (b"IEND", b""),
    )
    body = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(b"\x89PNG\r\n\x1a\n" + body)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
