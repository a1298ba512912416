"""The configuration: environment variables, read once, all problems told at once."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

EXIT_CODE_CONFIG = 78  # EX_CONFIG of sysexits.h
LOG_LEVELS = ("trace", "debug", "info", "warn", "error", "fatal", "silent")


@dataclass(frozen=True)
class Config:
    host: str
    port: int
    data_dir: Path
    flush_interval_ms: int
    request_bytes_max: int
    log_level: str


class ConfigProblems(Exception):
    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


def read_config(environment: Mapping[str, str]) -> Config:
    """Raises ConfigProblems with a line for each variable that is wrong. An empty variable counts as unset."""
    problems: list[str] = []

    def whole_number(name: str, default: int | None, least: int, most: int) -> int:
        text = environment.get(name) or ("" if default is None else str(default))
        if not text.isascii() or not text.isdigit():
            problems.append(f"{name}: must be set to a whole number" if text == "" else f"{name}: must be a whole number")
            return least
        value = int(text)
        if not least <= value <= most:
            problems.append(f"{name}: must be between {least} and {most}")
        return value

    config = Config(
        host=environment.get("HOST") or "127.0.0.1",
        port=whole_number("PORT", 6333, 0, 65_535),
        data_dir=_data_dir(environment.get("DATA_DIR") or "", problems),
        flush_interval_ms=whole_number("FLUSH_INTERVAL_MS", 1_000, 10, 60_000),
        request_bytes_max=whole_number("REQUEST_BYTES_MAX", 32 * 1024 * 1024, 1_024, 1024 * 1024 * 1024),
        log_level=environment.get("LOG_LEVEL") or "info",
    )
    if config.log_level not in LOG_LEVELS:
        problems.append(f"LOG_LEVEL: must be one of {', '.join(LOG_LEVELS)}")
    if problems:
        raise ConfigProblems(problems)
    return config


def _data_dir(text: str, problems: list[str]) -> Path:
    if text == "":
        problems.append("DATA_DIR: must be set to a folder")
        return Path()
    path = Path(text)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        problems.append(f"DATA_DIR: cannot be made: {error.strerror}")
        return path
    if not os.access(path, os.W_OK | os.X_OK):
        problems.append("DATA_DIR: must be writable")
    return path.resolve()
