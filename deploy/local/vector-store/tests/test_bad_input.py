import json

import pytest

from conftest import StoreProcess

QUERY = "/collections/c/points/query"
POINTS = "/collections/c/points"


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    store = StoreProcess(tmp_path_factory.mktemp("data"))
    store.put("/collections/c", {"vectors": {"size": 2, "distance": "Cosine"}, "sparse_vectors": {"words": {}}})
    store.put(POINTS, {"points": [{"id": id, "vector": [1, id], "payload": {"a": id}} for id in range(5)]})
    yield store
    # Whatever was refused, the collection is as it was.
    assert store.post("/collections/c/points/count", {}).json()["result"]["count"] == 5
    store.client.close()
    store.kill()


def filtered(condition: object) -> dict:
    return {"query": [1, 2], "filter": {"must": [condition]}}


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", QUERY, {"query": [1, 2], "limit": 2**70}, 400),
        ("POST", QUERY, {"query": [1, 2], "offset": -1}, 422),
        ("POST", QUERY, '{"query": [1e999, 2]}', 400),
        ("POST", QUERY, {"query": []}, 400),
        ("POST", QUERY, {"query": [[1, 2]]}, 400),
        ("POST", QUERY, {"query": {"indices": [-1], "values": [1]}, "using": "words"}, 400),
        ("POST", QUERY, {"query": {"indices": [2**40], "values": [1]}, "using": "words"}, 400),
        ("POST", QUERY, {"query": {"rrf": {"weights": [1]}}, "prefetch": [{"query": [1, 2]}, {"query": [1, 2]}]}, 400),
        ("POST", QUERY, {"query": {"formula": {"div": {"left": 1.0, "right": 0.0}}}, "prefetch": [{"query": [1, 2]}]}, 400),
        ("POST", QUERY, {"query": [1, 2], "params": {"hnsw_ef": -5}}, 400),
        ("POST", QUERY, {"query": {"nearest": [1, 2], "mmr": {"diversity": 2}}}, 422),
        ("POST", QUERY, {"query": [1, 2], "with_payload": ["a["]}, 400),
        ("POST", QUERY, {"query": [1, 2], "with_vector": ["other"]}, 400),
        ("POST", QUERY, filtered({"key": "a[", "match": {"value": 1}}), 400),
        ("POST", QUERY, filtered({"key": "a"}), 400),
        ("POST", QUERY, filtered({"key": "a", "values_count": {"gte": -1}}), 400),
        ("POST", QUERY, filtered({"key": "a", "geo_radius": {"center": {"lon": 999, "lat": 0}, "radius": 1}}), 400),
        ("POST", QUERY, {"query": [1, 2], "filter": {"min_should": {"conditions": [], "min_count": -1}}}, 400),
        ("POST", QUERY, "[" * 100_000, 400),
        ("POST", QUERY, "", 400),
        ("PUT", POINTS, {"points": [{"id": 2**64, "vector": [1, 2]}]}, 400),
        ("PUT", POINTS, {"points": [{"id": True, "vector": [1, 2]}]}, 400),
        ("PUT", POINTS, '{"points": [{"id": 9, "vector": [1e999, 2]}]}', 400),
        ("PUT", POINTS, '{"points": [{"id": 9, "vector": [1, 2], "payload": {"x": 1e999}}]}', 400),
        ("PUT", POINTS, {"points": [{"id": 9, "vector": [None, 1]}]}, 400),
        ("PUT", POINTS, {"points": [{"id": 9, "vector": {"words": {"indices": [1, 1], "values": [1, 2]}}}]}, 400),
        ("PUT", POINTS, {"batch": {"ids": [1], "vectors": []}}, 400),
        ("PUT", POINTS + "?wait=maybe", {"points": []}, 400),
        ("POST", POINTS + "/payload", {"payload": {"a": 1}}, 400),
        ("POST", POINTS + "/payload", {"payload": {"a": 1}, "points": [1], "key": "b["}, 400),
        ("GET", POINTS + "/abc", None, 400),
        ("GET", POINTS + "/" + "9" * 5_000, None, 400),
        ("PUT", "/collections/c/index", {"field_name": "a[", "field_schema": "keyword"}, 400),
        ("PUT", "/collections/c/index", {"field_name": "a", "field_schema": "other"}, 400),
        ("PUT", "/collections/d", {"vectors": {"size": 2**40, "distance": "Dot"}}, 422),
        ("PUT", "/collections/d", {"vectors": {"size": 2, "distance": "Dot", "hnsw_config": {"m": -1}}}, 400),
        ("PUT", "/collections/" + "x" * 300, {"vectors": {"size": 2, "distance": "Dot"}}, 422),
        ("PUT", "/collections/a%2Fb", {"vectors": {"size": 2, "distance": "Dot"}}, 404),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_breaks(store, method, path, body, status):
    content = body if isinstance(body, str) else None if body is None else json.dumps(body)
    answer = store.client.request(method, path, content=content)
    assert answer.status_code == status, answer.text
    assert answer.json()["status"]["error"]


def test_numbers_larger_than_any_collection_ask_for_all_of_it(store):
    assert len(store.post(QUERY, {"query": [1, 2], "limit": 2**62}).json()["result"]["points"]) == 5
    assert len(store.post(POINTS + "/scroll", {"limit": 2**62}).json()["result"]["points"]) == 5


def test_a_path_that_is_none_is_named(store):
    answer = store.post(QUERY, {"query": [1, 2], "with_payload": ["a["]})
    assert answer.json()["status"]["error"] == "Wrong input: invalid JSON path a["
