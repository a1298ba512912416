"""Queries: one, many, in groups."""

from typing import Any

import qdrant_edge as engine
from pydantic import TypeAdapter
from qdrant_client.http import models

from .call import Call
from .collection import Collection, call as call_engine
from .engine_points import json_id, json_vector, point_id
from .engine_query import QueryBuilder, with_payload, with_vector
from .errors import BadInput, BadValue, StoreError
from .grouping import fill_groups, group_values
from .points_api import json_record
from .store import Store

QUERY = TypeAdapter(models.QueryRequest)
BATCH = TypeAdapter(models.QueryRequestBatch)
GROUPS = TypeAdapter(models.QueryGroupsRequest)
GROUPS_DEFAULT = 10
GROUP_SIZE_DEFAULT = 3


def query_points(call: Call) -> dict[str, Any]:
    collection = call.collection
    request = _builder(call.store, collection).request(call.parse(QUERY))
    return {"points": [json_scored(point) for point in call_engine(collection.shard.query, request)]}


def query_batch(call: Call) -> list[dict[str, Any]]:
    collection = call.collection
    builder = _builder(call.store, collection)
    requests = [builder.request(request) for request in call.parse(BATCH).searches]
    if not requests:
        return []
    answers = call_engine(collection.shard.query_batch, engine.QueryBatchRequest(requests))
    return [{"points": [json_scored(point) for point in points]} for points in answers]


def query_groups(call: Call) -> dict[str, Any]:
    collection = call.collection
    request = call.parse(GROUPS)
    groups_max = GROUPS_DEFAULT if request.limit is None else request.limit
    group_size = GROUP_SIZE_DEFAULT if request.group_size is None else request.group_size
    for field, value in (("limit", groups_max), ("group_size", group_size)):
        if value < 1:
            raise BadValue(field, f"value {value} invalid, must be 1 or larger")
    if request.group_by == "":
        raise BadValue("group_by", "must not be empty")
    builder = _builder(call.store, collection)
    plain = models.QueryRequest.model_construct(
        **{name: getattr(request, name, None) for name in models.QueryRequest.model_fields}
        | {"with_payload": [request.group_by], "with_vector": False, "limit": None, "offset": None}
    )

    def fetch(limit: int) -> list:
        return call_engine(collection.shard.query, builder.request(plain, limit=limit))

    groups = fill_groups(
        fetch,
        lambda point: group_values(point.payload, request.group_by),
        groups_max=groups_max,
        group_size=group_size,
        points_max=collection.shard.info().points_count,
    )
    hits = _with_contents(collection, [point for points in groups.values() for point in points], request)
    answer = [{"id": id, "hits": [hits[json_id(point.id)] for point in points]} for id, points in groups.items()]
    if request.with_lookup is not None:
        _look_up_groups(call.store, answer, request.with_lookup)
    return {"groups": answer}


def json_scored(point: engine.ScoredPoint) -> dict[str, Any]:
    answer: dict[str, Any] = {"id": json_id(point.id), "version": point.version, "score": point.score}
    if point.payload is not None:
        answer["payload"] = point.payload
    if point.vector is not None:
        answer["vector"] = json_vector(point.vector)
    if point.order_value is not None:
        answer["order_value"] = point.order_value
    return answer


def _builder(store: Store, collection: Collection) -> QueryBuilder:
    def look_up(id: Any, using: str, location: models.LookupLocation | None) -> Any:
        if location is None:
            return collection.vector_of(id, using)
        return store.get(location.collection).vector_of(id, location.vector or "")

    return QueryBuilder(look_up)


def _with_contents(collection: Collection, points: list, request: models.QueryGroupsRequest) -> dict[Any, dict[str, Any]]:
    """The hits by id with the payload and vectors that were asked for: the search itself carried only the group's field."""
    payload, vector = with_payload(request.with_payload, False), with_vector(request.with_vector, False)
    hits = {json_id(point.id): {**json_scored(point), "payload": None} for point in points}
    for hit in hits.values():
        del hit["payload"]
    if hits and (payload is not False or vector is not False):
        for record in call_engine(collection.shard.retrieve, [point.id for point in points], payload, vector):
            hits[json_id(record.id)].update(json_record(record))
    return hits


def _look_up_groups(store: Store, groups: list[dict[str, Any]], lookup: "models.WithLookupInterface") -> None:
    location = models.WithLookup(collection=lookup) if isinstance(lookup, str) else lookup
    if location.collection == "":
        raise BadInput("with_lookup.collection must not be empty")
    payload, vector = with_payload(location.with_payload, True), with_vector(location.with_vectors, False)
    shard = store.get(location.collection).shard
    for group in groups:
        try:
            records = call_engine(shard.retrieve, [point_id(group["id"])], payload, vector)
        except StoreError:  # a group's value need not be a point's id
            records = []
        if records:
            group["lookup"] = json_record(records[0])
