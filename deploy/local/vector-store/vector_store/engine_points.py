"""Points, ids and vectors between the REST API and the engine."""

import math
from typing import Any
from uuid import UUID

import qdrant_edge as engine
from qdrant_client.http import models

from .errors import BadFormat, BadInput, NotOffered

ID_MAX = 2**64 - 1


def point_id(value: Any) -> int | UUID:
    if isinstance(value, bool):
        raise BadFormat(f"value {value} is not a valid point ID, valid values are either an unsigned integer or a UUID")
    if isinstance(value, int):
        if 0 <= value <= ID_MAX:
            return value
    elif isinstance(value, UUID):
        return value
    else:
        try:
            return UUID(value)
        except ValueError:
            pass
    raise BadFormat(f"value {value} is not a valid point ID, valid values are either an unsigned integer or a UUID")


def json_id(value: Any) -> int | str:
    return value if isinstance(value, int) else str(value)


def one_vector(value: Any) -> Any:
    """A dense, sparse or multi-dense vector, or a text that the engine's own BM25 turns into a sparse one."""
    match value:
        case list():
            for row in value if value and isinstance(value[0], list) else [value]:
                _check_finite(row)
            return value
        case models.SparseVector(indices=indices, values=values):
            _check_finite(values)
            return _sparse(indices, values)
        case models.Document():
            return bm25(value, as_query=False)
    raise NotOffered("inference: send vectors, or texts for the model qdrant/bm25")


def bm25(document: models.Document, as_query: bool) -> engine.SparseVector:
    if document.model.lower() != "qdrant/bm25":
        raise NotOffered(f"inference with the model {document.model}: send vectors, or texts for the model qdrant/bm25")
    options = document.options.model_dump() if isinstance(document.options, models.Bm25Config) else (document.options or {})
    known = {name: value for name, value in options.items() if name in ("k", "b", "avg_len", "language", "lowercase", "ascii_folding", "min_token_len", "max_token_len") and value is not None}
    if any(value is not None and name not in known for name, value in options.items()):
        raise NotOffered("options of qdrant/bm25 beyond k, b, avg_len, language, lowercase, ascii_folding and token lengths")
    model = engine.Bm25(engine.Bm25Config(**known))
    return model.embed_query(document.text) if as_query else model.embed_document(document.text)


def vectors_by_name(value: Any) -> dict[str, Any]:
    """All vectors of a point; the unnamed one is called ""."""
    if isinstance(value, dict):
        return {name: one_vector(vector) for name, vector in value.items()}
    return {"": one_vector(value)}


def points_of(request: models.PointsList | models.PointsBatch) -> list[tuple[Any, Any, dict | None]]:
    """(id, vector, payload) of each point, whichever way the request lists them."""
    if isinstance(request, models.PointsList):
        return [(point.id, point.vector, point.payload) for point in request.points]
    batch = request.batch
    ids, payloads = batch.ids, batch.payloads
    if isinstance(batch.vectors, dict):
        if any(len(column) != len(ids) for column in batch.vectors.values()):
            raise BadInput("number of ids and vectors must be equal")
        vectors: list[Any] = [{name: column[i] for name, column in batch.vectors.items()} for i in range(len(ids))]
    else:
        vectors = list(batch.vectors)
    if len(vectors) != len(ids) or (payloads is not None and len(payloads) != len(ids)):
        raise BadInput("number of ids, vectors and payloads must be equal")
    return [(id, vector, None if payloads is None else payloads[i]) for i, (id, vector) in enumerate(zip(ids, vectors))]


def json_vector(value: Any) -> Any:
    """A stored vector as JSON: the unnamed one bare, named ones by name, sparse ones as indices and values."""
    if isinstance(value, engine.SparseVector):
        return {"indices": value.indices, "values": value.values}
    if isinstance(value, dict):
        if set(value) == {""}:
            return json_vector(value[""])
        return {name: json_vector(vector) for name, vector in value.items()}
    return value


def _check_finite(numbers: list[float]) -> None:
    # A sum is finite only if every summand is: much faster than asking each.
    if not math.isfinite(sum(numbers)):
        raise BadFormat("number out of range in a vector")


def _sparse(indices: list[int], values: list[float]) -> engine.SparseVector:
    if len(indices) != len(values):
        raise BadFormat("sparse vector: indices and values must have the same length")
    if len(set(indices)) != len(indices):
        raise BadFormat("sparse vector: indices must be unique")
    return engine.SparseVector(indices, values)
