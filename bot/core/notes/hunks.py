"""Two masked objects to the lines of a unified diff of their YAML."""

import difflib
from collections.abc import Mapping
from typing import Any

import yaml

from bot.core.model import Manifest
from bot.core.planned import ObjectPlan

CONTEXT = 3
MOST_LINES = 4000
_HIDDEN_METADATA = ("managedFields", "resourceVersion", "uid", "generation", "creationTimestamp", "selfLink")


class _Dumper(yaml.CSafeDumper):
    """YAML as people write it: text of several lines as a literal block, no aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: "_Dumper", value: str) -> yaml.Node:
    style = "|" if "\n" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


def yaml_text(manifest: Mapping[str, Any] | None) -> str:
    """The object as YAML without what only the server keeps; empty for None."""
    if manifest is None:
        return ""
    return yaml.dump(_shown(manifest), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1000)


def object_diff(item: ObjectPlan, context: int = CONTEXT) -> str:
    """A unified diff of the object, without file headers; hunks of changed lines with `context` around them.

    A diff of more than MOST_LINES lines on a side is replaced by the list of its changed paths.
    """
    before, after = yaml_text(item.before).splitlines(), yaml_text(item.after).splitlines()
    if max(len(before), len(after)) > MOST_LINES and before and after:
        return "\n".join(f"  {change.op} {change.path or '/'}" for change in item.changes)
    lines = list(difflib.unified_diff(before, after, lineterm="", n=context))[2:]
    return "\n".join("@@" if line.startswith("@@") else line for line in lines).removeprefix("@@\n")


def _shown(manifest: Mapping[str, Any]) -> Manifest:
    order = ("apiVersion", "kind", "metadata")
    rest = {key: value for key, value in manifest.items() if key not in (*order, "status")}
    first = {key: manifest[key] for key in order if key in manifest}
    metadata = first.get("metadata")
    if isinstance(metadata, Mapping):
        first["metadata"] = {key: value for key, value in metadata.items() if key not in _HIDDEN_METADATA}
    return {**first, **rest}
