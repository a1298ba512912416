"""One process per data folder."""

import fcntl
import os
from pathlib import Path


class FolderInUse(Exception):
    pass


def lock_folder(path: Path) -> int:
    """Locks until the process ends, however it ends."""
    descriptor = os.open(path / "lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise FolderInUse(f"{path} is used by another process") from error
    return descriptor
