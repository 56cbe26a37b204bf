"""dbt's `adapter` as far as sqlfluff needs it: the SQL that is looked at is DuckDB's."""

from collections.abc import Callable
from typing import Any

from jinja2 import pass_context
from jinja2.runtime import Context


@pass_context
def dispatch(context: Context, name: str) -> Callable[..., Any]:
    """Return the macro that DuckDB takes for this name; it stands in the file of the one that calls it."""
    return context.resolve(f"duckdb__{name}")
