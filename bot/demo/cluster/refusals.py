"""What an API server answers when it refuses: a Status object, in the words clients know."""

import json
from dataclasses import dataclass
from typing import Any

Cause = tuple[str, str, str]
"""Field path, reason word, message."""


@dataclass(slots=True)
class Refusal(Exception):
    """An answer that is not what was asked for. `status` is the HTTP status, `reason` its word."""

    status: int
    reason: str
    message: str
    details: dict[str, Any] | None = None

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
        if self.details is not None:
            body["details"] = self.details
        return body | {"code": self.status}


def invalid_value(value: Any, rule: str) -> tuple[str, str]:
    """Reason and message of a cause that quotes the value."""
    return "FieldValueInvalid", f"Invalid value: {json.dumps(value, separators=(',', ':'))}: {rule}"


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
    return Refusal(404, "NotFound", "the server could not find the requested resource", {})


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
    details = {"name": name, "group": group, "kind": resource}
    return Refusal(409, "Conflict", message, {key: value for key, value in details.items() if value})


def precondition(group: str, kind: str, name: str, key: str, wanted: str, found: str) -> Refusal:
    """409 on a deletion that names another object than the one that is there."""
    word, end = (
        ("UID", "might have been deleted and then recreated")
        if key == "uid"
        else ("ResourceVersion", "might have been modified")
    )
    refusal = outdated(kind, group, name)
    refusal.message = (
        f'Operation cannot be fulfilled on {qualified(kind, group)} "{name}": the {word} in the precondition '
        f"({wanted}) does not match the {word} in record ({found}). The object {end}"
    )
    return refusal


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
