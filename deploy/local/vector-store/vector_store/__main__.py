"""`python -m vector_store`: opens the data folder, serves until SIGTERM or SIGINT, closes it."""

import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import Iterator

import uvicorn

from .app import create_app
from .catalog import CatalogDamaged
from .config import EXIT_CODE_CONFIG, Config, ConfigProblems, read_config
from .folder_lock import FolderInUse, lock_folder
from .store import Store

log = logging.getLogger("vector_store")
LEVELS = {"trace": "DEBUG", "debug": "DEBUG", "info": "INFO", "warn": "WARNING", "error": "ERROR", "fatal": "CRITICAL", "silent": "CRITICAL"}
SHUTDOWN_SECONDS_MAX = 5
# Clients close idle connections themselves after a few seconds: were we the first, a request could meet the closing and fail.
KEEP_ALIVE_SECONDS = 75


def main() -> int:
    try:
        config = read_config(os.environ)
    except ConfigProblems as problems:
        print(f"The configuration has {len(problems.problems)} problem(s):", *problems.problems, sep="\n  ", file=sys.stderr)
        return EXIT_CODE_CONFIG
    logging.basicConfig(stream=sys.stdout, level=LEVELS[config.log_level], format="%(asctime)s %(levelname)s %(message)s")
    try:
        lock_folder(config.data_dir)
        store = Store(config.data_dir)
    except (FolderInUse, CatalogDamaged) as error:
        print(f"vector store: {error}", file=sys.stderr)
        return 1
    try:
        return asyncio.run(_serve(config, store))
    finally:
        store.close()
        log.info("stopped")


class _Server(uvicorn.Server):
    """Ends at the first signal after the calls in progress, at the second without waiting for them. Uvicorn's own way
    raises the signal again afterwards, which would end the process before the store is closed."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        signals = (signal.SIGTERM, signal.SIGINT)
        for number in signals:
            loop.add_signal_handler(number, self.handle_exit, number, None)
        yield
        for number in signals:
            loop.remove_signal_handler(number)


async def _serve(config: Config, store: Store) -> int:
    server = _Server(
        uvicorn.Config(
            create_app(store, config.request_bytes_max),
            host=config.host,
            port=config.port,
            http="httptools",
            loop="asyncio",
            lifespan="off",
            access_log=False,
            log_config=None,
            timeout_graceful_shutdown=SHUTDOWN_SECONDS_MAX,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
        )
    )
    flushing = asyncio.create_task(store.flush_regularly(config.flush_interval_ms / 1000))
    await server.serve()
    flushing.cancel()
    return 0 if server.started else 1


if __name__ == "__main__":
    sys.exit(main())
