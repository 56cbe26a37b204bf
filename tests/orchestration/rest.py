"""Airflow's REST API as these tests use it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import httpx

ENDED = ("success", "failed")
_POLL_S = 1.0
_REST_S = 8.0  # until a task that asks is ready for an answer, and one that is to end has ended
LONG_S = 1800  # of a year on busy processors
T = TypeVar("T")


def token(url: str, user: str, password: str) -> httpx.Response:
    """Ask for a token; 201 with `access_token`, or a refusal."""
    return httpx.post(f"{url}/auth/token", json={"username": user, "password": password}, timeout=30)


def waited(what: str, ask: Callable[[], T | None], seconds: float) -> T:
    """Ask once a second until the answer is something; returns it. Raises TimeoutError."""
    end = time.monotonic() + seconds
    while not (answer := ask()):
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {seconds:.0f} s")
        time.sleep(_POLL_S)
    return answer


class Api:
    """One user's view of the API server at `url`."""

    def __init__(self, url: str, user: str, password: str) -> None:
        """Take a token. Raises httpx.HTTPStatusError when it is refused."""
        answer = token(url, user, password).raise_for_status()
        headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        self._client = httpx.Client(base_url=f"{url}/api/v2", headers=headers, timeout=60)

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> httpx.Response:
        """Send a request and return its answer, whatever that is; a server that restarts is asked again."""
        for wait in (1, 2, 4, 8, 0):
            try:
                answer = self._client.request(method, path, json=body)
            except httpx.TransportError:
                if not wait or method != "GET":
                    raise
            else:
                if method != "GET" or answer.status_code < 500 or not wait:
                    return answer
            time.sleep(wait)
        raise AssertionError

    def get(self, path: str) -> dict[str, Any]:
        return self._json("GET", path, None)

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        return self._json("POST", path, body)

    def patch(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        return self._json("PATCH", path, body)

    def _json(self, method: str, path: str, body: Mapping[str, Any] | None) -> dict[str, Any]:
        answer = self.ask(method, path, body)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text[:1000]}"
        return answer.json()

    def unpause(self, *dags: str) -> None:
        """Unpause DAGs; the run of the last period that a schedule starts at once is ended before it did much."""
        for dag in dags:
            self.patch(f"/dags/{dag}", {"is_paused": False})
            if self.get(f"/dags/{dag}")["next_dagrun_run_after"]:
                self.patch(f"/dags/{dag}/dagRuns/{self.first_run(dag)}", {"state": "failed"})
                time.sleep(_REST_S)  # its task ends at its next sign of life

    def trigger(self, dag: str, conf: Mapping[str, Any]) -> str:
        """Start a run by hand and return its id."""
        return self.post(f"/dags/{dag}/dagRuns", {"logical_date": None, "conf": dict(conf)})["dag_run_id"]

    def run(self, dag: str, run: str) -> dict[str, Any]:
        return self.get(f"/dags/{dag}/dagRuns/{run}")

    def runs(self, dag: str) -> list[dict[str, Any]]:
        """Return the runs of a DAG, oldest first."""
        return self.get(f"/dags/{dag}/dagRuns?limit=100&order_by=run_after")["dag_runs"]

    def first_run(self, dag: str) -> str:
        """Wait for the first run of a DAG and return its id."""
        return waited(f"a run of {dag}", lambda: next(iter(self.runs(dag)), None), 120)["dag_run_id"]

    def tasks(self, dag: str, run: str) -> list[dict[str, Any]]:
        return self.get(f"/dags/{dag}/dagRuns/{run}/taskInstances?limit=100")["task_instances"]

    def ended(self, dag: str, run: str, seconds: float = LONG_S) -> dict[str, Any]:
        """Wait until a run has ended, well or not, and return it."""

        def end() -> dict[str, Any] | None:
            found = self.run(dag, run)
            return found if found["state"] in ENDED else None

        return waited(f"{dag} {run}", end, seconds)

    def task_in(
        self, dag: str, run: str, task: str, states: tuple[str, ...], seconds: float = LONG_S
    ) -> dict[str, Any]:
        """Wait until a task of a run is in one of the states and return it."""

        def there() -> dict[str, Any] | None:
            found = [t for t in self.tasks(dag, run) if t["task_id"] == task and t["state"] in states]
            return found[0] if found else None

        return waited(f"{dag}.{task} {states}", there, LONG_S)

    def answer(self, run: str, option: str) -> httpx.Response:
        """Answer the approval of a run of `publish`, once the task has gone to rest: sooner the answer is lost."""
        time.sleep(_REST_S)
        path = f"/dags/publish/dagRuns/{run}/taskInstances/approve/-1/hitlDetails"
        return self.ask("PATCH", path, {"chosen_options": [option], "params_input": {}})
