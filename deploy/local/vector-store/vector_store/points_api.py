"""Points: store, read, delete, payload, vectors, scroll, count, facets."""

from collections.abc import Callable
from typing import Any

import qdrant_edge as engine
from pydantic import TypeAdapter
from qdrant_client.http import models

from .call import Call
from .collection import Collection, call as call_engine
from .engine_filter import to_filter
from .engine_points import json_id, json_vector, point_id
from .engine_query import order_by, with_payload, with_vector
from .errors import BadInput, BadValue, NotFound

UPSERT = TypeAdapter(models.PointInsertOperations)
SELECTOR = TypeAdapter(models.PointsSelector)
POINTS = TypeAdapter(models.PointRequest)
UPDATE_VECTORS = TypeAdapter(models.UpdateVectors)
DELETE_VECTORS = TypeAdapter(models.DeleteVectors)
SET_PAYLOAD = TypeAdapter(models.SetPayload)
DELETE_PAYLOAD = TypeAdapter(models.DeletePayload)
BATCH = TypeAdapter(models.UpdateOperations)
SCROLL = TypeAdapter(models.ScrollRequest)
COUNT = TypeAdapter(models.CountRequest)
FACET = TypeAdapter(models.FacetRequest)
LIMIT_DEFAULT = 10


def upsert_points(call: Call) -> dict[str, Any]:
    return call.done(_upsert(call.collection, call.parse(UPSERT)))


def delete_points(call: Call) -> dict[str, Any]:
    return call.done(_delete(call.collection, call.parse(SELECTOR)))


def update_vectors(call: Call) -> dict[str, Any]:
    return call.done(_update_vectors(call.collection, call.parse(UPDATE_VECTORS)))


def delete_vectors(call: Call) -> dict[str, Any]:
    return call.done(_delete_vectors(call.collection, call.parse(DELETE_VECTORS)))


def set_payload(call: Call) -> dict[str, Any]:
    return call.done(_set_payload(call.collection, call.parse(SET_PAYLOAD)))


def overwrite_payload(call: Call) -> dict[str, Any]:
    return call.done(_overwrite_payload(call.collection, call.parse(SET_PAYLOAD)))


def delete_payload(call: Call) -> dict[str, Any]:
    return call.done(_delete_payload(call.collection, call.parse(DELETE_PAYLOAD)))


def clear_payload(call: Call) -> dict[str, Any]:
    return call.done(_clear_payload(call.collection, call.parse(SELECTOR)))


def batch_update(call: Call) -> list[dict[str, Any]]:
    collection = call.collection
    return [call.done(_apply(collection, operation)) for operation in call.parse(BATCH).operations]


def get_point(call: Call) -> dict[str, Any]:
    text = call.path["id"]
    id = point_id(int(text) if text.isascii() and text.isdigit() else text)
    records = call_engine(call.collection.shard.retrieve, [id], True, True)
    if not records:
        raise NotFound(f"Point with id {text} does not exists!")
    return json_record(records[0])


def get_points(call: Call) -> list[dict[str, Any]]:
    request = call.parse(POINTS)
    ids = list(dict.fromkeys(point_id(id) for id in request.ids))
    payload, vector = with_payload(request.with_payload, True), with_vector(request.with_vector, False)
    return [json_record(record) for record in call_engine(call.collection.shard.retrieve, ids, payload, vector)]


def scroll_points(call: Call) -> dict[str, Any]:
    request = call.parse(SCROLL)
    limit = LIMIT_DEFAULT if request.limit is None else request.limit
    if limit < 1:
        raise BadValue("limit", f"value {limit} invalid, must be 1 or larger")
    if request.order_by is not None and request.offset is not None:
        raise BadInput("Cannot use an `offset` when using `order_by`. The alternative for paging is to use `order_by.start_from` and a filter to exclude already seen IDs.")
    records, next_offset = call_engine(
        call.collection.shard.scroll,
        engine.ScrollRequest(
            offset=None if request.offset is None else point_id(request.offset),
            limit=limit,
            filter=to_filter(request.filter),
            with_payload=with_payload(request.with_payload, True),
            with_vector=with_vector(request.with_vector, False),
            order_by=None if request.order_by is None else order_by(request.order_by),
        ),
    )
    return {
        "points": [json_record(record) for record in records],
        "next_page_offset": None if next_offset is None else json_id(next_offset),
    }


