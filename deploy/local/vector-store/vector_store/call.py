"""One call of the API: where it goes, what it carries."""

from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from .collection import Collection
from .errors import BadFormat, BadInput, NotOffered
from .store import Store

Model = TypeVar("Model")


@dataclass(frozen=True)
class Call:
    store: Store
    path: dict[str, str]
    query: dict[str, str]
    body: bytes

    @property
    def collection(self) -> Collection:
        return self.store.get(self.path["name"])

    @property
    def wait(self) -> bool:
        return self.flag("wait", False)

    def flag(self, name: str, default: bool) -> bool:
        text = self.query.get(name)
        if text is None:
            return default
        if text not in ("true", "false"):
            raise BadInput(f"query parameter {name}: provided string was not `true` or `false`")
        return text == "true"

    def parse(self, adapter: TypeAdapter[Model]) -> Model:
        """The body as Qdrant's own schema has it. Raises BadFormat with the place that does not fit."""
        try:
            request = adapter.validate_json(self.body)
        except ValidationError as error:
            raise BadFormat(_explain(error)) from None
        if getattr(request, "shard_key", None) is not None:
            raise NotOffered("a collection has one shard on one node")
        return request

    def done(self, operation: int) -> dict[str, Any]:
        """The answer to a write. It is always applied by now; the status says what was asked for."""
        return {"operation_id": operation, "status": "completed" if self.wait else "acknowledged"}


def _explain(error: ValidationError) -> str:
    """Of all ways in which a value fits no variant, the one that got furthest says most."""
    furthest = max(error.errors(include_url=False, include_input=False), key=lambda item: len(item["loc"]))
    place = ".".join(str(part) for part in furthest["loc"] if not _is_variant(str(part)))
    return f"{furthest['msg']} at `{place}`" if place else furthest["msg"]


def _is_variant(part: str) -> bool:
    """Whether a part of a place names one of the types that a value may have, and no field."""
    return part[:1].isupper() or "[" in part or part in ("int", "float", "str", "bool", "uuid")
