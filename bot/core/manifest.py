"""YAML text to JSON-like values and Kubernetes objects, by the rules of kubectl and Helm (sigs.k8s.io/yaml).

These differ from PyYAML's: `y` and `n` are booleans, `0755` is 493, `1e3` is a number, dates and `12:30:45`
are strings, keys are always strings.
"""

from collections.abc import Callable, Iterator
from typing import Any

import yaml
from yaml import events

from bot.core.composing import MAX_NODES, Composer, Duplicate, Source, wrong
from bot.core.errors import AuthorError, Where
from bot.core.model import Manifest, ObjectRef
from bot.core.remembered import parsed, text_key


def load(text: str, *, where: Where) -> Any:
    """The value of a file with one document (None if it is empty). Raises AuthorError (`yaml`)."""
    return source(text, where=where).value


def source(text: str, *, where: Where) -> Source:
    """The file's only document with its lines. Raises AuthorError (`yaml`), also for a second document."""
    key = text_key("source", text)
    if (kept := parsed.get(key)) is not None:
        value, lines, duplicates = kept
        return Source(value, where, lines, tuple(Duplicate(path, line) for path, line in duplicates))
    found = list(sources(text, where=where))
    if len(found) > 1:
        raise wrong(
            "A second document starts here.",
            Where(where.file, found[1].lines.get(())),
            "Keep one document in this file: take the `---` line and what follows it out.",
        )
    if not found:
        return Source(None, where, {})
    only = found[0]
    parsed.put(key, (only.value, dict(only.lines), [(one.path, one.line) for one in only.duplicates]))
    return only


def sources(text: str, *, where: Where) -> Iterator[Source]:
    """Every document of a stream, in order. Raises AuthorError (`yaml`) when it gets to what is wrong."""
    composer = Composer(where, max(MAX_NODES, len(text)))
    parser: Any = None
    try:
        parser = yaml.CSafeLoader(text)
        while not isinstance(event := parser.get_event(), events.StreamEndEvent):
            if isinstance(event, events.DocumentStartEvent):
                mark: Any = event.start_mark
                composer.start(mark.line + 1)
            elif isinstance(event, events.DocumentEndEvent):
                yield composer.finish()
            elif not isinstance(event, events.StreamStartEvent):
                composer.take(event)
    except yaml.MarkedYAMLError as error:
        raise _explained(error, text, where) from None
    except (yaml.YAMLError, UnicodeError):
        raise wrong(
            "The file holds characters that YAML does not allow.", where, "Save it as plain UTF-8 text."
        ) from None
    finally:
        if parser is not None:
            parser.dispose()


def documents(text: str, *, where: Where | None = None) -> list[Manifest]:
    """The Kubernetes objects of a manifest: empty documents skipped, lists (`kind: List`) expanded.

    Raises AuthorError (`yaml`, `not-an-object`).
    """
    place = where or Where("manifest")
    return [
        manifest
        for document in sources(text, where=place)
        if document.value is not None
        for manifest in _objects(document.value, document.at())
    ]


def documents_again(text: str) -> list[Manifest]:
    """The same, of a text that is read again and again, such as a deployed revision's manifest."""
    key = text_key("documents", text)
    kept: list[Manifest] | None = parsed.get(key)
    if kept is None:
        kept = documents(text)
        parsed.put(key, kept)
    return kept


def ref(
    manifest: Manifest, default_namespace: str, namespaced: Callable[[str, str], bool | None]
) -> ObjectRef:
    """Names the object. `namespaced(api_version, kind)` says the kind's scope; None where nobody knows it.

    An object of an unknown kind keeps the namespace that it names, and only that.
    """
    api_version, kind = str(manifest.get("apiVersion", "")), str(manifest.get("kind", ""))
    metadata = manifest.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    named = str(metadata.get("namespace") or "")
    match namespaced(api_version, kind):
        case True:
            namespace = named or default_namespace
        case False:
            namespace = ""
        case None:
            namespace = named
    return ObjectRef(api_version, kind, namespace, str(metadata.get("name") or ""))


def _objects(value: Any, where: Where, depth: int = 0) -> Iterator[Manifest]:
    if not isinstance(value, dict):
        raise AuthorError(
            "A Kubernetes object was expected here, with apiVersion, kind and metadata.",
            where=where,
            code="not-an-object",
        )
    missing = [key for key in ("apiVersion", "kind") if not isinstance(value.get(key), str)]
    if missing:
        raise AuthorError(
            f"A Kubernetes object without {' and '.join(missing)}.", where=where, code="not-an-object"
        )
    items = value.get("items")
    if value["kind"].endswith("List") and isinstance(items, list) and depth < 10:
        for item in items:
            yield from _objects(item, where, depth + 1)
    else:
        yield value


def _explained(error: yaml.MarkedYAMLError, text: str, where: Where) -> AuthorError:
    mark: Any = error.problem_mark or error.context_mark
    line = mark.line + 1 if mark else None
    rows = text.splitlines()
    row = rows[line - 1] if line and line <= len(rows) else ""
    if "\t" in row[: len(row) - len(row.lstrip())]:
        return wrong(
            "This line is indented with a tab; YAML wants spaces.",
            Where(where.file, line),
            "Replace the tabs at its beginning by spaces.",
        )
    return wrong(f"This is not YAML: {error.problem or 'it cannot be read'}.", Where(where.file, line))
