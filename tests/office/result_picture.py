"""Draw the picture of docs/outputs.md: a ranked list in LibreOffice; `result_picture.py WAREHOUSE YEAR TARGET.png`."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import openpyxl
import picture

from reporting.workbooks.outputs import write_workbooks

SHEET = "宗地排名"
ROWS, COLUMNS = 24, 15  # up to the main obstacles, without the name of the scheme
DOTS_PER_INCH = 130


def main(warehouse: Path, year: int, target: Path) -> None:
    """Write the books to a folder that goes again and print the beginning of the city's ranked list of parcels."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_workbooks(warehouse, year, folder / "books")
        book = openpyxl.load_workbook(folder / "books" / "全市.xlsx")
        for title in [t for t in book.sheetnames if t != SHEET]:
            del book[title]
        sheet = book[SHEET]
        sheet.delete_rows(ROWS, sheet.max_row)
        sheet.print_area = f"B1:{sheet.cell(ROWS - 1, COLUMNS + 1).coordinate}"
        sheet.page_setup.fitToHeight = 1
        book.save(folder / "book.xlsx")
        home = f"-env:UserInstallation=file://{folder / 'home'}"
        _run("soffice", home, "--headless", "--convert-to", "pdf", "--outdir", name, str(folder / "book.xlsx"))
        whole = ["-r", str(DOTS_PER_INCH), "-singlefile", str(folder / "book.pdf"), str(folder / "page")]
        _run("pdftoppm", *whole)
        picture._write(picture._cropped(picture._read(folder / "page.ppm")), target)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=300)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
