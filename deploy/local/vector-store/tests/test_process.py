import os
import subprocess
import sys
from pathlib import Path

import pytest

from vector_store.config import ConfigProblems, read_config

ROOT = Path(__file__).parent.parent


def test_every_problem_of_the_configuration_is_told_at_once():
    with pytest.raises(ConfigProblems) as raised:
        read_config({"PORT": "70000", "FLUSH_INTERVAL_MS": "soon", "LOG_LEVEL": "loud"})
    assert [problem.split(":")[0] for problem in raised.value.problems] == ["PORT", "DATA_DIR", "FLUSH_INTERVAL_MS", "LOG_LEVEL"]


def test_an_empty_variable_counts_as_unset(tmp_path):
    assert read_config({"PORT": "", "DATA_DIR": str(tmp_path)}).port == 6333


def run(**environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "vector_store"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path]), **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_a_wrong_configuration_exits_with_78(tmp_path):
    ended = run(PORT="http", DATA_DIR=str(tmp_path))
    assert ended.returncode == 78 and "PORT" in ended.stderr


def test_a_second_process_does_not_touch_a_folder_in_use(start, tmp_path):
    start()
    ended = run(PORT="0", DATA_DIR=str(tmp_path / "data"))
    assert ended.returncode == 1 and "used by another process" in ended.stderr


def test_a_damaged_catalog_is_told_and_nothing_is_deleted(tmp_path):
    (tmp_path / "collections" / "abc").mkdir(parents=True)
    (tmp_path / "catalog.json").write_text("{")
    ended = run(PORT="0", DATA_DIR=str(tmp_path))
    assert ended.returncode == 1 and "cannot be read" in ended.stderr
    assert (tmp_path / "collections" / "abc").exists()
