"""What is filled in for custom resources, and in the definitions that they come from."""

import copy
from typing import Any

from bot.demo.cluster.schemas import Schema

Object = dict[str, Any]


def fill_custom(value: Any, schema: Schema) -> None:
    """Fills in the defaults that the schema of a custom resource declares, in place."""
    match value:
        case dict():
            for key, below in schema.fields.items() if schema.shape == "struct" else ():
                if key not in value and below.default is not None:
                    value[key] = copy.deepcopy(below.default)
            for key, inner in value.items():
                fill_custom(inner, schema.at(key))
        case list():
            for inner in value:
                fill_custom(inner, schema.element)


def establish(definition: Object, now: str) -> None:
    """Gives a CustomResourceDefinition the status of one that is served, in place."""
    spec = definition["spec"]
    stood = (definition.get("status") or {}).get("storedVersions") or ()
    stores = [version["name"] for version in spec.get("versions", ()) if version.get("storage")]
    stored = list(dict.fromkeys([*stood, *stores]))
    told = (
        ("NamesAccepted", "NoConflicts", "no conflicts found"),
        ("Established", "InitialNamesAccepted", "the initial names have been accepted"),
    )
    before = {
        one["type"]: one["lastTransitionTime"]
        for one in (definition.get("status", {}).get("conditions") or ())
    }
    definition["status"] = {
        "acceptedNames": spec["names"],
        "conditions": [
            {
                "type": kind,
                "status": "True",
                "reason": reason,
                "message": message,
                "lastTransitionTime": before.get(kind, now),
            }
            for kind, reason, message in told
        ],
        "storedVersions": stored,
    }
