"""What a client is told instead of an answer: a status, a code for programs and a sentence for people."""

from http import HTTPStatus


class RefusedError(Exception):
    """Ends a request with an error. Its message holds nothing of the machine: no path, no file's name."""

    def __init__(self, status: int, code: str, message: str, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.retry_after = HTTPStatus(status), code, message, retry_after


def too_large(message: str) -> RefusedError:
    return RefusedError(413, "too_large", message)


def invalid(message: str) -> RefusedError:
    """For a body that is understood but asks for what cannot be."""
    return RefusedError(422, "invalid", message)


def busy(message: str, seconds: int = 1) -> RefusedError:
    """For a client that may come again after `seconds`."""
    return RefusedError(429, "too_many_requests", message, seconds)


def unavailable(message: str, seconds: int = 2) -> RefusedError:
    return RefusedError(503, "unavailable", message, seconds)
