"""What Helm makes of rendered templates: documents, hooks apart, in the order of an install.

The rules are Helm's own: how a template's text falls into documents, which of them are hooks, which it drops
silently, and the order of both (pkg/release/v1/util and pkg/action/hooks.go of Helm 4).
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from bot.core.errors import AuthorError, Where
from bot.core.manifest import sources
from bot.core.model import Finding, Level, Manifest, ObjectRef
from bot.core.release import Hook, Rendered

INSTALL_ORDER = (
    "PriorityClass", "Namespace", "NetworkPolicy", "ResourceQuota", "LimitRange", "PodSecurityPolicy",
    "PodDisruptionBudget", "ServiceAccount", "Secret", "SecretList", "ConfigMap", "StorageClass",
    "PersistentVolume", "PersistentVolumeClaim", "CustomResourceDefinition", "ClusterRole", "ClusterRoleList",
    "ClusterRoleBinding", "ClusterRoleBindingList", "Role", "RoleList", "RoleBinding", "RoleBindingList",
    "Service", "DaemonSet", "Pod", "ReplicationController", "ReplicaSet", "Deployment",
    "HorizontalPodAutoscaler", "StatefulSet", "Job", "CronJob", "IngressClass", "Ingress", "APIService",
    "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration",
)  # fmt: skip
"""Kinds in the order in which Helm creates them; others follow, by name of the kind."""

EVENTS = frozenset(
    f"{when}-{what}" for when in ("pre", "post") for what in ("install", "upgrade", "delete", "rollback")
) | {"test"}
"""The events a hook may name. `test-success`, of Helm 2, counts as `test`."""

_RANK = {kind: rank for rank, kind in enumerate(INSTALL_ORDER)}
_SPACE = " \t\n\f\r"
_SEPARATOR = re.compile(rf"(?:\A|[{_SPACE}]*\n)---[{_SPACE}]*")
_INTEGER = re.compile(r"[+-]?[0-9]+", re.ASCII)
_HOOK, _WEIGHT, _POLICY = "helm.sh/hook", "helm.sh/hook-weight", "helm.sh/hook-delete-policy"


@dataclass(frozen=True, slots=True)
class ChartHead:
    """What Chart.yaml says of the chart itself."""

    name: str
    version: str
    app_version: str = ""


@dataclass(frozen=True, slots=True)
class _Document:
    path: str
    manifest: Manifest
    annotations: Mapping[str, str]

    @property
    def kind(self) -> str:
        return _scalar(self.manifest["kind"]) or ""


def arrange(
    chart: ChartHead, templates: Iterable[tuple[str, str]], crds: Iterable[tuple[str, str]] = ()
) -> Rendered:
    """The rendering of a chart: `templates` are (path, one document's text), as `split` gives them, by path.

    `crds` are (path, whole text) of crds/ directories, in Helm's order. Raises AuthorError `render-failed`,
    naming the template, for text that is not YAML or not an object.
    """
    documents = [found for path, text in templates if is_manifest(path) for found in _documents(path, text)]
    documents.sort(key=lambda document: _order(document.kind))
    objects = tuple(
        item
        for document in documents
        if _HOOK not in document.annotations
        for item in _flat(document.path, document.manifest)
    )
    hooks, dropped = _hooks(document for document in documents if _HOOK in document.annotations)
    return Rendered(
        chart_name=chart.name,
        chart_version=chart.version,
        app_version=chart.app_version,
        objects=objects,
        hooks=hooks,
        crds=_crds(tuple(crds)),
        findings=(*dropped, *_twice(objects)),
    )


def split(templates: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The documents of rendered templates (path -> text), as Helm cuts them: by path, then as they stand.

    Text such as `---apiVersion: v1` starts one, too.
    """
    for path in sorted(templates):
        for part in _SEPARATOR.split(templates[path].lstrip()):
            if part.strip():
                yield path, part.lstrip()


@lru_cache(maxsize=1)  # a chart is rendered twice, and its CRDs may be most of it
def _crds(files: tuple[tuple[str, str], ...]) -> tuple[Manifest, ...]:
    return tuple(
        manifest
        for path, text in files
        for _, part in split({path: text})
        for document in _documents(path, part)
        for manifest in _flat(path, document.manifest)
    )


def is_manifest(path: str) -> bool:
    """Whether Helm takes what this template renders for objects: not partials, and not the notes."""
    name = path.rpartition("/")[2]
    return not name.startswith("_") and not path.endswith("NOTES.txt")


def _documents(path: str, text: str) -> Iterator[_Document]:
    try:
        # Helm writes a line break behind each document; the last line of a block scalar lives by it.
        for document in sources(text + "\n", where=Where(path)):
            if document.value is not None:
                yield _document(path, document.value)
    except AuthorError as error:
        if error.code == "render-failed":
            raise
        raise _unreadable(path, error.what, error.where) from error


def _document(path: str, value: Any) -> _Document:
    if not isinstance(value, dict):
        raise _unreadable(path, f"a Kubernetes object has to be a mapping, this is a {_word(value)}")
    if not _scalar(value.get("kind")):
        raise _unreadable(path, "an object without kind")
    if not _scalar(value.get("apiVersion")):
        raise _unreadable(path, f"an object of kind {value['kind']} without apiVersion")
    metadata = value.get("metadata")
    if metadata is not None and not isinstance(metadata, dict):
        raise _unreadable(path, f"metadata has to be a mapping, this is a {_word(metadata)}")
    annotations = (metadata or {}).get("annotations")
    if annotations is not None and not isinstance(annotations, dict):
        raise _unreadable(path, f"metadata.annotations has to be a mapping, this is a {_word(annotations)}")
    read = {key: _scalar(entry) for key, entry in (annotations or {}).items()}
    for key, entry in read.items():
        if entry is None:
            raise _unreadable(path, f"the annotation {key} has to be a string")
    return _Document(path, value, {key: entry for key, entry in read.items() if entry is not None})


def _flat(path: str, manifest: Manifest) -> Iterator[Manifest]:
    """The objects of a list one by one: what has `items` is one to the client, if its kind says so."""
    items = manifest.get("items")
    if not (isinstance(items, list) and str(manifest.get("kind", "")).endswith("List")):
        yield manifest
        return
    for item in items:
        yield from _flat(path, _document(path, item).manifest)


def _hooks(documents: Iterable[_Document]) -> tuple[tuple[Hook, ...], tuple[Finding, ...]]:
    found: list[tuple[int, str, Hook]] = []
    dropped: list[Finding] = []
    for document in documents:
        words = [word.strip().lower() for word in document.annotations[_HOOK].split(",")]
        events = tuple("test" if word == "test-success" else word for word in words)
        if not EVENTS.issuperset(events):
            dropped.append(_unknown_event(document))
            continue
        weight = _weight(document.annotations.get(_WEIGHT, ""))
        for manifest in _flat(document.path, document.manifest):
            hook = Hook(manifest, events, weight, _policies(document))
            found.append((weight, _name(document.manifest), hook))
    found.sort(key=lambda entry: entry[:2])
    return tuple(hook for _, _, hook in found), tuple(dropped)


def _policies(document: _Document) -> tuple[str, ...]:
    """Helm fills in its default when it runs the hook, where the annotation is missing."""
    if _POLICY not in document.annotations:
        return ("before-hook-creation",)
    return tuple(word.strip().lower() for word in document.annotations[_POLICY].split(","))


def _weight(text: str) -> int:
    weight = int(text) if _INTEGER.fullmatch(text) else 0
    return weight if -(2**63) <= weight < 2**63 else 0


def _order(kind: str) -> tuple[int, str]:
    rank = _RANK.get(kind)
    return (len(_RANK), kind) if rank is None else (rank, "")


def _name(manifest: Manifest) -> str:
    return _scalar((manifest.get("metadata") or {}).get("name")) or ""


def _ref(manifest: Manifest) -> ObjectRef:
    metadata = manifest.get("metadata") or {}
    namespace = _scalar(metadata.get("namespace")) or ""
    return ObjectRef(str(manifest["apiVersion"]), str(manifest["kind"]), namespace, _name(manifest))


def _scalar(value: Any) -> str | None:
    """A scalar as the string that Helm reads where it wants one; None for a mapping or a list."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case str() | int() | float():
            return str(value)
        case _:
            return None


def _word(value: Any) -> str:
    return {list: "list", dict: "mapping", str: "string", bool: "boolean"}.get(type(value), "number")


def _unreadable(path: str, detail: str, where: Where | None = None) -> AuthorError:
    place = f"line {where.line} of the document" if where and where.line else "the document"
    return AuthorError(
        f"YAML parse error: {detail.rstrip('.')}.",
        where=Where(path),
        fix=f"Look at {place} that this template renders.",
        code="render-failed",
    )


def _unknown_event(document: _Document) -> Finding:
    return Finding(
        Level.WARNING,
        "unknown-hook",
        f"Helm drops this object: helm.sh/hook names no event it knows ({document.annotations[_HOOK]}).",
        fix=f"Correct the annotation in {document.path}; events are {', '.join(sorted(EVENTS))}.",
        object=_ref(document.manifest),
    )


def _twice(objects: Sequence[Manifest]) -> Iterator[Finding]:
    counts = Counter(ref for manifest in objects if (ref := _ref(manifest)).name)
    for ref, count in counts.items():
        if count > 1:
            yield Finding(
                Level.WARNING,
                "duplicate-object",
                f"The chart renders this object {count} times; the last one wins.",
                fix="Render it once.",
                object=ref,
            )
