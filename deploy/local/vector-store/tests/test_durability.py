import random
import threading
import time

import httpx

VECTORS = {"vectors": {"size": 8, "distance": "Dot"}}


def write_until_cut_off(store, first_id: int, acknowledged: dict[int, list[float]]) -> None:
    """Upserts batch after batch; remembers what was answered."""
    rng = random.Random(first_id)
    id = first_id
    while True:
        points = [{"id": id + i, "vector": [float(rng.randint(0, 100)) for _ in range(8)], "payload": {"n": id + i}} for i in range(20)]
        try:
            answer = httpx.put(f"http://127.0.0.1:{store.port}/collections/c/points?wait=true", json={"points": points}, timeout=60)
        except httpx.TransportError:
            return
        assert answer.json()["result"]["status"] == "completed"
        acknowledged.update({point["id"]: point["vector"] for point in points})
        id += 20


def test_no_acknowledged_point_is_lost_over_kill_9(start):
    rng = random.Random(9)
    acknowledged: dict[int, list[float]] = {}
    store = start()
    assert store.put("/collections/c", VECTORS).status_code == 200
    for round in range(5):
        writers = [threading.Thread(target=write_until_cut_off, args=(store, round * 1_000_000 + w * 100_000, acknowledged)) for w in range(2)]
        before = len(acknowledged)
        for writer in writers:
            writer.start()
        target = before + rng.randint(200, 2_000)
        while len(acknowledged) < target:
            assert all(writer.is_alive() for writer in writers), "a writer was cut off before the kill"
            time.sleep(0.002)
        store.kill()
        for writer in writers:
            writer.join()
        store = start()
        ids = list(acknowledged)
        found = store.post("/collections/c/points", {"ids": ids, "with_vector": True}).json()["result"]
        assert {point["id"]: point["vector"] for point in found} == acknowledged
    assert store.post("/collections/c/points/count", {}).json()["result"]["count"] >= len(acknowledged)


def test_collections_aliases_indexes_and_deletions_survive_kill_9(start):
    store = start()
    store.put("/collections/kept", {**VECTORS, "metadata": {"model": "m"}})
    store.put("/collections/gone", VECTORS)
    store.put("/collections/kept/points", {"points": [{"id": i, "vector": [1.0] * 8, "payload": {"k": "v"}} for i in range(10)]})
    store.put("/collections/kept/index", {"field_name": "k", "field_schema": {"type": "keyword", "is_tenant": True}})
    store.post("/collections/kept/points/delete", {"points": [3]})
    store.post("/collections/aliases", {"actions": [{"create_alias": {"alias_name": "now", "collection_name": "kept"}}]})
    assert store.client.delete("/collections/gone").json()["result"] is True
    store.kill()
    store = start()
    assert store.client.get("/collections").json()["result"]["collections"] == [{"name": "kept"}]
    info = store.client.get("/collections/now").json()["result"]
    assert info["points_count"] == 9
    assert info["config"]["metadata"] == {"model": "m"}
    assert info["payload_schema"]["k"] == {"data_type": "keyword", "points": 9, "params": {"type": "keyword", "is_tenant": True}}


def test_a_refused_write_does_not_harm_the_log(start):
    store = start()
    store.put("/collections/c", VECTORS)
    assert store.post("/collections/c/points/payload", {"payload": {"a": 1}, "points": [5]}).status_code == 404
    assert store.put("/collections/c/points", {"points": [{"id": 1, "vector": [1.0], "payload": {}}]}).status_code == 400
    store.put("/collections/c/points", {"points": [{"id": 2, "vector": [1.0] * 8, "payload": {}}]})
    store.kill()
    assert [point["id"] for point in start().post("/collections/c/points/scroll", {}).json()["result"]["points"]] == [2]


def test_sigterm_ends_it_in_order(start):
    store = start()
    store.put("/collections/c", VECTORS)
    assert store.stop() == 0


def test_what_no_collection_owns_is_removed_at_the_start(start, tmp_path):
    store = start()
    store.put("/collections/c", VECTORS)
    store.stop()
    stray = tmp_path / "data" / "collections" / "stray"
    stray.mkdir()
    store = start()
    assert not stray.exists()
    assert store.client.get("/collections/c/exists").json()["result"] == {"exists": True}
