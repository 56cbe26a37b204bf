"""A place for Parquet files: a folder or the address of an object store."""

from __future__ import annotations

import json
from typing import Any

import duckdb
import pyarrow.dataset
import pyarrow.fs
import pyarrow.parquet

_ROWS = 200_000  # of a row group: what one task of Spark reads at a time


def write(con: duckdb.DuckDBPyConnection, relation: str, address: str) -> int:
    """Write a table as one Parquet file below the folder `address` and return its rows; never whole in memory."""
    fs, path = pyarrow.fs.FileSystem.from_uri(address)
    fs.create_dir(path, recursive=True)
    reader = con.execute(f"select * from {relation}").fetch_record_batch(_ROWS)
    rows = 0
    with pyarrow.parquet.ParquetWriter(f"{path}/part.parquet", reader.schema, filesystem=fs) as writer:
        for batch in reader:
            writer.write_batch(batch, row_group_size=_ROWS)
            rows += batch.num_rows
    return rows


def read(address: str) -> pyarrow.dataset.Dataset:
    """Open the Parquet files of a folder; what an engine writes beside them is left out."""
    fs, path = pyarrow.fs.FileSystem.from_uri(address)
    selector = pyarrow.fs.FileSelector(path, recursive=True)
    files = sorted(f.path for f in fs.get_file_info(selector) if f.path.endswith(".parquet"))
    return pyarrow.dataset.dataset(files, filesystem=fs, format="parquet")


def put(address: str, name: str, content: dict[str, Any]) -> None:
    """Write a small JSON file."""
    fs, path = pyarrow.fs.FileSystem.from_uri(address)
    with fs.open_output_stream(f"{path}/{name}") as stream:
        stream.write(json.dumps(content, ensure_ascii=False, indent=1).encode())


def get(address: str, name: str) -> dict[str, Any]:
    """Read a small JSON file."""
    fs, path = pyarrow.fs.FileSystem.from_uri(address)
    with fs.open_input_stream(f"{path}/{name}") as stream:
        return json.loads(stream.read())


def clear(address: str) -> None:
    """Remove a folder with all that is in it."""
    fs, path = pyarrow.fs.FileSystem.from_uri(address)
    if fs.get_file_info(path).type == pyarrow.fs.FileType.Directory:
        fs.delete_dir(path)
