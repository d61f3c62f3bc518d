"""JSON patch, JSON merge patch, and strategic merge patch by the merge keys of the schema."""

import copy
import json
from typing import Any

from bot.demo.cluster.refusals import Refusal, bad_request
from bot.demo.cluster.schemas import Schema


def json_patch(document: Any, operations: Any) -> Any:
    """RFC 6902. 422 where an operation does not fit, 400 where it is none."""
    if not isinstance(operations, list):
        raise bad_request("a JSON patch is a list of operations")
    document = copy.deepcopy(document)
    for operation in operations:
        match operation:
            case {"op": "add" | "replace" | "test" as op, "path": str(path), **rest} if "value" in rest:
                document = _set(document, op, path, copy.deepcopy(rest["value"]))
            case {"op": "remove", "path": str(path)}:
                document = _set(document, "remove", path, None)
            case {"op": "move" | "copy" as op, "path": str(path), "from": str(source)}:
                value = copy.deepcopy(_look(document, source))
                document = _set(document, "remove", source, None) if op == "move" else document
                document = _set(document, "add", path, value)
            case _:
                raise bad_request("not an operation of a JSON patch")
    return document


def _set(document: Any, op: str, path: str, value: Any) -> Any:
    steps = _steps(path)
    if not steps:
        return value if op != "test" else document
    holder = _look(document, path.rpartition("/")[0])
    last = steps[-1]
    if op != "add" or not isinstance(holder, list):
        known = _item(holder, last, path) if op != "add" else None
        if op == "test" and known != value:
            raise _unfit()
    if isinstance(holder, list):
        _set_item(holder, op, last, value, path)
    elif isinstance(holder, dict):
        if op == "remove":
            del holder[last]
        elif op != "test":
            holder[last] = value
    else:
        raise _unfit()
    return document


def _set_item(holder: list[Any], op: str, step: str, value: Any, path: str) -> None:
    index = len(holder) if step == "-" and op == "add" else _index(step, path)
    if op == "add":
        if index > len(holder):
            raise _unfit()
        holder.insert(index, value)
    elif op == "remove":
        del holder[index]
    elif op == "replace":
        holder[index] = value


def _look(document: Any, path: str) -> Any:
    for step in _steps(path):
        document = _item(document, step, path)
    return document


def _item(holder: Any, step: str, path: str) -> Any:
    try:
        return holder[_index(step, path)] if isinstance(holder, list) else holder[step]
    except (KeyError, IndexError, TypeError):
        raise _unfit() from None


def _index(step: str, path: str) -> int:
    if not step.isdigit():
        raise _unfit()
    return int(step)


def _steps(path: str) -> list[str]:
    return [step.replace("~1", "/").replace("~0", "~") for step in path.split("/")[1:]]


def _unfit() -> Refusal:
    """The real server does not say what does not fit."""
    return Refusal(422, "Invalid", "the server rejected our request due to an error in our request", {})


def merge_patch(document: Any, patch: Any) -> Any:
    """RFC 7386."""
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    merged = dict(document) if isinstance(document, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge_patch(merged.get(key), value)
    return merged


def strategic(document: Any, patch: Any, schema: Schema) -> Any:
    """A strategic merge patch: lists with a merge key are merged by item, $-directives obeyed."""
    if not isinstance(patch, dict) or not isinstance(document, dict):
        return _plain(patch)
    match patch.get("$patch"):
        case "replace":
            return _plain({key: value for key, value in patch.items() if key != "$patch"})
        case "delete":
            return {}
    merged = dict(document)
    for key, value in patch.items():
        if key.startswith("$"):
            _directive(merged, key, value, schema)
        elif value is None:
            merged.pop(key, None)
        elif isinstance(value, list) and "merge" in schema.at(key).patch_strategy and key in merged:
            merged[key] = _merged(merged[key], value, schema.at(key))
        else:
            merged[key] = strategic(merged[key], value, schema.at(key)) if key in merged else _plain(value)
    if isinstance(keys := patch.get("$retainKeys"), list):
        merged = {key: value for key, value in merged.items() if key in keys}
    for key, value in patch.items():
        if key.startswith("$setElementOrder/"):
            _order(merged, key.removeprefix("$setElementOrder/"), value, schema)
    return merged


def _directive(merged: dict[str, Any], key: str, value: Any, schema: Schema) -> None:
    name, _, field = key.partition("/")
    if name == "$deleteFromPrimitiveList" and isinstance(merged.get(field), list):
        merged[field] = [one for one in merged[field] if one not in value]


def _merged(items: list[Any], patches: list[Any], schema: Schema) -> list[Any]:
    key = schema.patch_key
    if not key:
        return items + [one for one in patches if one not in items]
    if {"$patch": "replace"} in patches:
        return _plain([one for one in patches if one != {"$patch": "replace"}])  # type: ignore[no-any-return]
    merged = list(items)
    for patch in patches:
        if not isinstance(patch, dict) or key not in patch:
            raise bad_request(f"map: {patch} does not contain declared merge key: {key}")
        at = next((index for index, one in enumerate(merged) if one.get(key) == patch[key]), None)
        if patch.get("$patch") == "delete":
            merged = [one for one in merged if one.get(key) != patch[key]]
        elif at is None:
            merged.append(_plain(patch))
        else:
            merged[at] = strategic(merged[at], patch, schema.element)
    return _interleaved([one[key] for one in items], [one[key] for one in patches], merged, key)


def _interleaved(before: list[Any], patched: list[Any], merged: list[Any], key: str) -> list[Any]:
    """New items of the patch stand before the items that only the object has; the rest keeps its order."""
    found = {json.dumps(one[key]): one for one in merged}
    names = [json.dumps(name) for name in before]
    mine = [json.dumps(name) for name in patched if json.dumps(name) in found]
    theirs = [name for name in names if name in found and name not in mine]
    ordered: list[str] = []
    while mine and theirs:
        first = mine[0] not in names or names.index(mine[0]) < names.index(theirs[0])
        ordered.append((mine if first else theirs).pop(0))
    return [found[name] for name in (*ordered, *mine, *theirs)]


def _order(merged: dict[str, Any], field: str, order: list[Any], schema: Schema) -> None:
    if not isinstance(items := merged.get(field), list):
        return
    key = schema.at(field).patch_key

    def place(item: Any) -> int:
        name = item.get(key) if key else item
        return next(
            (at for at, one in enumerate(order) if (one.get(key) if key else one) == name), len(order)
        )

    merged[field] = sorted(items, key=place)


def _plain(value: Any) -> Any:
    """The value of a patch where nothing stands yet: without nulls and directives."""
    match value:
        case dict():
            return {
                key: _plain(one) for key, one in value.items() if one is not None and not key.startswith("$")
            }
        case list():
            return [
                _plain(one) for one in value if not (isinstance(one, dict) and one.get("$patch") == "delete")
            ]
        case _:
            return value
