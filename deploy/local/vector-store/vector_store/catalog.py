"""Which collections and aliases there are: one file, replaced as a whole, so that it is always the old or the new one."""

import json
import os
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FORMAT = 1


@dataclass
class Entry:
    """A collection: the folder that holds its shard, and what it was created with."""

    folder: str
    parameters: dict[str, Any]
    created_at: str
    index_schemas: dict[str, Any] = field(default_factory=dict)


@dataclass
class Contents:
    collections: dict[str, Entry] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)


class CatalogDamaged(Exception):
    """The file can't be read; nothing is deleted on its word."""


class Catalog:
    """The truth about names. What it does not name does not exist, whatever folders lie about."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / "catalog.json"
        self.shards_dir = data_dir / "collections"
        self.shards_dir.mkdir(exist_ok=True)
        self.contents = self._read()

    def save(self) -> None:
        """Returns when the new contents would survive a power cut."""
        contents = self.contents
        text = json.dumps(
            {
                "format": FORMAT,
                "collections": {name: vars(entry) for name, entry in contents.collections.items()},
                "aliases": contents.aliases,
            },
            indent=1,
        )
        temporary = self._path.with_suffix(".tmp")
        with open(temporary, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, self._path)
        sync_folder(self._path.parent)

    def new_folder(self) -> str:
        return uuid.uuid4().hex

    def resolve(self, name: str) -> str | None:
        """The collection's own name for a name or an alias."""
        if name in self.contents.collections:
            return name
        return self.contents.aliases.get(name)

    def _read(self) -> Contents:
        try:
            raw = json.loads(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return Contents()
        except (OSError, ValueError) as error:
            raise CatalogDamaged(f"{self._path} cannot be read: {error}") from error
        if raw.get("format") != FORMAT:
            raise CatalogDamaged(f"{self._path} has format {raw.get('format')}, this program reads format {FORMAT}")
        return Contents(
            collections={name: Entry(**entry) for name, entry in raw["collections"].items()},
            aliases=raw["aliases"],
        )


def sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
