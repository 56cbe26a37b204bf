"""Every dbt unit test, in one dbt process."""

from __future__ import annotations

import re


def test_dbt_unit_tests_pass(dbt):
    """One test for each indicator and each rule of pairing; dbt prints what differs."""
    done = dbt("test", "--select", "test_type:unit")
    assert done.returncode == 0, done.stdout[-6000:]
    assert int(re.search(r"PASS=(\d+)", done.stdout).group(1)) >= 30
