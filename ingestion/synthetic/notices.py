"""The public notice of a year's result, objections to it, and the corrections that settled the adopted ones."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date

import numpy as np
import pyarrow as pa

from ingestion.synthetic.codes import Integers
from ingestion.synthetic.world import Frame, World

_CORRECTED = (  # dataset, column, factor, indicator that the objection is about
    ("operations", "output_cny10k", 1.08, "land_output_cny10k_per_ha"),
    ("operations", "employees", 1.5, "labour_productivity_cny10k_per_person"),
    ("taxes", "tax_paid_cny10k", 1.05, "land_tax_cny10k_per_ha"),
)
_EXTENDED, _LATE, _UNDECIDED = 1, 2, 3  # places: with a deadline of its own, come late, not decided yet


def public_notices(year: int) -> Frame:
    """Return the notice of a year's result, in June of the year after."""
    row = {
        "notice_no": f"GS-{year}-01",
        "year": year,
        "start_date": date(year + 1, 6, 3),
        "deadline": date(year + 1, 6, 12),
        "document_no": f"穗评公示({year})1号(示例)",
        "place": "市政府网站(示例)",
    }
    return _frame([row])


def objections_and_corrections(
    world: World, year: int, sources: Mapping[str, Frame], bulk: Integers
) -> tuple[Frame, Frame]:
    """Return the objections and corrections of a year; each adopted objection has one that fits the declared value.

    The first is adopted, the second is not, the third comes late, the fourth is undecided.
    `sources` are the year's frames of the corrected datasets; only rows of the `bulk` areas (whose files are typed)
    are corrected, each at most once.
    """
    p, rng = world.shape.objections, world.rng("objections", year)
    count = min(max(p.at_least, round(world.call.parcels * p.share_of_parcels)), p.at_most)
    picks = [_pick(sources[name], bulk, count, rng) for name in ("operations", "taxes")]
    chosen = dict(zip(("operations", "taxes"), picks, strict=True))
    objections, corrections = [], []
    for i in range(min(count, *map(len, picks))):
        dataset, column, factor, indicator = _CORRECTED[i % len(_CORRECTED)]
        row = sources[dataset].table.slice(int(chosen[dataset][i]), 1).to_pylist()[0]
        adopted = i == 0 or (i > _UNDECIDED and rng.random() < p.adopted)
        objections.append(_objection(year, i, str(row["uscc"]), indicator, adopted))
        if adopted:
            new = round(row[column] * factor + 1, 2)
            corrections.append(_correction(year, i, dataset, row["uscc"], column, row[column], new))
    return _frame(objections), _frame(corrections)


def _pick(frame: Frame, bulk: Integers, count: int, rng: np.random.Generator) -> Integers:
    """Draw rows to correct: none with a seeded warning, none negative."""
    good = np.isin(frame.area, bulk)
    for mark in frame.marks:
        good[mark.rows] = False
    if "tax_paid_cny10k" in frame.table.column_names:
        good &= frame.table["tax_paid_cny10k"].to_numpy() > 0
    rows = np.flatnonzero(good)
    return rng.choice(rows, min(count, len(rows)), replace=False)


def _objection(year: int, place: int, uscc: str, indicator: str, adopted: bool) -> dict[str, object]:
    decided = place != _UNDECIDED
    return {
        "objection_no": f"YY-{year}-{place + 1:06d}",
        "scale": "enterprise",
        "unit_code": uscc,
        "indicator_code": indicator,
        "claim": "申报数据有误,请予更正(示例)",
        "evidence": "审计报告(示例)" if adopted else "书面说明(示例)",
        "received_date": date(year + 1, 6, 13 if place == _LATE else 3 + place % 10),
        "decision": ("采纳" if adopted else "不采纳") if decided else None,
        "decision_date": date(year + 1, 6, 20) if decided else None,
        "correction_no": f"GZ-{year}-{place + 1:06d}" if adopted else None,
        "year": year,
        "deadline": date(year + 1, 6, 20) if place == _EXTENDED else None,
    }


def _correction(
    year: int, place: int, dataset: str, uscc: str, column: str, old: float, new: float
) -> dict[str, object]:
    return {
        "correction_no": f"GZ-{year}-{place + 1:06d}",
        "dataset": dataset,
        "year": year,
        "key_json": json.dumps({"uscc": uscc}),
        "column": column,
        "old_value": str(old),
        "new_value": str(int(new)) if isinstance(old, int) else str(new),
        "reason": "企业异议经核实采纳(示例)",
        "approved_by": "生成数据",
        "document_no": f"穗评更({year}){place + 1}号(示例)",
        "effective_date": date(year + 1, 6, 25),
    }


def _frame(rows: list[dict[str, object]]) -> Frame:
    return Frame(pa.Table.from_pylist(rows), np.zeros(len(rows), dtype=np.int64))
