"""All collections of a data folder, by name and alias."""

import asyncio
import logging
import re
import shutil
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from qdrant_client.http import models

from .catalog import Catalog, Entry
from .collection import Collection
from .errors import AlreadyExists, BadInput, BadValue, NotFound

log = logging.getLogger("vector_store")
NAME_FORBIDDEN = re.compile(r'[<>:"/\\|?*\0\x1F]')


class Store:
    def __init__(self, data_dir: Path) -> None:
        self.catalog = Catalog(data_dir)
        self._collections: dict[str, Collection] = {}
        self._remove_strays()
        for name, entry in self.catalog.contents.collections.items():
            self._collections[name] = Collection.load(self.catalog.shards_dir / entry.folder, entry.parameters)
            log.info("opened collection %s with %d points", name, self._collections[name].shard.info().points_count)

    def names(self) -> list[str]:
        return list(self._collections)

    def find(self, name: str) -> Collection | None:
        own_name = self.catalog.resolve(name)
        return None if own_name is None else self._collections[own_name]

    def get(self, name: str) -> Collection:
        collection = self.find(name)
        if collection is None:
            raise NotFound(f"Collection `{name}` doesn't exist!")
        return collection

    def entry(self, name: str) -> Entry:
        self.get(name)
        return self.catalog.contents.collections[self.catalog.resolve(name) or name]

    def create(self, name: str, parameters: models.CreateCollection) -> None:
        if not 1 <= len(name) <= 255 or NAME_FORBIDDEN.search(name):
            raise BadValue("collection_name", f"`{name}` is not a valid name")
        if self.catalog.resolve(name) is not None:
            raise AlreadyExists(f"Collection `{name}` already exists!")
        folder = self.catalog.new_folder()
        path = self.catalog.shards_dir / folder
        try:
            collection = Collection.create(path, parameters)
        except Exception:
            shutil.rmtree(path, ignore_errors=True)
            raise
        now = datetime.now(timezone.utc).isoformat()
        self.catalog.contents.collections[name] = Entry(folder, parameters.model_dump(mode="json", exclude_none=True), now)
        self.catalog.save()
        self._collections[name] = collection

    def delete(self, name: str) -> bool:
        """False when there is no such collection. Once it returns, the collection is gone for good."""
        contents = self.catalog.contents
        collection = self._collections.pop(name, None)
        if collection is None:
            return False
        entry = contents.collections.pop(name)
        contents.aliases = {alias: target for alias, target in contents.aliases.items() if target != name}
        self.catalog.save()
        collection.close()
        shutil.rmtree(self.catalog.shards_dir / entry.folder, ignore_errors=True)
        return True

    def merge_metadata(self, name: str, metadata: dict[str, Any]) -> None:
        """Keys with null are removed, the others are set."""
        parameters = self.entry(name).parameters
        merged = {**parameters.get("metadata", {}), **metadata}
        parameters["metadata"] = {key: value for key, value in merged.items() if value is not None}
        self.catalog.save()

    def change_aliases(self, actions: list) -> None:
        """All of the actions or none."""
        contents = self.catalog.contents
        aliases = dict(contents.aliases)
        for action in actions:
            match action:
                case models.CreateAliasOperation(create_alias=create):
                    if create.collection_name not in contents.collections:
                        raise NotFound(f"Collection `{create.collection_name}` doesn't exist!")
                    if create.alias_name in contents.collections:
                        raise AlreadyExists(f"Collection `{create.alias_name}` already exists!")
                    if create.alias_name == "":
                        raise BadInput("an alias needs a name")
                    aliases[create.alias_name] = create.collection_name
                case models.DeleteAliasOperation(delete_alias=delete):
                    aliases.pop(delete.alias_name, None)
                case models.RenameAliasOperation(rename_alias=rename):
                    if rename.old_alias_name not in aliases:
                        raise NotFound(f"Alias `{rename.old_alias_name}` doesn't exist!")
                    if rename.new_alias_name in contents.collections:
                        raise AlreadyExists(f"Collection `{rename.new_alias_name}` already exists!")
                    aliases[rename.new_alias_name] = aliases.pop(rename.old_alias_name)
        contents.aliases = aliases
        self.catalog.save()

    async def flush_regularly(self, interval_seconds: float) -> None:
        """Keeps the log that has to be replayed after a crash short."""
        while True:
            await asyncio.sleep(interval_seconds)
            for name, collection in list(self._collections.items()):
                try:
                    collection.flush()
                except Exception:
                    log.exception("cannot flush collection %s", name)

    def close(self) -> None:
        for collection in self._collections.values():
            collection.close()
        self._collections.clear()

    def _remove_strays(self) -> None:
        """Folders of collections whose creation or deletion was cut off."""
        known = {entry.folder for entry in self.catalog.contents.collections.values()}
        for path in self.catalog.shards_dir.iterdir():
            if path.name not in known:
                log.warning("removing %s, which no collection owns", path)
                shutil.rmtree(path, ignore_errors=True)
