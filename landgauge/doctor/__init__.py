"""Looks at an installation: each check says what is so, where, and what to do. None changes anything."""

from __future__ import annotations

from collections.abc import Iterator

from landgauge.doctor import given, machine, services, stored
from landgauge.doctor.findings import FAULT, Check, Finding, Installation, fault
from landgauge.errors import LandgaugeError

CHECKS: tuple[Check, ...] = (
    Check("python", machine.python),
    Check("packages", machine.packages),
    Check("extensions", machine.extensions),
    Check("models", given.models),
    Check("policy", given.seeds),
    Check("settings", given.settings),
    Check("memory", machine.memory),
    Check("temporary", machine.temporary),
    Check("open-files", machine.open_files),
    Check("landing", given.landing),
    Check("city", given.city),
    Check("mapping", given.mapping),
    Check("sources", given.sources),
    Check("warehouse", stored.folder),
    Check("lock", stored.writer),
    Check("working-file", stored.working_file),
    Check("remains", stored.remains),
    Check("links", stored.links),
    Check("snapshot", stored.snapshot),
    Check("parquet", stored.parquet),
    Check("disk", stored.disk),
    Check("clock", stored.clock),
    Check("browser", machine.browser),
    Check("airflow", services.airflow),
    Check("serving", services.serving),
)


def look(installation: Installation, checks: tuple[Check, ...] = ()) -> Iterator[tuple[str, Finding]]:
    """Yield the findings of these checks, or of all, with their names; a check that breaks down is a fault itself."""
    for check in checks or CHECKS:
        try:
            for finding in check.look(installation):
                yield check.name, finding
        except LandgaugeError as error:
            yield check.name, fault(error.message, check.name, error.next_step)
        except Exception as error:  # an installation may be broken in ways that nobody thought of
            yield check.name, Finding(FAULT, f"the check broke down: {type(error).__name__}: {error}", check.name,
                                      "Look there by hand, and tell the maintainers.")  # fmt: skip
