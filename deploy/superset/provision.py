"""Bring a Superset to what the files below assets/ say. Safe to repeat: equal files change nothing, changed files win.

usage: python provision.py [--assets FOLDER]

Upgrades Superset's own database, synchronises its roles, makes the administrator (name LANDGAUGE_SUPERSET_ADMIN,
default admin; password from the file LANDGAUGE_SUPERSET_ADMIN_PASSWORD_FILE) and the role 看板读者 for readers,
and imports database, datasets, charts and dashboards. The database's address is LANDGAUGE_BI_URI (connections.py).
Assets whose uuid no file has any more are left alone: people may have made their own.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
READER = "看板读者"


def main() -> int:
    """Provision; the exit code is 0, or 2 where an environment variable or a file is missing."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--assets", type=Path, default=HERE / "assets")
    assets = parser.parse_args().assets
    os.environ.setdefault("SUPERSET_CONFIG_PATH", str(HERE / "superset_config.py"))
    sys.path.insert(0, str(HERE))
    try:
        contents = read(assets)
        password = Path(os.environ["LANDGAUGE_SUPERSET_ADMIN_PASSWORD_FILE"]).read_text(encoding="utf-8").strip()
        _provision(contents, os.environ.get("LANDGAUGE_SUPERSET_ADMIN", "admin"), password)
    except KeyError as missing:
        sys.stderr.write(f"{missing.args[0]} is not set: see docs/dashboards.md\n")
        return 2
    except OSError as error:
        sys.stderr.write(f"{error}: see docs/dashboards.md\n")
        return 2
    return 0


def read(assets: Path) -> dict[str, str]:
    """The files of the assets as Superset's importer takes them, by their path below the folder.

    The address of the database is put in here: a file in a repository has none.
    """
    from connections import value_of

    contents = {}
    for path in sorted(assets.rglob("*.yaml")):
        content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
        if path.parent.name == "databases":
            content["sqlalchemy_uri"] = value_of("LANDGAUGE_BI_URI")
        contents[path.relative_to(assets).as_posix()] = yaml.safe_dump(content, allow_unicode=True)
    if "metadata.yaml" not in contents:
        raise FileNotFoundError(f"{assets}: no metadata.yaml, so no assets of Superset")
    return contents


def _provision(contents: dict[str, str], admin: str, password: str) -> None:
    """Everything that needs the application; imported here, since importing Superset reads its settings."""
    from superset.app import create_app

    application = create_app()
    with application.app_context():
        from flask_migrate import upgrade

        upgrade(directory=str(Path(application.root_path) / "migrations"))
        from superset import appbuilder, security_manager
        from superset.commands.importers.v1.assets import ImportAssetsCommand
        from superset.utils.core import override_user

        appbuilder.add_permissions(update_perms=True)
        security_manager.sync_role_definitions()
        user = _administrator(security_manager, admin, password)
        with override_user(user):
            ImportAssetsCommand(contents).run()
        _readers(security_manager, contents)
        sys.stdout.write(f"Superset provisioned: {len(contents) - 1} assets\n")


def _administrator(security: Any, name: str, password: str) -> Any:
    """The administrator; made where absent, else left as he is (he may have changed his password)."""
    user = security.find_user(username=name)
    role = security.find_role("Admin")
    return user or security.add_user(name, name, "landgauge", f"{name}@localhost", role, password=password)


def _readers(security: Any, contents: dict[str, str]) -> None:
    """The role that, beside Superset's own Gamma, lets a user look at the marts; it cannot write SQL."""
    from superset import db
    from superset.models.core import Database

    uuids = [yaml.safe_load(text)["uuid"] for path, text in contents.items() if path.startswith("databases/")]
    role = security.add_role(READER)
    for database in db.session.query(Database).filter(Database.uuid.in_(uuids)):
        permission = security.add_permission_view_menu("database_access", database.perm)
        security.add_permission_role(role, permission)
    db.session.commit()


if __name__ == "__main__":
    sys.exit(main())
