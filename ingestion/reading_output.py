"""What the reading process writes: Parquet files in batches, so that a file never stands in memory whole."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

BATCH = 20_000  # rows


def write_rows(path: Path, rows: Iterable[Sequence[str | None]], width: int) -> int:
    """Write rows of text cells as n (from 0), c1, c2, …; returns how many. Shorter rows are filled with NULL."""
    schema = pa.schema([("n", pa.int64()), *((f"c{i}", pa.string()) for i in range(1, width + 1))])
    count = 0
    with pq.ParquetWriter(path, schema, compression="snappy") as writer:
        batch: list[Sequence[str | None]] = []
        for row in rows:
            batch.append(row if len(row) == width else [*row, *[None] * (width - len(row))])
            if len(batch) == BATCH:
                count = _flush(writer, schema, batch, count)
                batch = []
        return _flush(writer, schema, batch, count)


def _flush(writer: pq.ParquetWriter, schema: pa.Schema, batch: list[Sequence[str | None]], count: int) -> int:
    if batch:
        numbers = pa.array(range(count, count + len(batch)), pa.int64())
        columns = [pa.array(column, pa.string()) for column in zip(*batch, strict=True)]
        writer.write_table(pa.Table.from_arrays([numbers, *columns], schema=schema))
    return count + len(batch)


def write_batches(path: Path, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> int:
    """Write batches of one schema behind a column row_no (from 1); returns how many rows."""
    numbered = pa.schema([pa.field("row_no", pa.int64()), *schema])
    count = 0
    with pq.ParquetWriter(path, numbered, compression="snappy") as writer:
        for batch in batches:
            numbers = pa.array(range(count + 1, count + 1 + batch.num_rows), pa.int64())
            writer.write_batch(pa.RecordBatch.from_arrays([numbers, *batch.columns], schema=numbered))
            count += batch.num_rows
    return count
