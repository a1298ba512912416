"""Long vectors are searched by codes, and what is found is what a scan of the vectors finds."""

import random

import pytest

SIZE = 256
POINTS = 3_000
TOP = 10


def alike(rng: random.Random):
    """Sums of a few of many texts' vectors, as articles are."""
    texts = [[rng.random() - 0.5 for _ in range(SIZE)] for _ in range(200)]
    return lambda: [sum(parts) for parts in zip(*rng.sample(texts, 3))]


@pytest.mark.parametrize(("distance", "datatype"), [("Dot", "float32"), ("Cosine", "float16")])
def test_the_nearest_are_found_by_codes_and_still_after_a_kill(start, distance, datatype):
    store = start()
    store.put("/collections/c", {"vectors": {"size": SIZE, "distance": distance, "datatype": datatype}})
    vector = alike(random.Random(4))
    for first in range(0, POINTS, 500):
        points = [{"id": id, "vector": vector(), "payload": {}} for id in range(first, first + 500)]
        assert store.put("/collections/c/points", {"points": points}).status_code == 200
    questions = [vector() for _ in range(20)]

    def found(params: dict) -> list[list[int]]:
        bodies = [{"query": question, "limit": TOP, **params} for question in questions]
        answers = [store.post("/collections/c/points/query", body).json()["result"]["points"] for body in bodies]
        return [[point["id"] for point in points] for points in answers]

    def agreement(some: list[list[int]], others: list[list[int]]) -> float:
        return sum(len(set(a) & set(b)) for a, b in zip(some, others)) / (TOP * len(some))

    exact = found({"params": {"exact": True}})
    without_vectors = {"params": {"quantization": {"rescore": False}}}
    assert agreement(found({}), exact) >= 0.97
    # There are codes: alone they order otherwise.
    assert agreement(found(without_vectors), exact) < 1
    before = found({})
    store.kill()
    store = start()
    assert found({}) == before


def test_short_vectors_and_other_distances_are_scanned_as_they_are(start):
    store = start()
    vector = alike(random.Random(5))
    for name, size, distance in (("short", 64, "Cosine"), ("far", SIZE, "Manhattan")):
        path = f"/collections/{name}"
        store.put(path, {"vectors": {"size": size, "distance": distance}})
        store.put(f"{path}/points", {"points": [{"id": id, "vector": vector()[:size], "payload": {}} for id in range(300)]})
        query = {"query": vector()[:size], "limit": TOP}
        plain, coded = (store.post(f"{path}/points/query", {**query, **params}).json()["result"] for params in ({}, {"params": {"quantization": {"rescore": False}}}))
        assert plain == coded
