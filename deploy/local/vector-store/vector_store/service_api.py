"""What tells about the process itself."""

from typing import Any

from . import API_VERSION
from .call import Call

TITLE = "Market Intel Brain vector store: Qdrant's REST API over Qdrant's engine"


def root(call: Call) -> dict[str, Any]:
    return {"title": TITLE, "version": API_VERSION}


def telemetry(call: Call) -> dict[str, Any]:
    names = call.store.names()
    return {
        "id": "local",
        "app": {"name": "vector-store", "version": API_VERSION},
        "collections": {"number_of_collections": len(names)},
        "cluster": {"enabled": False},
    }


def cluster(call: Call) -> dict[str, Any]:
    return {"status": "disabled"}


def issues(call: Call) -> dict[str, Any]:
    return {"issues": []}


def metrics(call: Call) -> str:
    collections = [(name, call.store.get(name).shard.info()) for name in call.store.names()]
    lines = [
        "# HELP collections_total number of collections",
        "# TYPE collections_total gauge",
        f"collections_total {len(collections)}",
        "# HELP collection_points approximate amount of points per collection",
        "# TYPE collection_points gauge",
        *(f'collection_points{{id="{name}"}} {info.points_count}' for name, info in collections),
    ]
    return "\n".join(lines) + "\n"
