"""Policy as the twin knows it, written from docs/life-cycle.md: no seed is read."""

from __future__ import annotations

STAGES = ("准入", "开竣工", "达产", "过程", "到期")  # section 3
COUNTS_FAILED = REEVALUATED = ("达产", "过程", "到期")
RECTIFIED = ("达产", "过程")
PROCESS_YEARS = 3  # R1
BEFORE_TERM_MONTHS = 12  # R1: evaluation of 到期
BEFORE_LEASE_END_MONTHS = 12  # section 5
RENEWAL_MONTHS, EXIT_MONTHS = 1, 6  # section 5
RECTIFICATION_MONTHS = 12  # X2
FAILED_YEARS_END = 3  # section 7, contract_end
FEE_MONTHS, TAKE_BACK_MONTHS = 12, 24  # I1
BUILT_SHARE, INVESTED_SHARE = 1 / 3, 0.25  # I2
IDLE_RISK_DAYS = 90  # section 10
TOLERANCE = 1e-9  # F2
NOTICE_DAYS = {  # D1
    **dict.fromkeys(("开工", "竣工", "投产", "达产", "出让签订"), 90),
    **dict.fromkeys(("开竣工评估", "达产评估", "过程评估", "到期评估", "先租后让申请"), 180),
    "整改": 60,
    "续期决定": 30,
    "终止预告": 30,
}
EVALUATIONS = {"开竣工": "开竣工评估", "达产": "达产评估", "过程": "过程评估", "到期": "到期评估"}
MILESTONES = ("开工", "竣工", "投产", "达产")

# The departments there are, as the comparison itself writes them.
DEPARTMENTS = ("发展和改革部门", "市工信局", "市应急局", "市生态环境局", "区工信局", "区税务局", "区应急局")

# What districts have arranged (D3) and where three years are averaged (F1): rows that the comparison itself writes in
# the place of the shipped ones: (raised_by, district_code, indicator_code, assigned_to, valid_from, valid_to).
ASSIGNMENTS: list[tuple[str, str | None, str | None, str, str, str | None]] = [
    ("市工信局", "440112", None, "区工信局", "2000-01-01", None),
    ("市工信局", "440112", "land_tax_cny10k_per_ha", "区税务局", "2008-07-01", "2016-06-30"),
    ("市应急局", "440113", None, "区应急局", "2010-01-01", None),
]
THREE_YEARS = (("过程", "land_output_cny10k_per_ha"), ("到期", "land_output_cny10k_per_ha"))
