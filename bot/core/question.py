"""What a rehearsal asks of an API server, and what it may be told.

A rehearsal (core/rehearsal/operation.py) yields batches of questions and is sent one answer per question, in
order. No question ever changes the cluster: an apply, a create and a delete are dry runs.
"""

from dataclasses import dataclass
from typing import Any, TypeAlias

from bot.core.model import Manifest, ObjectRef


@dataclass(frozen=True, slots=True)
class Read:
    """What stands there now?"""

    ref: ObjectRef


@dataclass(frozen=True, slots=True)
class Apply:
    """What would a server-side apply of this make? Field manager `helm`, field validation Strict.

    `advisory`: the plan can be made without the answer. Where the API server does not give it, however long
    it is waited for (it takes some CRDs apart for longer than a request may last), it is Refused with
    UNANSWERED, and the cluster does not count as unreachable.
    """

    manifest: Manifest
    force: bool = False
    advisory: bool = False


@dataclass(frozen=True, slots=True)
class Create:
    """Would a plain creation (POST) of this be admitted?"""

    manifest: Manifest


@dataclass(frozen=True, slots=True)
class Patch:
    """What would this patch make? `content_type` as Helm's client-side path sends it (strategic or merge)."""

    ref: ObjectRef
    content_type: str
    body: Any


@dataclass(frozen=True, slots=True)
class Delete:
    """Would this deletion be admitted?"""

    ref: ObjectRef


@dataclass(frozen=True, slots=True)
class ListOf:
    """Every object of one kind; `namespace` empty means all of them. For cascades."""

    api_version: str
    kind: str
    namespace: str = ""


Question: TypeAlias = Read | Apply | Create | Patch | Delete | ListOf


@dataclass(frozen=True, slots=True)
class Found:
    """The object as the API server has it, or as it would be. `warnings` are its Warning headers."""

    manifest: Manifest
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FoundAll:
    """The answer to ListOf."""

    manifests: tuple[Manifest, ...]


@dataclass(frozen=True, slots=True)
class Absent:
    """No such object (404 on the object itself)."""


@dataclass(frozen=True, slots=True)
class NoSuchKind:
    """The API server does not serve this apiVersion and kind."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The API server would refuse: its HTTP status, its reason word, its message, and the causes it names.

    A cause is (field path, reason word, message). Messages may quote values: mask them before showing.
    """

    status: int
    reason: str
    message: str
    causes: tuple[tuple[str, str, str], ...] = ()


UNANSWERED = 504
"""The status of an advisory question that the API server did not answer."""

Answer: TypeAlias = Found | FoundAll | Absent | NoSuchKind | Refused
