"""What the bot sent, beside GitLab's own description of its API (Swagger 2), where that file lies.

The description leaves out users, notes and discussions; what the bot uses of them stands here, from GitLab's
pages about the REST API. Responses are not looked at: tests/demo/test_openapi.py does that.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from bot.demo.gitlab import Request

FILE = Path(__file__).parents[3] / "shared" / "data" / "gitlab-openapi-v2.yaml"
OURS = "purser"

_PAGES = {"page": {"type": "integer"}, "per_page": {"type": "integer"}}
_NOTES = "/api/v4/projects/{id}/merge_requests/{merge_request_iid}"
_ORDER = {
    "sort": {"type": "string", "enum": ["asc", "desc"]},
    "order_by": {"type": "string", "enum": ["created_at", "updated_at"]},
}
_BODY = {"body": {"type": "string"}, "created_at": {"type": "string"}, "internal": {"type": "boolean"}}
_ELSEWHERE: Mapping[tuple[str, str], tuple[Mapping[str, Any], frozenset[str]]] = {
    ("GET", "/api/v4/user"): ({}, frozenset()),
    ("GET", "/api/v4/users/{id}"): ({}, frozenset()),
    ("GET", f"{_NOTES}/notes"): ({**_PAGES, **_ORDER}, frozenset()),
    ("POST", f"{_NOTES}/notes"): (_BODY, frozenset({"body"})),
    ("GET", f"{_NOTES}/notes/{{note_id}}"): ({}, frozenset()),
    ("PUT", f"{_NOTES}/notes/{{note_id}}"): (_BODY, frozenset({"body"})),
    ("DELETE", f"{_NOTES}/notes/{{note_id}}"): ({}, frozenset()),
    ("GET", f"{_NOTES}/discussions"): (_PAGES, frozenset()),
    ("GET", f"{_NOTES}/discussions/{{discussion_id}}"): ({}, frozenset()),
    ("PUT", f"{_NOTES}/discussions/{{discussion_id}}"): (
        {"resolved": {"type": "boolean"}},
        frozenset({"resolved"}),
    ),
    ("POST", f"{_NOTES}/discussions/{{discussion_id}}/notes"): (_BODY, frozenset({"body"})),
}


@dataclass(frozen=True, slots=True)
class Operation:
    """What one operation takes, wherever it takes it: name -> schema, and what has to be there."""

    takes: Mapping[str, Any]
    needs: frozenset[str]


class Description:
    """The operations of GitLab's API by method and path."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._definitions = document.get("definitions", {})
        self._table: list[tuple[re.Pattern[str], str, Operation]] = []
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                if method in ("get", "post", "put", "delete", "head"):
                    self._add(method.upper(), path, self._operation(operation))
        for (method, path), (takes, needs) in _ELSEWHERE.items():
            self._add(method, path, Operation(takes, needs))

    def problems(self, method: str, path: str, query: Mapping[str, str], body: Any) -> list[str]:
        """What GitLab does not describe of a request; `path` is as sent, from /api/v4."""
        found = [it for pattern, of, it in self._table if of == method and pattern.fullmatch(path)]
        if not found:
            return ["there is no such operation"]
        operation = found[0]
        given = {**query, **(body if isinstance(body, dict) else {})}
        wrong = [f"{name} is not described" for name in given if name not in operation.takes]
        wrong += [f"{name} is missing" for name in sorted(operation.needs - set(given))]
        for name, value in query.items():
            wrong += self._differs(_of_text(value), operation.takes.get(name, {}), name)
        for name, value in (body if isinstance(body, dict) else {}).items():
            wrong += self._differs(value, operation.takes.get(name, {}), name)
        return wrong

    def _add(self, method: str, path: str, operation: Operation) -> None:
        literal = len(re.sub(r"\{[^}]*\}", "", path))
        parts = re.split(r"\{[^}]*\}", path)
        rest = re.search(r"\*(\w+)$", path)  # the rest of the path; described as of the query
        operation = Operation(operation.takes, operation.needs - {rest[1]}) if rest else operation
        text = "[^/]+".join(re.escape(part) for part in parts)
        pattern = re.compile(re.sub(r"\\\*\w+$", ".+", text))
        self._table.append((pattern, method, operation))
        if literal == len(path):  # a path without names is nearer than one with them
            self._table.insert(0, self._table.pop())

    def _operation(self, operation: Mapping[str, Any]) -> Operation:
        takes: dict[str, Any] = {}
        needs: set[str] = set()
        for it in operation.get("parameters", []):
            if it["in"] == "body":
                schema = self._resolved(it["schema"])
                takes |= schema.get("properties", {})
                needs |= set(schema.get("required", []))
            elif it["in"] in ("query", "formData"):
                takes[it["name"].removesuffix("[]")] = it
                needs |= {it["name"]} if it.get("required") else set()
        return Operation(takes, frozenset(needs))

    def _resolved(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        while "$ref" in schema:
            schema = self._definitions[schema["$ref"].rpartition("/")[2]]
        return schema

    def _differs(self, value: Any, schema: Mapping[str, Any], name: str) -> list[str]:
        schema = self._resolved(schema)
        kinds: Mapping[str, type | tuple[type, ...]] = {
            "integer": int, "boolean": bool, "array": list, "object": dict, "string": str
        }  # fmt: skip
        kind = str(schema.get("type"))
        if kind == "integer" and isinstance(value, bool):
            return [f"{name} is no integer"]
        # A text in a query may look like a number, and stays a text.
        if (
            kind in kinds
            and not isinstance(value, kinds[kind])
            and not (kind == "string" and value is not None)
        ):
            return [f"{name} is no {kind}"]
        if "enum" in schema and str(value) not in {str(it) for it in schema["enum"]}:
            return [f"{name} is {value!r}, none of its values"]
        if kind == "array" and isinstance(value, list):
            return [line for it in value for line in self._differs(it, schema.get("items", {}), f"{name}[]")]
        if isinstance(value, dict) and "properties" in schema:
            unknown = [f"{name}.{key} is not described" for key in value if key not in schema["properties"]]
            known = [(key, it) for key, it in value.items() if key in schema["properties"]]
            return unknown + [
                line
                for key, it in known
                for line in self._differs(it, schema["properties"][key], f"{name}.{key}")
            ]
        return []


def _of_text(value: str) -> Any:
    """A query's value as the type that it looks like."""
    if value.isdigit():
        return int(value)
    return {"true": True, "false": False}.get(value, value)


@cache
def description() -> Description | None:
    """None where the file does not lie."""
    if not FILE.is_file():
        return None
    text = FILE.read_text(encoding="utf-8")
    return Description(yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))


def undescribed(requests: Iterable[Request]) -> dict[str, list[str]]:
    """What the bot sent that GitLab does not describe, by request; empty where nothing describes it."""
    known = description()
    if known is None:
        return {}
    seen: set[tuple[object, ...]] = set()
    found: dict[str, list[str]] = {}
    for it in requests:
        if not it.agent.startswith(OURS) or not it.path.startswith("/api/v4/"):
            continue
        path = it.path.partition("?")[0]
        body = it.body if isinstance(it.body, dict) else {}
        shape = (it.method, re.sub(r"\d+|[0-9a-f]{40}", "0", path), *sorted(it.query), *sorted(body))
        if shape not in seen:
            seen.add(shape)
            if wrong := known.problems(it.method, path, it.query, it.body):
                found[f"{it.method} {path}"] = wrong
    return found
