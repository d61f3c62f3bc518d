"""What a release may see of a cluster by `lookup` where it may see its own objects only."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from bot.core.manifest import documents, ref
from bot.core.model import DesiredRelease, Finding, Level, Manifest, ObjectRef
from bot.core.objects import RELEASE_NAME, annotations_of, missing_marks
from bot.core.release import LiveRelease

HOOK = "helm.sh/hook"
MOST_NAMED = 10
Identity = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class Belongings:
    """What the revision that Helm starts from holds: its objects, and its hooks with their hook annotation.

    `installs` where there is no such revision: what an earlier release of this name left behind, with all of
    Helm's marks on it, is then all that can belong to it.
    """

    release: str
    namespace: str
    objects: Mapping[Identity, ObjectRef] = field(default_factory=dict)
    hooks: Mapping[Identity, str] = field(default_factory=dict)
    installs: bool = False

    def of_kind(self, api_version: str, kind: str, namespace: str) -> list[ObjectRef]:
        """Those of a kind, sorted; `namespace` empty means all of them."""
        group = ObjectRef(api_version, kind, "", "").group
        return sorted(
            ObjectRef(api_version, kind, one.namespace, one.name)
            for one in self.objects.values()
            if (one.group, one.kind) == (group, kind) and namespace in ("", one.namespace)
        )

    def may_hold(self, one: ObjectRef) -> bool:
        """Whether it is worth a look."""
        return self.installs or one.identity in self.objects

    def holds(self, one: ObjectRef, live: Manifest) -> bool:
        """Whether this object, as it stands, is the release's own.

        Helm marks objects, not hooks: of a hook its annotation tells, unless another release has marked it.
        """
        if not missing_marks(live, self.release, self.namespace):
            return self.may_hold(one)
        marks = annotations_of(live)
        hook = self.hooks.get(one.identity)
        return hook is not None and RELEASE_NAME not in marks and marks.get(HOOK) == hook


def belongings(
    desired: DesiredRelease, live: LiveRelease | None, scopes: Mapping[tuple[str, str], bool]
) -> Belongings:
    """Raises AuthorError where the stored manifest cannot be read."""
    if live is None or live.newest.status == "uninstalled":
        return Belongings(desired.name, desired.namespace, installs=True)

    def named(manifest: Manifest) -> ObjectRef:
        return ref(manifest, desired.namespace, lambda api_version, kind: scopes.get((api_version, kind)))

    base = live.base
    hooks = {named(hook.manifest): str(annotations_of(hook.manifest).get(HOOK)) for hook in base.hooks}
    objects = [*map(named, documents(base.manifest)), *hooks]
    return Belongings(
        desired.name,
        desired.namespace,
        objects={one.identity: one for one in objects},
        hooks={one.identity: words for one, words in hooks.items()},
    )


def always_shown(one: ObjectRef) -> bool:
    """Namespaces and CRDs hold no secrets, and charts ask for them to know where they are."""
    return (one.group, one.kind) in {("", "Namespace"), ("apiextensions.k8s.io", "CustomResourceDefinition")}


def refused(questions: Collection[ObjectRef], withheld: int, policy: str) -> tuple[Finding, ...]:
    """What to say about questions that were answered as if nothing were there; without a name: lists.

    `withheld` more have words in them that may come out of a Secret.
    """
    said = [_words(one) for one in sorted(questions)[:MOST_NAMED]]
    more = len(questions) - len(said) + withheld
    said += [f"{more} more"] if more else []
    if not said:
        return ()
    return (
        Finding(
            Level.WARNING,
            "lookup-refused",
            f"The chart asks the cluster by `lookup` for {', '.join(said)}. The policy of this target "
            f"(lookup: {policy}) leaves that unanswered: it is planned as if nothing were there. Helm asks "
            "with the deployer's rights, so the deploy may come out otherwise.",
            "Take the lookup out, or set `lookup: all` for this target if everybody who can write a merge "
            "request may know what the planning identity can read.",
        ),
    )


def _words(one: ObjectRef) -> str:
    if one.name:
        return str(one)
    return f"all of kind {one.kind}" + (f" in namespace {one.namespace}" if one.namespace else "")
