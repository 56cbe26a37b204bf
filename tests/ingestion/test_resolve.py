"""What rows show together: orphans through the chain of references, conflicts and duplicates over files."""

from __future__ import annotations

from landings import HEADER, P1, P2, P3, U1, City, parcels

BUILDINGS = "建筑编号,宗地代码,建筑用途,建筑占地面积,建筑面积\n"


def test_like_rows_leave_one_and_unlike_rows_none(tmp_path):
    files = {
        "parcels/2024/a.csv": f"{HEADER}\n{P2},440112,M1,1000\n{P1},440112,M1,1000\n",
        "parcels/2024/B.csv": "宗地面积,宗地代码,行政区代码,土地用途代码\n"
        f'"1,000.0",{P1},440112,M1\n２０００,{P2},440112,M1\n1,{P3},440112,M1\n',
    }
    city = City(tmp_path).put(files)
    city.ingest()
    found = city.ask(
        "select file_name, row_no, rule_code, value from quarantine.finding natural join ledger.load order by 1, 2"
    )
    assert found == [
        ("parcels/2024/B.csv", 2, "conflict:parcel_code", P2),
        ("parcels/2024/a.csv", 1, "conflict:parcel_code", P2),
        ("parcels/2024/a.csv", 2, "duplicate:parcel_code", P1),
    ]
    assert city.ask("select parcel_code from accepted.parcels order by 1") == [(P1,), (P3,)]
    city.put({"parcels/2024/a.csv": parcels("440112001001GB00009")})
    city.ingest()
    assert city.rules("parcels") == []
    assert city.ask("select count(*) from accepted.parcels") == [(4,)]


def test_a_bad_row_is_no_conflict_but_makes_orphans(tmp_path):
    files = {
        "parcels/2024/a.csv": f"{HEADER}\n{P1},440112,M1,-5\n{P1},440112,M1,1000\n{P2},440112,M1,\n",
        "buildings/2024/b.csv": BUILDINGS + f"1,{P1},生产,1,1\n2,{P2},生产,1,1\n",
    }
    city = City(tmp_path).put(files)
    city.ingest()
    assert city.rules("parcels") == [(1, "range:site_area_m2"), (3, "required:site_area_m2")]
    assert city.rules("buildings") == [(2, "orphan:parcel_code")]
    original = city.ask("select original_row from quarantine.finding where dataset = 'buildings'")[0][0]
    assert '"建筑编号":"2"' in original.replace(" ", "")


def test_no_file_no_orphans_and_a_rejected_file_is_none(tmp_path):
    files = {
        "parcels/2024/a.csv": parcels(P1).replace(",宗地面积", ",开发区代码,宗地面积").replace(",1000", ",Z1,1000")
    }
    city = City(tmp_path).put(files | {"zones/2024/z.csv": "x\n1\n"})
    city.ingest()
    assert city.rules("parcels") == []
    city.put({"zones/2024/z.csv": "开发区代码,名称,类型,行政区代码\nZ2,某区,经开区,440112\n"})
    city.ingest()
    assert city.rules("parcels") == [(1, "orphan:zone_code")]


def test_orphans_follow_through_the_chain_and_over_years(tmp_path):
    agreement = (
        "协议编号,宗地代码,统一社会信用代码,签订日期,用地终止日期,供应方式\n{},{},{},2020-01-01,2040-01-01,出让\n"
    )
    event = "协议编号,事件,日期\nX1,开工,2021-01-01\nX2,开工,2021-01-01\nX9,开工,2021-01-01\nX1,开工,2021-01-01\n"
    files = {
        "parcels/2024/a.csv": parcels(P1),
        "agreements/2023/a.csv": agreement.format("X1", P3, U1),
        "agreements/2024/a.csv": agreement.format("X2", P2, U1),
        "agreement_events/2024/e.csv": event,
    }
    city = City(tmp_path).put(files)
    city.ingest()
    assert city.rules("agreements") == [(1, "orphan:parcel_code")]  # 2023 has no parcels file, so no orphans
    expected = [(2, "orphan:agreement_no"), (3, "orphan:agreement_no")]
    repeated = "duplicate:agreement_no+event+event_date+stage+indicator_code"
    assert city.rules("agreement_events") == [*expected, (4, repeated)]
    city.put({"parcels/2024/b.csv": parcels(P2)})
    city.ingest()
    assert city.rules("agreements") == []
    assert city.rules("agreement_events") == [(3, "orphan:agreement_no"), (4, repeated)]


def test_rows_add_up_whatever_is_wrong_with_them(tmp_path):
    files = {
        "parcels/2024/a.csv": f"{HEADER}\n{P1},440112,M1,-5\n{P1},x,M1,\n{P2},440112,M1,5\n{P2},440112,M1,5\n",
        "buildings/2024/b.csv": BUILDINGS + f"1,{P1},生产,-1,x\n1,{P2},生产,1,1\n1,{P2},仓储,1,1\n",
    }
    city = City(tmp_path).put(files)
    city.ingest()
    sql = "select file_name from ledger.load where rows_in <> accepted + quarantined + superseded"
    assert city.ask(sql) == []
    assert city.ledger()["parcels/2024/a.csv"] == ("loaded", 4, 1, 3, 0)
    assert city.ledger()["buildings/2024/b.csv"] == ("loaded", 3, 0, 3, 0)
    for dataset in ("parcels", "buildings"):
        accepted = city.ask(f"select sum(accepted) from ledger.load where dataset = '{dataset}'")
        assert accepted == city.ask(f"select count(*) from accepted.{dataset}")
