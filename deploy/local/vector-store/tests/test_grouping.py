import random

from vector_store.grouping import collect_groups, fill_groups, group_values


def test_a_point_belongs_to_the_group_of_each_of_its_values():
    payload = {"a": {"b": [{"c": "x"}, {"c": ["y", "x", 3]}]}, "flag": True, "price": 1.5}
    assert group_values(payload, "a.b[].c") == ["x", "y", 3]
    assert group_values(payload, "flag") == [] and group_values(payload, "price") == [] and group_values(None, "a") == []


def test_over_fetching_gives_the_groups_of_a_full_scan():
    rng = random.Random(5)
    for _ in range(200):
        hits = [rng.choice("aaaaaaaabbbcd") for _ in range(rng.randint(0, 60))]
        groups_max, size = rng.randint(1, 5), rng.randint(1, 4)
        limits: list[int] = []

        def fetch(limit):
            limits.append(limit)
            return hits[:limit]

        full = collect_groups(hits, list, groups_max=groups_max, group_size=size)
        assert fill_groups(fetch, list, groups_max=groups_max, group_size=size, points_max=len(hits)) == full
        assert len(limits) <= 7
