"""`make kill`: kill runs at random moments of every stage, repeat them, and compare. Goes on where it was left."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path

from tests.recovery import children, states
from tests.recovery.case import Case, drawn, run


def main() -> int:
    """Run the cases that are not done; exit 1 at the first whose outcome differs."""
    options = _options()
    children.import_all()
    digest = children.apart(_code)
    folder = options.folder / str(options.seed)
    saved = states.of(_place(options.folder, digest), options.years, _tell)
    journal = folder / f"{digest}.jsonl"
    folder.mkdir(parents=True, exist_ok=True)
    done = _done(journal)
    waiting = [case for case in _cases(options.seed, options.kills) if case.number not in done]
    _tell(f"{len(done)} cases were done before, {len(waiting)} to do; journal: {journal}")
    failed = _work(waiting, saved, folder, journal, options.jobs)
    _summary(_done(journal).values())
    return 1 if failed else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.recovery", description=__doc__)
    parser.add_argument("--kills", type=int, default=200, metavar="N", help="at least so many")
    parser.add_argument("--seed", type=int, default=1, metavar="N")
    parser.add_argument("--years", type=int, default=2, metavar="N", help="of the generated city")
    parser.add_argument("--jobs", "-j", type=int, default=2, metavar="N", help="cases at a time")
    parser.add_argument("--folder", type=Path, default=Path("build/kill"), metavar="DIR")
    return parser.parse_args()


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _code() -> str:
    """What the saved states were made by: another code or policy makes others, and another commit is told of a run."""
    from ingestion.manifest import code_digest, git_sha, policy_digest

    return f"{code_digest()[:8]}{policy_digest()[:8]}{(git_sha() or '')[:8]}"


def _place(folder: Path, digest: str) -> Path:
    """The folder of the saved states; those of other code go."""
    place = (folder / f"states-{digest}").resolve()
    for old in folder.glob("states-*"):
        if old.resolve() != place:
            shutil.rmtree(old)
    return place


def _cases(seed: int, kills: int) -> Iterator[Case]:
    number = drawn_kills = 0
    while drawn_kills < kills:
        case = drawn(seed, number)
        yield case
        number, drawn_kills = number + 1, drawn_kills + len(case.kills)


def _done(journal: Path) -> dict[int, dict]:
    """Cases that passed, by number; one that failed is tried again."""
    lines = journal.read_text(encoding="utf-8").splitlines() if journal.is_file() else []
    outcomes = [json.loads(line) for line in lines]
    return {outcome["number"]: outcome for outcome in outcomes if not outcome["fault"]}


def _work(waiting: list[Case], saved: states.States, folder: Path, journal: Path, jobs: int) -> bool:
    """Run cases side by side, each in a process; after a fault no other begins. Return whether there was one."""
    running: set[int] = set()
    failed = False
    while running or (waiting and not failed):
        while waiting and len(running) < jobs and not failed:
            running.add(_begin(waiting.pop(0), saved, folder, journal))
        pid, status = os.wait()
        running.discard(pid)
        failed |= status != 0
    return failed


def _begin(case: Case, saved: states.States, folder: Path, journal: Path) -> int:
    pid = os.fork()
    if pid == 0:
        outcome = run(case, saved, folder / f"case-{case.number}")
        with journal.open("a", encoding="utf-8") as out:
            out.write(json.dumps(asdict(outcome), ensure_ascii=False) + "\n")
        kills = ", ".join(f"{kill.stage} {kill.share:.2f}" for kill in case.kills)
        _tell(f"case {case.number}: {case.command} killed in {kills}: {outcome.fault or 'equal'} ({outcome.seconds} s)")
        os._exit(1 if outcome.fault else 0)
    return pid


def _summary(outcomes: Iterable[dict]) -> None:
    """Kills and equal repeats by command and stage, and the looks of the readers."""
    outcomes = list(outcomes)
    hit = Counter((o["command"], stage or "(had ended)") for o in outcomes for stage in o["hit"])
    repeats = Counter((o["command"], o["hit"][-1] or "(had ended)") for o in outcomes)
    print(f"{'command':<10}{'killed in':<14}{'kills':>6}{'repeats equal':>15}")
    for command, stage in sorted(hit, key=lambda k: (k[0], [*states.STAGES, "(had ended)"].index(k[1]))):
        print(f"{command:<10}{stage:<14}{hit[command, stage]:>6}{repeats[command, stage]:>15}")
    print(f"{'together':<24}{sum(hit.values()):>6}{len(outcomes):>15}")
    for name in ("snapshot", "parquet"):
        told = {state: sum(o["looks"][name][state] for o in outcomes) for state in ("before", "after")}
        print(f"looks at {name}: {told['before']} saw the state before, {told['after']} the one after, none another")
    print(f"looks at pages: {sum(sum(o['looks']['pages'].values()) for o in outcomes)}, each saw whole ones")
    print(f"{sum(len(o['hit']) > 1 for o in outcomes)} runs were killed more than once")


if __name__ == "__main__":
    sys.exit(main())
