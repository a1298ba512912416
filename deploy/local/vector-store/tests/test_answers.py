import re
from pathlib import Path

from vector_store.not_offered import NOT_OFFERED, NOT_OFFERED_PARTS

README = Path(__file__).parent.parent / "README.md"
VECTORS = {"vectors": {"size": 2, "distance": "Dot"}}


def table_of_readme() -> set[tuple[str, str]]:
    section = README.read_text(encoding="utf-8").split("## What is not offered")[1]
    rows = re.findall(r"^\| (.+) \| (.+) \|$", section, re.MULTILINE)
    return set(rows) - {("call", "reason"), ("---", "---")}


def test_the_readme_lists_what_is_not_offered_and_nothing_else():
    calls = {(f"`{method} {path}`", reason) for method, path, reason in NOT_OFFERED}
    assert table_of_readme() == calls | set(NOT_OFFERED_PARTS)


def test_each_call_that_is_not_offered_answers_501_with_its_reason(start):
    store = start()
    for method, path, reason in NOT_OFFERED:
        answer = store.client.request(method, re.sub(r"\{\w+\}", "1", path))
        assert (answer.status_code, answer.json()["status"]["error"]) == (501, f"Not implemented: {reason}"), (method, path)


def test_each_part_that_is_not_offered_answers_501(start):
    store = start()
    store.put("/collections/c", {"vectors": {"": {"size": 2, "distance": "Dot"}, "multi": {"size": 2, "distance": "Dot", "multivector_config": {"comparator": "max_sim"}}}})
    query = "/collections/c/points/query"
    requests = [
        (store.put, "/collections/d", {**VECTORS, "shard_number": 2}),
        (store.put, "/collections/d", {**VECTORS, "sharding_method": "custom"}),
        (store.post, query, {"query": [1, 2], "shard_key": "a"}),
        (store.put, "/collections/d", {**VECTORS, "replication_factor": 2}),
        (store.put, "/collections/d", {**VECTORS, "strict_mode_config": {"enabled": True}}),
        (store.put, "/collections/d", {}),
        (lambda path, body: store.client.patch(path, json=body), "/collections/c", {"hnsw_config": {"m": 4}}),
        (store.post, query, {"query": [1, 2], "filter": {"must": [{"slice": {"total": 2, "index": 0}}]}}),
        (store.post, query, {"query": {"text": "gold", "model": "some/model"}}),
        (store.post, query, {"query": {"recommend": {"positive": [[[1, 2]]]}}, "using": "multi"}),
    ]
    for send, path, body in requests:
        answer = send(path, body)
        assert answer.status_code == 501, (path, body, answer.text)


def test_what_does_not_parse_says_where(start):
    store = start()
    store.put("/collections/c", VECTORS)
    missing = store.put("/collections/c/points", {"points": [{"id": 1}]})
    assert (missing.status_code, missing.json()["status"]["error"]) == (400, "Format error in JSON body: Field required at `points.0.vector`")
    assert store.client.put("/collections/c/points", content=b"{").status_code == 400
    assert store.client.get("/no/such/path").status_code == 404


def test_a_body_beyond_the_limit_is_refused(start):
    store = start(REQUEST_BYTES_MAX="2000")
    store.put("/collections/c", VECTORS)
    answer = store.put("/collections/c/points", {"points": [{"id": i, "vector": [1, 2], "payload": {}} for i in range(100)]})
    assert answer.status_code == 413


def test_texts_are_searched_by_the_engines_bm25(start):
    store = start()
    store.put("/collections/c", {"sparse_vectors": {"words": {"modifier": "idf"}}})
    texts = ["copper mine strike halts supply", "central bank holds rates", "copper prices fall"]
    points = [{"id": i, "vector": {"words": {"text": text, "model": "qdrant/bm25"}}, "payload": {}} for i, text in enumerate(texts)]
    assert store.put("/collections/c/points", {"points": points}).status_code == 200
    found = store.post("/collections/c/points/query", {"query": {"text": "strikes at a copper mine", "model": "qdrant/bm25"}, "using": "words"})
    assert [point["id"] for point in found.json()["result"]["points"]] == [0, 2]
