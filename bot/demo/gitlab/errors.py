"""What the look-alike says when it refuses."""

from __future__ import annotations

from typing import Any


class Refused(Exception):
    """An answer with an error status, in one of GitLab's shapes: {"message": …} or {"error": …}."""

    def __init__(self, status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        super().__init__(f"{status} {body}")
        self.status = status
        self.body = body
        self.headers = headers or {}


def message(status: int, text: Any) -> Refused:
    """{"message": text}."""
    return Refused(status, {"message": text})


def unauthorized() -> Refused:
    """401: nobody valid is calling, or not for this."""
    return message(401, "401 Unauthorized")


def forbidden(reason: str = "") -> Refused:
    """403: the role does not reach."""
    return message(403, f"403 Forbidden - {reason}" if reason else "403 Forbidden")


def not_found(thing: str = "") -> Refused:
    """404, also for what one may not see."""
    return message(404, f"404 {thing} Not Found" if thing else "404 Not found")


def bad_request(reason: str) -> Refused:
    """400 in words."""
    return message(400, f"400 Bad request - {reason}")


def invalid(reason: str) -> Refused:
    """A parameter of the wrong kind, or a missing one."""
    return Refused(400, {"error": reason})


def not_allowed() -> Refused:
    """405: not in this state."""
    return message(405, "405 Method Not Allowed")


def insufficient_scope(scope: str) -> Refused:
    """403: the token is too narrow."""
    text = "The request requires higher privileges than provided by the access token."
    return Refused(403, {"error": "insufficient_scope", "error_description": text, "scope": scope})


def dead_token(reason: str) -> Refused:
    """401: the token was good once."""
    return Refused(401, {"error": "invalid_token", "error_description": reason})
