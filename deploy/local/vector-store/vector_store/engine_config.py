"""Collection parameters of the REST API → the engine's configuration."""

import qdrant_edge as engine
from qdrant_client.http import models

from .errors import BadValue, NotOffered

# Qdrant's defaults, which a collection's information shows where nothing else was asked for.
HNSW_DEFAULTS = {"m": 16, "ef_construct": 100, "full_scan_threshold": 10_000, "max_indexing_threads": 0, "on_disk": False}
OPTIMIZER_DEFAULTS = {
    "deleted_threshold": 0.2,
    "vacuum_min_vector_number": 1000,
    "default_segment_number": 0,
    "max_segment_size": None,
    "memmap_threshold": None,
    "indexing_threshold": 10_000,
    "flush_interval_sec": 1,
    "max_optimization_threads": None,
}
# A scan of short codes takes a fraction of the time of one of vectors. Shorter vectors lose too much by them.
CODED_SIZE_MIN = 128
CODED_DISTANCES = (models.Distance.COSINE, models.Distance.DOT)
CODES = engine.TurboQuantQuantizationConfig(bits=engine.TurboQuantBitSize.Bits4)
WAL_DEFAULTS = {"wal_capacity_mb": 32, "wal_segments_ahead": 0, "wal_retain_closed": 1}


def dense_params(request: models.CreateCollection) -> dict[str, models.VectorParams]:
    """Dense vectors by name; the unnamed one is called "" as in the engine."""
    if request.vectors is None:
        return {}
    return {"": request.vectors} if isinstance(request.vectors, models.VectorParams) else dict(request.vectors)


def check_collection(request: models.CreateCollection) -> None:
    if not dense_params(request) and not request.sparse_vectors:
        raise NotOffered("a collection without any vector")
    for name, params in dense_params(request).items():
        if not 1 <= params.size <= 65_536:
            raise BadValue(f"vectors.{name}.size" if name else "vectors.size", f"value {params.size} invalid, must be from 1 to 65536")
    if (request.shard_number or 1) > 1 or request.sharding_method == models.ShardingMethod.CUSTOM:
        raise NotOffered("a collection has one shard")
    if (request.replication_factor or 1) > 1 or (request.write_consistency_factor or 1) > 1:
        raise NotOffered("there is one node, so there are no replicas")
    if request.strict_mode_config is not None and request.strict_mode_config.enabled:
        raise NotOffered("strict mode")


def engine_config(request: models.CreateCollection) -> engine.EdgeConfig:
    return engine.EdgeConfig(
        vectors={name: _vector(params, request.quantization_config) for name, params in dense_params(request).items()} or None,
        sparse_vectors={name: _sparse(params) for name, params in (request.sparse_vectors or {}).items()} or None,
        on_disk_payload=request.on_disk_payload,
        hnsw_config=_hnsw(request.hnsw_config),
        quantization_config=_quantization(request.quantization_config),
        optimizers=_optimizers(request.optimizers_config),
        payload_memory=memory(request.payload.memory) if request.payload else None,
        id_tracker_memory=memory(request.id_tracker.memory) if request.id_tracker else None,
    )


def memory(value: models.Memory | None) -> engine.Memory | None:
    return None if value is None else getattr(engine.Memory, value.value.capitalize())


def datatype(value: models.Datatype | None) -> engine.VectorStorageDatatype | None:
    return None if value is None else getattr(engine.VectorStorageDatatype, value.value.capitalize())


def _vector(params: models.VectorParams, quantization: "models.QuantizationConfig | None") -> engine.EdgeVectorParams:
    multivector = engine.MultiVectorConfig(engine.MultiVectorComparator.MaxSim) if params.multivector_config else None
    return engine.EdgeVectorParams(
        size=params.size,
        distance=getattr(engine.Distance, params.distance.value),
        on_disk=params.on_disk,
        multivector_config=multivector,
        datatype=datatype(params.datatype),
        quantization_config=_quantization(params.quantization_config) or (_codes(params) if quantization is None else None),
        hnsw_config=_hnsw(params.hnsw_config),
        memory=memory(params.memory),
    )


def _codes(params: models.VectorParams) -> engine.TurboQuantQuantizationConfig | None:
    """By what vectors are searched for which nothing was asked: no HNSW is built (README, "What it guarantees")."""
    floats = params.datatype in (None, models.Datatype.FLOAT32, models.Datatype.FLOAT16)
    coded = params.size >= CODED_SIZE_MIN and params.distance in CODED_DISTANCES and params.multivector_config is None and floats
    return CODES if coded else None


def _sparse(params: models.SparseVectorParams) -> engine.EdgeSparseVectorParams:
    index = params.index or models.SparseIndexParams()
    return engine.EdgeSparseVectorParams(
        full_scan_threshold=index.full_scan_threshold,
        on_disk=index.on_disk,
        modifier=engine.Modifier.Idf if params.modifier == models.Modifier.IDF else None,
        datatype=datatype(index.datatype),
        memory=memory(index.memory),
    )


def _hnsw(diff: models.HnswConfigDiff | None) -> engine.HnswIndexConfig | None:
    if diff is None:
        return None
    given = {name: value for name, value in diff.model_dump().items() if value is not None}
    merged = {**HNSW_DEFAULTS, **given}
    return engine.HnswIndexConfig(
        m=merged["m"],
        ef_construct=merged["ef_construct"],
        full_scan_threshold=merged["full_scan_threshold"],
        max_indexing_threads=merged["max_indexing_threads"],
        on_disk=diff.on_disk,
        payload_m=diff.payload_m,
        inline_storage=diff.inline_storage,
        memory=memory(diff.memory),
    )


def _optimizers(diff: models.OptimizersConfigDiff | None) -> engine.EdgeOptimizersConfig | None:
    if diff is None:
        return None
    return engine.EdgeOptimizersConfig(
        deleted_threshold=diff.deleted_threshold,
        vacuum_min_vector_number=diff.vacuum_min_vector_number,
        default_segment_number=diff.default_segment_number,
        max_segment_size=diff.max_segment_size,
        indexing_threshold=diff.indexing_threshold,
        prevent_unoptimized=diff.prevent_unoptimized,
    )


def _quantization(config: "models.QuantizationConfig | None") -> "engine.QuantizationConfigType | None":
    match config:
        case None:
            return None
        case models.ScalarQuantization(scalar=scalar):
            return engine.ScalarQuantizationConfig(engine.ScalarType.Int8, scalar.quantile, scalar.always_ram, memory(scalar.memory))
        case models.ProductQuantization(product=product):
            compression = getattr(engine.CompressionRatio, product.compression.value.upper())
            return engine.ProductQuantizationConfig(compression, product.always_ram, memory(product.memory))
        case models.BinaryQuantization(binary=binary):
            return engine.BinaryQuantizationConfig(
                binary.always_ram,
                _named(engine.BinaryQuantizationEncoding, binary.encoding),
                _named(engine.BinaryQuantizationQueryEncoding, binary.query_encoding),
                memory(binary.memory),
            )
        case models.TurboQuantization(turbo=turbo):
            bits = None if turbo.bits is None else getattr(engine.TurboQuantBitSize, turbo.bits.value.replace("bits", "Bits"))
            return engine.TurboQuantQuantizationConfig(turbo.always_ram, bits, memory(turbo.memory))
    raise NotOffered("the engine does not have this quantization")


def _named(kind, value):
    """The engine's variant for a value in snake case: one_bit → OneBit, scalar4bits → Scalar4Bits."""
    if value is None:
        return None
    plain = value.value.replace("_", "").lower()
    return next(getattr(kind, name) for name in dir(kind) if name.lower() == plain)