def count_points(call: Call) -> dict[str, Any]:
    request = call.parse(COUNT)
    exact = True if request.exact is None else request.exact
    return {"count": call_engine(call.collection.shard.count, engine.CountRequest(exact, to_filter(request.filter)))}


def facet(call: Call) -> dict[str, Any]:
    request = call.parse(FACET)
    limit = LIMIT_DEFAULT if request.limit is None else request.limit
    if limit < 1:
        raise BadValue("limit", f"value {limit} invalid, must be 1 or larger")
    answer = call_engine(
        call.collection.shard.facet, engine.FacetRequest(request.key, limit, bool(request.exact), to_filter(request.filter))
    )
    return {"hits": [{"value": hit.value, "count": hit.count} for hit in answer.hits]}


def json_record(record: engine.Record) -> dict[str, Any]:
    point: dict[str, Any] = {"id": json_id(record.id)}
    if record.payload is not None:
        point["payload"] = record.payload
    if record.vector is not None:
        point["vector"] = json_vector(record.vector)
    if record.order_value is not None:
        point["order_value"] = record.order_value
    return point


def _apply(collection: Collection, operation: "models.UpdateOperation") -> int:
    match operation:
        case models.UpsertOperation(upsert=request):
            return _upsert(collection, request)
        case models.DeleteOperation(delete=request):
            return _delete(collection, request)
        case models.SetPayloadOperation(set_payload=request):
            return _set_payload(collection, request)
        case models.OverwritePayloadOperation(overwrite_payload=request):
            return _overwrite_payload(collection, request)
        case models.DeletePayloadOperation(delete_payload=request):
            return _delete_payload(collection, request)
        case models.ClearPayloadOperation(clear_payload=request):
            return _clear_payload(collection, request)
        case models.UpdateVectorsOperation(update_vectors=request):
            return _update_vectors(collection, request)
    return _delete_vectors(collection, operation.delete_vectors)


def _upsert(collection: Collection, request: "models.PointInsertOperations") -> int:
    mode = None if request.update_mode is None else request.update_mode.value.replace("_", " ").title().replace(" ", "")
    return collection.upsert(request, to_filter(request.update_filter), None if mode is None else getattr(engine.UpdateMode, mode))


def _update_vectors(collection: Collection, request: models.UpdateVectors) -> int:
    return collection.update_vectors(request, to_filter(request.update_filter))


def _delete(collection: Collection, selector: "models.PointsSelector") -> int:
    make = engine.UpdateOperation
    return _by_selection(collection, selector, make.delete_points, make.delete_points_by_filter)


def _clear_payload(collection: Collection, selector: "models.PointsSelector") -> int:
    make = engine.UpdateOperation
    return _by_selection(collection, selector, make.clear_payload, make.clear_payload_by_filter)


def _delete_vectors(collection: Collection, request: models.DeleteVectors) -> int:
    make = engine.UpdateOperation
    for name in request.vector:
        collection.check_using(name)
    return _by_selection(collection, request, make.delete_vectors, make.delete_vectors_by_filter, request.vector)


def _set_payload(collection: Collection, request: models.SetPayload) -> int:
    make = engine.UpdateOperation
    return _by_selection(collection, request, make.set_payload, make.set_payload_by_filter, request.payload, request.key)


def _overwrite_payload(collection: Collection, request: models.SetPayload) -> int:
    make = engine.UpdateOperation
    return _by_selection(collection, request, make.overwrite_payload, make.overwrite_payload_by_filter, request.payload, request.key)


def _delete_payload(collection: Collection, request: models.DeletePayload) -> int:
    make = engine.UpdateOperation
    return _by_selection(collection, request, make.delete_payload, make.delete_payload_by_filter, request.keys)


def _by_selection(collection: Collection, selection: Any, by_ids: Callable, by_filter: Callable, *rest: Any) -> int:
    points, filter = getattr(selection, "points", None), getattr(selection, "filter", None)
    if points is not None:
        return collection.update(by_ids([point_id(id) for id in points], *rest))
    if filter is not None:
        return collection.update(by_filter(to_filter(filter), *rest))
    raise BadInput("No filter or points specified")
