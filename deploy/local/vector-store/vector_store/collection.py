"""One collection: a shard of Qdrant's engine in a folder of its own, and the parameters it was created with."""

from pathlib import Path
from typing import Any

import qdrant_edge as engine
from pydantic import TypeAdapter
from qdrant_client.http import models

from .engine_config import check_collection, dense_params, engine_config
from .engine_points import point_id, points_of, vectors_by_name
from .errors import BadInput, NotFound, of_engine

PARAMETERS = TypeAdapter(models.CreateCollection)


class Collection:
    """
    What `update` has returned for is in the shard's write-ahead log and survives a kill −9; `flush` makes it survive a
    power cut. The engine holds Python's global lock while it works, so all calls come from one thread.
    """

    def __init__(self, shard: engine.EdgeShard, parameters: models.CreateCollection) -> None:
        self.shard = shard
        self.parameters = parameters
        self.dense = dense_params(parameters)
        self.sparse = parameters.sparse_vectors or {}
        self.operations = 0
        self._unflushed = False

    @staticmethod
    def create(folder: Path, parameters: models.CreateCollection) -> "Collection":
        check_collection(parameters)
        config = engine_config(parameters)
        folder.mkdir()
        return Collection(engine.EdgeShard.create(str(folder), config), parameters)

    @staticmethod
    def load(folder: Path, parameters: dict[str, Any]) -> "Collection":
        return Collection(engine.EdgeShard.load(str(folder)), PARAMETERS.validate_python(parameters))

    def update(self, operation: engine.UpdateOperation) -> int:
        """Applies an operation and returns its number."""
        self._unflushed = True
        call(self.shard.update, operation)
        self.operations += 1
        return self.operations

    def flush(self) -> None:
        if self._unflushed:
            self._unflushed = False
            self.shard.flush()

    def close(self) -> None:
        self.flush()
        self.shard.close()

    def upsert(self, request: models.PointsList | models.PointsBatch, condition: engine.Filter | None, mode: engine.UpdateMode | None) -> int:
        """All points are checked before the first is stored, so a request is stored whole or not at all."""
        points = [engine.Point(point_id(id), self._checked(vector), payload or {}) for id, vector, payload in points_of(request)]
        return self.update(engine.UpdateOperation.upsert_points(points, condition, mode))

    def update_vectors(self, request: models.UpdateVectors, condition: engine.Filter | None) -> int:
        points = [engine.PointVectors(point_id(point.id), self._checked(point.vector)) for point in request.points]
        return self.update(engine.UpdateOperation.update_vectors(points, condition))

    def vector_of(self, id: Any, using: str) -> Any:
        records = self.shard.retrieve([id], False, True)
        if not records:
            raise NotFound(f"No point with id {id} found")
        vector = records[0].vector
        found = (vector.get(using) if isinstance(vector, dict) else vector if using == "" else None) if vector is not None else None
        if found is None:
            raise BadInput(f"Point {id} has no vector named `{using}`")
        return found

    def check_using(self, using: str) -> None:
        if using not in self.dense and using not in self.sparse:
            raise BadInput(f"Not existing vector name error: {using}")

    def _checked(self, value: Any) -> dict[str, Any]:
        vectors = vectors_by_name(value)
        for name, vector in vectors.items():
            if isinstance(vector, engine.SparseVector):
                if name not in self.sparse:
                    raise BadInput(f"Not existing vector name error: {name}")
                continue
            params = self.dense.get(name)
            if params is None:
                raise BadInput(f"Not existing vector name error: {name}")
            rows = vector if vector and isinstance(vector[0], list) else [vector]
            if rows is vector and params.multivector_config is None:
                raise BadInput("Conversion between multi and regular vectors failed")
            for row in rows:
                if len(row) != params.size:
                    raise BadInput(f"Vector dimension error: expected dim: {params.size}, got {len(row)}")
        return vectors


def call(function, *arguments):
    """Calls the engine; what it blames on its input comes back as the client's mistake."""
    try:
        return function(*arguments)
    except Exception as error:
        known = of_engine(error)
        if known is None:
            raise
        raise known from error
