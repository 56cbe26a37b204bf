"""Airflow reads its environment when it is imported: give it a home of its own, and nothing of the machine's."""

from __future__ import annotations

import os
import tempfile

for name in [name for name in os.environ if name.startswith("AIRFLOW")]:
    del os.environ[name]
os.environ["AIRFLOW_HOME"] = tempfile.mkdtemp(prefix="landgauge-airflow-")
os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
