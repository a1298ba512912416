"""Calls of Qdrant's API that this store does not offer: each answers 501 with the reason. README.md shows the same table."""

SNAPSHOTS = "back up the data folder of the stopped store instead"
ONE_SHARD = "a collection has one shard on one node"

# (method, path, reason)
NOT_OFFERED = (
    ("GET", "/collections/{name}/shards", ONE_SHARD),
    ("PUT", "/collections/{name}/shards", ONE_SHARD),
    ("POST", "/collections/{name}/shards/delete", ONE_SHARD),
    ("GET", "/collections/{name}/cluster", ONE_SHARD),
    ("POST", "/collections/{name}/cluster", ONE_SHARD),
    ("GET", "/cluster/telemetry", ONE_SHARD),
    ("POST", "/cluster/recover", ONE_SHARD),
    ("DELETE", "/cluster/peer/{peer_id}", ONE_SHARD),
    ("GET", "/quotas", "there are no quotas"),
    ("PUT", "/quotas", "there are no quotas"),
    ("GET", "/collections/{name}/optimizations", "no index is built in the background"),
    ("PUT", "/collections/{name}/vectors/{vector}", "name all vectors when the collection is created"),
    ("DELETE", "/collections/{name}/vectors/{vector}", "name all vectors when the collection is created"),
    ("GET", "/collections/{name}/snapshots", SNAPSHOTS),
    ("POST", "/collections/{name}/snapshots", SNAPSHOTS),
    ("GET", "/collections/{name}/snapshots/{snapshot}", SNAPSHOTS),
    ("DELETE", "/collections/{name}/snapshots/{snapshot}", SNAPSHOTS),
    ("POST", "/collections/{name}/snapshots/upload", SNAPSHOTS),
    ("PUT", "/collections/{name}/snapshots/recover", SNAPSHOTS),
    ("GET", "/collections/{name}/shards/{shard}/snapshot", SNAPSHOTS),
    ("GET", "/collections/{name}/shards/{shard}/snapshots", SNAPSHOTS),
    ("POST", "/collections/{name}/shards/{shard}/snapshots", SNAPSHOTS),
    ("GET", "/collections/{name}/shards/{shard}/snapshots/{snapshot}", SNAPSHOTS),
    ("DELETE", "/collections/{name}/shards/{shard}/snapshots/{snapshot}", SNAPSHOTS),
    ("POST", "/collections/{name}/shards/{shard}/snapshots/upload", SNAPSHOTS),
    ("PUT", "/collections/{name}/shards/{shard}/snapshots/recover", SNAPSHOTS),
    ("GET", "/snapshots", SNAPSHOTS),
    ("POST", "/snapshots", SNAPSHOTS),
    ("GET", "/snapshots/{snapshot}", SNAPSHOTS),
    ("DELETE", "/snapshots/{snapshot}", SNAPSHOTS),
    ("POST", "/collections/{name}/points/search/matrix/pairs", "compute distances from the vectors that scroll returns"),
    ("POST", "/collections/{name}/points/search/matrix/offsets", "compute distances from the vectors that scroll returns"),
)

# Parts of requests that are offered otherwise. (what, reason)
NOT_OFFERED_PARTS = (
    ("`shard_number` > 1, `sharding_method: custom`, `shard_key`", ONE_SHARD),
    ("`replication_factor` > 1, `write_consistency_factor` > 1", "there is one node, so there are no replicas"),
    ("`strict_mode_config.enabled`", "strict mode"),
    ("a collection without any vector", "the engine has none"),
    ("`PATCH /collections/{name}` of anything but `metadata`", "make a new collection and switch an alias to it"),
    ("filter condition `slice`", "the engine has no slice condition"),
    ("inference with models other than `qdrant/bm25`", "send vectors"),
    ("recommend strategy `average_vector` over multivectors", "use `best_score` or `sum_scores`"),
)
