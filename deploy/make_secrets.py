"""Write the secrets that docker-compose.yml mounts, each in a file of its own; a file that exists is kept.

usage: python deploy/make_secrets.py [FOLDER]        (default: deploy/secrets)
"""

from __future__ import annotations

import base64
import os
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path

DEFAULT_FOLDER = Path(__file__).parent / "secrets"


def make(folder: Path) -> list[Path]:
    """Write the missing secrets and return their files. Only the owner can look into the folder."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)  # also one that was there before, or was made under another umask
    password = _keep(folder / "postgres_password", secrets.token_urlsafe(24))
    address = f"postgresql+psycopg2://airflow:{password}@postgres:5432/airflow"
    boards = _keep(folder / "superset_postgres_password", secrets.token_urlsafe(24))
    values: Mapping[str, str] = {
        "postgres_superuser_password": secrets.token_urlsafe(24),
        "superset_postgres_superuser_password": secrets.token_urlsafe(24),
        "superset_metadata": f"postgresql+psycopg2://superset:{boards}@superset-postgres:5432/superset",
        "superset_key": secrets.token_urlsafe(48),
        "superset_admin_password": secrets.token_urlsafe(12),
        "bi_uri": f"postgresql+psycopg2://landgauge_bi:{secrets.token_urlsafe(24)}@host.docker.internal:5432/landgauge",
        "sql_alchemy_conn": address,
        "fernet_key": base64.urlsafe_b64encode(os.urandom(32)).decode(),
        "jwt_secret": secrets.token_urlsafe(48),
        "api_secret_key": secrets.token_urlsafe(48),
        "admin_password": secrets.token_urlsafe(12),
    }
    for name, value in values.items():
        _keep(folder / name, value)
    return sorted(folder.iterdir())


def _keep(path: Path, value: str) -> str:
    """Write a value to a new file; the containers' user has to read it, so the folder guards it, not the file."""
    if not path.exists() or not path.stat().st_size:  # empty: an earlier call was killed
        path.unlink(missing_ok=True)
        path.write_text(value, encoding="ascii")
        path.chmod(0o444)
    return path.read_text(encoding="ascii")


if __name__ == "__main__":
    for written in make(Path(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT_FOLDER):
        sys.stdout.write(f"{written}\n")
