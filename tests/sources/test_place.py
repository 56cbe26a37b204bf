"""Tables that are handed to Spark stand in a bucket as they stand in a folder (docs/spark.md)."""

from __future__ import annotations

import duckdb
import pytest
import servers

from warehouse.spark import place

pytestmark = pytest.mark.acceptance
ROWS = "select i as parcel_code, i / 3 as plot_ratio, nullif(i % 7, 0) as floors from range(450000) as t (i)"


@pytest.fixture(params=["bucket", "folder"])
def address(request, tmp_path, monkeypatch) -> str:
    if request.param == "folder":
        return (tmp_path / "place").as_uri()
    server: servers.S3 = request.getfixturevalue("s3")
    login = {"AWS_ACCESS_KEY_ID": server.key, "AWS_SECRET_ACCESS_KEY": server.secret, "AWS_REGION": "us-east-1"}
    for name, value in {**login, "AWS_ENDPOINT_URL": f"http://{servers.HOST}:{server.port}"}.items():
        monkeypatch.setenv(name, value)
    return f"s3://{server.bucket}/nation/guangzhou"


def test_what_was_written_is_read_again(address) -> None:
    with duckdb.connect() as con:
        con.execute(f"create table handed as {ROWS}")
        assert place.write(con, "handed", f"{address}/handed/staging/stg_parcel") == 450_000
        con.register("found", place.read(f"{address}/handed/staging/stg_parcel"))
        assert con.execute("select count(*) from (from handed except from found)").fetchall() == [(0,)]
        assert (
            con.execute("select count(*), sum(floors) from found").fetchall()
            == con.execute("select count(*), sum(floors) from handed").fetchall()
        )
    place.put(address, "handed.json", {"tables": ["staging.stg_parcel"], "city": "广州"})
    assert place.get(address, "handed.json") == {"tables": ["staging.stg_parcel"], "city": "广州"}


def test_what_engines_write_beside_the_rows_is_left_out_and_all_of_it_is_cleared(address) -> None:
    with duckdb.connect() as con:
        place.write(con, "range(3)", f"{address}/marts/small")
        place.put(f"{address}/marts/small", "_SUCCESS", {})
        assert place.read(f"{address}/marts/small").count_rows() == 3
        place.write(con, "range(5)", f"{address}/marts/other")
    place.clear(f"{address}/marts/small")
    assert place.read(f"{address}/marts/other").count_rows() == 5
    with pytest.raises(FileNotFoundError):
        place.read(f"{address}/marts/small")
    place.clear(f"{address}/marts/small")  # what is not there is no fault
