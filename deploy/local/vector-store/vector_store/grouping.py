"""Grouping by a payload field: the engine finds points, we fetch as many as it takes to fill the groups."""

from collections.abc import Callable
from typing import Any


def group_values(payload: dict[str, Any] | None, path: str) -> list[int | str]:
    """The distinct values at a path like `a.b[].c` by which a point is grouped: strings and whole numbers, as in Qdrant."""
    found: list[Any] = [payload]
    for part in path.replace("[]", "").split("."):
        found = [item.get(part) for item in _flat(found) if isinstance(item, dict)]
    values = [item for item in _flat(found) if isinstance(item, (str, int)) and not isinstance(item, bool)]
    return list(dict.fromkeys(values))


def collect_groups(hits: list, values_of: Callable[[Any], list[int | str]], *, groups_max: int, group_size: int) -> dict[int | str, list]:
    """The first groups in the order of the hits, each with its first hits."""
    groups: dict[int | str, list] = {}
    for hit in hits:
        for value in values_of(hit):
            group = groups.get(value)
            if group is None:
                if len(groups) == groups_max:
                    continue
                group = groups[value] = []
            if len(group) < group_size:
                group.append(hit)
    return groups


def fill_groups(
    fetch: Callable[[int], list],
    values_of: Callable[[Any], list[int | str]],
    *,
    groups_max: int,
    group_size: int,
    points_max: int,
) -> dict[int | str, list]:
    """Fetches twice as many hits each time until all groups are full or nothing is left: the same groups as a full scan."""
    wanted = groups_max * group_size * 2
    while True:
        wanted = max(1, min(wanted, points_max))
        hits = fetch(wanted)
        groups = collect_groups(hits, values_of, groups_max=groups_max, group_size=group_size)
        full = len(groups) == groups_max and all(len(group) == group_size for group in groups.values())
        if full or len(hits) < wanted or wanted >= points_max:
            return groups
        wanted *= 2


def _flat(values: list[Any]) -> list[Any]:
    flat: list[Any] = []
    for value in values:
        flat.extend(value if isinstance(value, list) else [value])
    return flat
