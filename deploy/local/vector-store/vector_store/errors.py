"""Failures that a client may see, in the words and with the statuses of Qdrant."""

import re


class StoreError(Exception):
    status = 500

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class BadInput(StoreError):
    """Well formed, but it does not fit the collection."""

    status = 400

    def __init__(self, message: str) -> None:
        super().__init__(f"Wrong input: {message}")


class BadFormat(StoreError):
    """The body is not JSON, or JSON of another shape."""

    status = 400

    def __init__(self, message: str) -> None:
        super().__init__(f"Format error in JSON body: {message}")


class BadValue(StoreError):
    """The shape is right and a value is out of its bounds."""

    status = 422

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"Validation error in JSON body: [{field}: {message}]")


class NotFound(StoreError):
    status = 404

    def __init__(self, message: str) -> None:
        super().__init__(f"Not found: {message}")


class AlreadyExists(StoreError):
    status = 409

    def __init__(self, message: str) -> None:
        super().__init__(f"Wrong input: {message}")


class TooLarge(StoreError):
    status = 413

    def __init__(self, bytes_max: int) -> None:
        super().__init__(f"Payload error: JSON payload is larger than allowed (limit: {bytes_max} bytes).")


class NotOffered(StoreError):
    """Something that Qdrant's server has and this store does not."""

    status = 501

    def __init__(self, reason: str) -> None:
        super().__init__(f"Not implemented: {reason}")


# What the engine raises when it takes over a value that does not fit: a number out of range, a path that is none.
ENGINE_REFUSALS = (ValueError, OverflowError, TypeError)


def of_engine(error: Exception) -> StoreError | None:
    """What the engine complains about, as a client's mistake; None when it is not one."""
    text = _innermost(str(error))
    if text.startswith("No point with id"):
        return NotFound(f"{text} found")
    if isinstance(error, ENGINE_REFUSALS) or not text.startswith("Service runtime error"):
        return BadInput(text)
    return None


def _innermost(text: str) -> str:
    """The engine wraps a reason in what it tried to read it as, a line each: the reason itself is a ValueError."""
    reason = re.search(r"ValueError: (.+)$", text, re.MULTILINE)
    return reason.group(1) if reason else text
