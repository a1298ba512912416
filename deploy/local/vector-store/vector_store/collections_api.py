"""Collections, their aliases and payload indexes."""

from typing import Any

import qdrant_edge as engine
from pydantic import TypeAdapter
from qdrant_client.http import models

from .call import Call
from .collection import Collection
from .engine_config import HNSW_DEFAULTS, OPTIMIZER_DEFAULTS, WAL_DEFAULTS
from .engine_index import index_schema, index_schema_type
from .errors import BadInput, NotOffered

CREATE = TypeAdapter(models.CreateCollection)
UPDATE = TypeAdapter(models.UpdateCollection)
ALIASES = TypeAdapter(models.ChangeAliasesOperation)
INDEX = TypeAdapter(models.CreateFieldIndex)


def list_collections(call: Call) -> dict[str, Any]:
    return {"collections": [{"name": name} for name in call.store.names()]}


def collection_exists(call: Call) -> dict[str, Any]:
    return {"exists": call.store.find(call.path["name"]) is not None}


def create_collection(call: Call) -> bool:
    call.store.create(call.path["name"], call.parse(CREATE))
    return True


def delete_collection(call: Call) -> bool:
    return call.store.delete(call.path["name"])


def update_collection(call: Call) -> bool:
    request = call.parse(UPDATE)
    for name, value in request:
        if name != "metadata" and value is not None:
            raise NotOffered(f"changing {name} of a collection: make a new one and switch an alias to it")
    call.store.merge_metadata(call.path["name"], request.metadata or {})
    return True


def collection_info(call: Call) -> dict[str, Any]:
    collection = call.collection
    entry = call.store.entry(call.path["name"])
    info = collection.shard.info()
    given = entry.parameters
    config = {
        "params": {
            "vectors": given.get("vectors", {}),
            "shard_number": 1,
            "replication_factor": 1,
            "write_consistency_factor": 1,
            "on_disk_payload": given.get("on_disk_payload", True),
            **({"sparse_vectors": given["sparse_vectors"]} if "sparse_vectors" in given else {}),
        },
        "hnsw_config": {**HNSW_DEFAULTS, **given.get("hnsw_config", {})},
        "optimizer_config": {**OPTIMIZER_DEFAULTS, **given.get("optimizers_config", {})},
        "wal_config": {**WAL_DEFAULTS, **given.get("wal_config", {})},
        "quantization_config": given.get("quantization_config"),
    }
    if given.get("metadata"):
        config["metadata"] = given["metadata"]
    return {
        "status": "green",
        "optimizer_status": "ok",
        "indexed_vectors_count": info.indexed_vectors_count,
        "points_count": info.points_count,
        "segments_count": info.segments_count,
        "config": config,
        "payload_schema": _payload_schema(collection, entry.index_schemas),
        "created_at": entry.created_at,
    }


def change_aliases(call: Call) -> bool:
    call.store.change_aliases(call.parse(ALIASES).actions)
    return True


def list_aliases(call: Call) -> dict[str, Any]:
    aliases = call.store.catalog.contents.aliases
    return {"aliases": [{"alias_name": alias, "collection_name": name} for alias, name in aliases.items()]}


def collection_aliases(call: Call) -> dict[str, Any]:
    call.store.get(call.path["name"])
    own_name = call.store.catalog.resolve(call.path["name"])
    return {"aliases": [item for item in list_aliases(call)["aliases"] if item["collection_name"] == own_name]}


def create_index(call: Call) -> dict[str, Any]:
    request = call.parse(INDEX)
    if request.field_schema is None:
        raise BadInput("field_schema must be given")
    collection = call.collection
    operation = collection.update(engine.UpdateOperation.create_field_index(request.field_name, index_schema(request.field_schema)))
    schema = request.field_schema
    params = None if isinstance(schema, models.PayloadSchemaType) else schema.model_dump(mode="json", exclude_none=True)
    call.store.entry(call.path["name"]).index_schemas[request.field_name] = {"data_type": index_schema_type(schema), "params": params}
    call.store.catalog.save()
    return call.done(operation)


def delete_index(call: Call) -> dict[str, Any]:
    operation = call.collection.update(engine.UpdateOperation.delete_field_index(call.path["field"]))
    if call.store.entry(call.path["name"]).index_schemas.pop(call.path["field"], None) is not None:
        call.store.catalog.save()
    return call.done(operation)


def _payload_schema(collection: Collection, known: dict[str, Any]) -> dict[str, Any]:
    """The engine says which indexes there are; the catalog adds the parameters they were made with."""
    schema: dict[str, Any] = {}
    for field, info in collection.shard.info().payload_schema.items():
        data_type = str(info.data_type).rsplit(".", 1)[-1].lower()
        schema[field] = {"data_type": data_type, "points": info.points}
        params = known.get(field, {}).get("params")
        if params and known[field]["data_type"] == data_type:
            schema[field]["params"] = params
    return schema
