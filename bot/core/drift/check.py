"""What a cluster has that a deployed revision does not say, for releases that nothing is planned for.

A plan looks at the objects of what it changes. Here the manifest of a revision that is as Git wants it is
held against the live objects, without a dry run.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from bot.core.diff import comparable
from bot.core.drift.fields import as_kept, drifted
from bot.core.manifest import documents, ref
from bot.core.model import DesiredRelease, Manifest
from bot.core.objects import owned_by
from bot.core.planned import Change, Drift, ReleasePlan
from bot.core.redact.masking import Masker
from bot.core.rehearsal.case import Identity, Piece, Scopes, last_of_each
from bot.core.rehearsal.drift import change_of
from bot.core.rehearsal.survey import HELM_SERVER_SIDE
from bot.core.release import StoredRelease

DriftKind: TypeAlias = Literal["pending", "failed", "missing", "differs", "stays", "changed", "unlisted"]
KINDS: tuple[DriftKind, ...] = ("pending", "failed", "missing", "differs", "stays", "changed", "unlisted")
"""Worst first. `missing`: Git has it and the cluster does not; `stays`: the other way round, by
`installed: false`; `differs`: Git wants another chart, values or manifest; `changed`: by hand; `unlisted`:
we deployed it, and the files do not name it."""


@dataclass(frozen=True, slots=True)
class ReleaseDrift:
    """One release that is not as Git says. `plan` is what a deploy would do, where it would do anything.

    `revision` is Helm's newest one. `drifts` are changes by hand since it was deployed.
    """

    name: str
    namespace: str
    kind: DriftKind
    revision: int | None = None
    status: str = ""
    drifts: tuple[Drift, ...] = ()
    plan: ReleasePlan | None = None

    @property
    def key(self) -> str:
        """`namespace/name`."""
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class Unread:
    """A release that could not be compared, and why: plain text, masked."""

    key: str
    why: str


@dataclass(frozen=True, slots=True)
class DriftReport:
    """A target against a commit of its branch.

    `releases` are worst first; `looked_at` is how many were compared.
    """

    target: str
    head: str
    releases: tuple[ReleaseDrift, ...] = ()
    unread: tuple[Unread, ...] = ()
    looked_at: int = 0

    @property
    def quiet(self) -> bool:
        """Whether everything was compared and is as Git says."""
        return not self.releases and not self.unread


def worst_first(releases: Sequence[ReleaseDrift]) -> tuple[ReleaseDrift, ...]:
    """By kind, then by namespace and name."""
    return tuple(sorted(releases, key=lambda one: (KINDS.index(one.kind), one.key)))


def pieces_deployed(stored: StoredRelease, scopes: Scopes) -> tuple[Piece, ...]:
    """The objects of a revision with their names. Raises AuthorError for a manifest that cannot be read."""

    def scope(api_version: str, kind: str) -> bool | None:
        return scopes.get((api_version, kind))

    manifests = documents(stored.manifest)
    return last_of_each([Piece(ref(one, stored.namespace, scope), one) for one in manifests])


def by_hand(
    desired: DesiredRelease,
    stored: StoredRelease,
    pieces: Sequence[Piece],
    live: Mapping[Identity, Manifest],
    masker: Masker,
) -> tuple[Drift, ...]:
    """What was changed since `stored` was deployed, masked. `live` holds the objects that exist.

    A field that is gone from a client-side release is not told: its creation drops unknown fields silently.
    """
    masker.value(dict(desired.values))
    for manifest in (*(piece.manifest for piece in pieces), *live.values()):
        if manifest.get("kind") == "Secret":
            masker.learn(manifest)
    client_side = stored.apply_method != HELM_SERVER_SIDE
    found: list[Drift] = []
    for piece in pieces:
        stands = live.get(piece.ref.identity)
        if stands is None:
            found.append(Drift(stored.name, piece.ref, (Change("", "remove"),)))
        else:
            found += _of_object(stored, piece, stands, masker, client_side=client_side)
    return tuple(found)


def _of_object(
    stored: StoredRelease, piece: Piece, live: Manifest, masker: Masker, *, client_side: bool
) -> list[Drift]:
    base = as_kept(owned_by(piece.manifest, stored.name, stored.namespace))
    fields = drifted(base, live)
    if not fields:
        return []
    was, now = masker.pair(base, comparable(live))
    grouped: dict[tuple[tuple[str, ...], str], list[Change]] = {}
    for one in fields:
        if one.gone and client_side:
            continue
        change = change_of(one, was or {}, now or {})
        if change is not None:
            grouped.setdefault((one.managers, one.time), []).append(change)
    return [
        Drift(stored.name, piece.ref, tuple(changes), managers, time)
        for (managers, time), changes in grouped.items()
    ]
