"""A store as a process of its own, on a free port of this machine."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).parent.parent
READY_SECONDS_MAX = 60


class StoreProcess:
    def __init__(self, data_dir: Path, **environment: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "vector_store"],
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path]), "DATA_DIR": str(data_dir), "PORT": str(self.port), **environment},
            stdout=subprocess.DEVNULL,
        )
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=30)
        deadline = time.monotonic() + READY_SECONDS_MAX
        while True:
            try:
                self.client.get("/readyz").raise_for_status()
                return
            except httpx.TransportError:
                assert self.process.poll() is None and time.monotonic() < deadline, "the store did not start"
                time.sleep(0.05)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=30)

    def put(self, path: str, body: object) -> httpx.Response:
        return self.client.put(path, json=body)

    def post(self, path: str, body: object) -> httpx.Response:
        return self.client.post(path, json=body)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., StoreProcess]]:
    started: list[StoreProcess] = []

    def start(**environment: str) -> StoreProcess:
        started.append(StoreProcess(tmp_path / "data", **environment))
        return started[-1]

    yield start
    for store in started:
        store.client.close()
        if store.process.poll() is None:
            store.kill()
