"""Draw the pictures of docs/contracts.md: `contract_pictures.py WAREHOUSE AGREEMENT YEAR STAGE FOLDER`.

Needs chromium, soffice with its Writer, and pdftoppm.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from reporting.contracts.dossier import write_dossier
from reporting.contracts.notice import Asked, write_notice

PAGE = "1200,1560"  # of the dossier: parties, timeline and the beginning of the calendar
DOTS_PER_INCH = 80


def main(warehouse: Path, agreement: str, year: int, stage: str, folder: Path) -> None:
    """Write dossier.png and notice.png into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        page, notice = Path(name) / "dossier.html", Path(name) / "notice.docx"
        write_dossier(warehouse, agreement, page)
        picture = f"--screenshot={folder.resolve() / 'dossier.png'}"
        size = f"--window-size={PAGE}"
        _run(
            "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", size, picture, page.as_uri()
        )
        write_notice(warehouse, Asked("rectification", agreement, year, stage), notice)
        home = f"-env:UserInstallation=file://{Path(name) / 'home'}"
        _run("soffice", home, "--headless", "--convert-to", "pdf", "--outdir", name, str(notice))
        whole = ["-r", str(DOTS_PER_INCH), "-png", "-singlefile", str(notice.with_suffix(".pdf"))]
        _run("pdftoppm", *whole, str(folder / "notice"))


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=180)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4], Path(sys.argv[5]))
