"""The office suite opens what the returns and templates are; the hand-written landing is that of tests/reporting."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "reporting"))


@pytest.fixture(scope="session")
def office(tmp_path_factory):
    """A function that converts a workbook to another format and returns the new file."""
    program = shutil.which("soffice") or shutil.which("libreoffice")
    assert program, "LibreOffice Calc is needed: apt-get install libreoffice-calc, or run `make test-office` as root"
    home = tmp_path_factory.mktemp("office")

    def convert(path: Path, kind: str) -> Path:
        target = tmp_path_factory.mktemp(kind)
        command = [program, f"-env:UserInstallation=file://{home}", "--headless", "--norestore", "--convert-to", kind]
        done = subprocess.run(
            [*command, "--outdir", str(target), str(path)], capture_output=True, text=True, timeout=300, check=False
        )
        found = list(target.iterdir())
        assert found, f"LibreOffice cannot open {path.name}: {done.stderr or done.stdout}"
        return found[0]

    return convert
