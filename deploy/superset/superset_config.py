"""Superset's settings for Landgauge: Chinese, no example data, nothing from the network at view time.

Read by Superset through PYTHONPATH or SUPERSET_CONFIG_PATH. Everything secret comes from files or the environment:

- LANDGAUGE_SUPERSET_KEY_FILE: file of the key that signs sessions and encrypts what the metadata hold
- LANDGAUGE_SUPERSET_METADATA (or ..._FILE): SQLAlchemy address of Superset's own database
- LANDGAUGE_BI_URI (or ..._FILE): SQLAlchemy address of the published marts (connections.py)
- LANDGAUGE_BI_DISTRICTS_FILE: addresses of the district users (connections.py), where rows are separated by district
"""

from __future__ import annotations

import copy
import os
import sys
from pathlib import Path

from superset.config import TALISMAN_CONFIG as _SHIPPED

sys.path.insert(0, str(Path(__file__).parent))  # Superset reads this file by path; its neighbours are not found else
import connections

SECRET_KEY = Path(os.environ["LANDGAUGE_SUPERSET_KEY_FILE"]).read_text(encoding="ascii").strip()
SQLALCHEMY_DATABASE_URI = connections.value_of("LANDGAUGE_SUPERSET_METADATA")
SQLALCHEMY_TRACK_MODIFICATIONS = False

APP_NAME = "产业用地后评估"
BABEL_DEFAULT_LOCALE = "zh"
LANGUAGES = {"zh": {"flag": "cn", "name": "中文"}, "en": {"flag": "us", "name": "English"}}

# Nobody sees anything without an account, and nobody makes one for himself.
PUBLIC_ROLE_LIKE = None
AUTH_ROLE_PUBLIC = "Public"
AUTH_USER_REGISTRATION = False
WTF_CSRF_ENABLED = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
# Behind https set LANDGAUGE_SUPERSET_HTTPS=1: browsers then send the session over https alone.
SESSION_COOKIE_SECURE = os.environ.get("LANDGAUGE_SUPERSET_HTTPS") == "1"

# As shipped, less the addresses of map tiles and counters: the browser talks to this server and to no other.
TALISMAN_ENABLED = True
TALISMAN_CONFIG = copy.deepcopy(_SHIPPED)
TALISMAN_CONFIG["content_security_policy"] |= {
    "connect-src": ["'self'"],
    "font-src": ["'self'"],
    "img-src": ["'self'", "blob:", "data:"],
    "style-src": ["'self'", "'unsafe-inline'"],
}
TALISMAN_CONFIG["session_cookie_secure"] = SESSION_COOKIE_SECURE
DECKGL_BASE_MAP = [["", "无底图"]]

# A result is never kept: what was published last is what is shown, and no user sees what another one asked for.
CACHE_CONFIG = {"CACHE_TYPE": "NullCache"}
DATA_CACHE_CONFIG = {"CACHE_TYPE": "NullCache"}

FEATURE_FLAGS = {"ALERT_REPORTS": False, "EMBEDDED_SUPERSET": False, "ENABLE_TEMPLATE_PROCESSING": False}
ROW_LIMIT = 100_000
SAMPLES_ROW_LIMIT = 1_000
SQLLAB_BACKEND_PERSISTENCE = False

DB_CONNECTION_MUTATOR = connections.choose
