"""The routes of the API and the form of its answers."""

import json
import logging
import time
from collections.abc import Callable

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from . import collections_api, points_api, query_api, service_api
from .call import Call
from .errors import ENGINE_REFUSALS, NotFound, NotOffered, StoreError, TooLarge, of_engine
from .not_offered import NOT_OFFERED
from .store import Store

log = logging.getLogger("vector_store")

ROUTES: tuple[tuple[str, str, Callable[[Call], object]], ...] = (
    ("GET", "/collections", collections_api.list_collections),
    ("POST", "/collections/aliases", collections_api.change_aliases),
    ("GET", "/aliases", collections_api.list_aliases),
    ("GET", "/collections/{name}", collections_api.collection_info),
    ("PUT", "/collections/{name}", collections_api.create_collection),
    ("PATCH", "/collections/{name}", collections_api.update_collection),
    ("DELETE", "/collections/{name}", collections_api.delete_collection),
    ("GET", "/collections/{name}/exists", collections_api.collection_exists),
    ("GET", "/collections/{name}/aliases", collections_api.collection_aliases),
    ("PUT", "/collections/{name}/index", collections_api.create_index),
    ("DELETE", "/collections/{name}/index/{field}", collections_api.delete_index),
    ("PUT", "/collections/{name}/points", points_api.upsert_points),
    ("POST", "/collections/{name}/points", points_api.get_points),
    ("POST", "/collections/{name}/points/delete", points_api.delete_points),
    ("PUT", "/collections/{name}/points/vectors", points_api.update_vectors),
    ("POST", "/collections/{name}/points/vectors/delete", points_api.delete_vectors),
    ("POST", "/collections/{name}/points/payload", points_api.set_payload),
    ("PUT", "/collections/{name}/points/payload", points_api.overwrite_payload),
    ("POST", "/collections/{name}/points/payload/delete", points_api.delete_payload),
    ("POST", "/collections/{name}/points/payload/clear", points_api.clear_payload),
    ("POST", "/collections/{name}/points/batch", points_api.batch_update),
    ("POST", "/collections/{name}/points/scroll", points_api.scroll_points),
    ("POST", "/collections/{name}/points/count", points_api.count_points),
    ("POST", "/collections/{name}/points/query", query_api.query_points),
    ("POST", "/collections/{name}/points/query/batch", query_api.query_batch),
    ("POST", "/collections/{name}/points/query/groups", query_api.query_groups),
    ("GET", "/collections/{name}/points/{id}", points_api.get_point),
    ("POST", "/collections/{name}/facet", points_api.facet),
    ("GET", "/telemetry", service_api.telemetry),
    ("GET", "/cluster", service_api.cluster),
    ("GET", "/issues", service_api.issues),
    ("DELETE", "/issues", service_api.issues),
)
TEXTS = {"/healthz": "healthz check passed", "/livez": "livez check passed", "/readyz": "all shards are ready"}


def create_app(store: Store, request_bytes_max: int) -> Starlette:
    def route(method: str, path: str, answer: Callable[[Call], object], shape=None) -> Route:
        async def endpoint(request: Request) -> Response:
            started = time.perf_counter()
            try:
                body = await _read_body(request, request_bytes_max)
                # On the event loop on purpose: the engine holds Python's lock anyway, and one call at a time needs no other.
                result = answer(Call(store, request.path_params, dict(request.query_params), body))
                content = shape(result) if shape else _ok(result, started)
                return content if isinstance(content, Response) else _json(content, 200)
            except StoreError as error:
                return _failed(error, started)
            except ClientDisconnect:
                raise
            except ENGINE_REFUSALS as error:
                # Requests become the engine's objects all over the place, and it refuses what does not fit right there.
                log.warning("%s %s: %s", method, request.url.path, error, exc_info=log.isEnabledFor(logging.DEBUG))
                return _failed(of_engine(error) or StoreError("Service internal error"), started)
            except Exception:
                log.exception("%s %s failed", method, request.url.path)
                return _failed(StoreError("Service internal error"), started)

        return Route(path, endpoint, methods=[method])

    def refuse(reason: str) -> Callable[[Call], object]:
        def answer(call: Call) -> object:
            raise NotOffered(reason)

        return answer

    def no_such_path(call: Call) -> object:
        raise NotFound("there is nothing at this path")

    routes = [
        route("GET", "/", service_api.root, shape=lambda result: result),
        route("GET", "/metrics", service_api.metrics, shape=PlainTextResponse),
        *(route("GET", path, lambda call: None, shape=lambda _, text=text: PlainTextResponse(text)) for path, text in TEXTS.items()),
        *(route(method, path, refuse(reason)) for method, path, reason in NOT_OFFERED),
        *(route(method, path, answer) for method, path, answer in ROUTES),
        *(route(method, "/{path:path}", no_such_path) for method in ("GET", "POST", "PUT", "PATCH", "DELETE")),
    ]
    return Starlette(routes=routes)


async def _read_body(request: Request, bytes_max: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > bytes_max:
            raise TooLarge(bytes_max)
        chunks.append(chunk)
    return b"".join(chunks)


def _ok(result: object, started: float) -> dict[str, object]:
    return {"result": result, "status": "ok", "time": time.perf_counter() - started}


def _failed(error: StoreError, started: float) -> Response:
    return _json({"status": {"error": error.message}, "time": time.perf_counter() - started}, error.status)


def _json(content: object, status: int) -> Response:
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return Response(text.encode("utf-8", errors="surrogatepass"), status, media_type="application/json")
