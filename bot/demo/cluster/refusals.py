"""What an API server answers when it refuses: a Status object, in the words clients know."""

from dataclasses import dataclass, field
from typing import Any

Cause = tuple[str, str, str]
"""Field path, reason word, message."""


@dataclass(slots=True)
class Refusal(Exception):
    """An answer that is not what was asked for. `status` is the HTTP status, `reason` its word."""

    status: int
    reason: str
    message: str
    details: dict[str, Any] = field(default_factory=dict)

    def body(self) -> dict[str, Any]:
        """The Status object."""
        body: dict[str, Any] = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
        }
        if self.reason:
            body["reason"] = self.reason
        if self.details:
            body["details"] = self.details
        return body | {"code": self.status}


def qualified(name: str, group: str) -> str:
    """`deployments.apps`, or `services` in the core group."""
    return f"{name}.{group}" if group else name


def not_found(resource: str, group: str, name: str) -> Refusal:
    """404 on one object."""
    details = {"name": name, "group": group, "kind": resource}
    message = f'{qualified(resource, group)} "{name}" not found'
    return Refusal(404, "NotFound", message, {key: value for key, value in details.items() if value})


def no_such_path() -> Refusal:
    """404 on a path or a kind that is not served."""
    return Refusal(404, "NotFound", "the server could not find the requested resource")


def already_exists(resource: str, group: str, name: str) -> Refusal:
    """409 on a creation."""
    details = {"name": name, "group": group, "kind": resource}
    message = f'{qualified(resource, group)} "{name}" already exists'
    return Refusal(409, "AlreadyExists", message, {key: value for key, value in details.items() if value})


def outdated(resource: str, group: str, name: str) -> Refusal:
    """409 on a write that names an old resourceVersion."""
    message = (
        f'Operation cannot be fulfilled on {qualified(resource, group)} "{name}": '
        "the object has been modified; please apply your changes to the latest version and try again"
    )
    return Refusal(409, "Conflict", message, {"name": name, "group": group, "kind": resource})


def bad_request(message: str) -> Refusal:
    """400: the request itself cannot be read."""
    return Refusal(400, "BadRequest", message)


def invalid(kind: str, group: str, name: str, causes: list[Cause]) -> Refusal:
    """422 with one cause for each field that is wrong."""
    texts = [f"{path}: {text}" for path, _, text in causes]
    told = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    details = {
        "name": name,
        "group": group,
        "kind": kind,
        "causes": [{"reason": reason, "message": text, "field": path} for path, reason, text in causes],
    }
    return Refusal(
        422,
        "Invalid",
        f'{qualified(kind, group)} "{name}" is invalid: {told}',
        {key: value for key, value in details.items() if value},
    )


def conflict(causes: list[tuple[str, str]]) -> Refusal:
    """409 of a server-side apply; a cause is a field path and how its holder is called."""
    if len(causes) == 1:
        message = f"Apply failed with 1 conflict: conflict with {causes[0][1]}: {causes[0][0]}"
    else:
        holders = sorted({holder for _, holder in causes})
        told = [
            "\n- ".join((f"conflicts with {holder}:", *(path for path, other in causes if other == holder)))
            for holder in holders
        ]
        message = f"Apply failed with {len(causes)} conflicts: " + "\n".join(told)
    named = [
        {"reason": "FieldManagerConflict", "message": f"conflict with {holder}", "field": path}
        for path, holder in causes
    ]
    return Refusal(409, "Conflict", message, {"causes": named})
