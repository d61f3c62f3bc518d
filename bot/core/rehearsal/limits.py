"""Limits that no single dry run shows: several creations against one quota, the size of Helm's own record."""

import zlib
from collections import Counter
from typing import Any

from bot.core.model import Finding, Level, Manifest
from bot.core.objects import canonical, metadata_of
from bot.core.planned import ObjectPlan
from bot.core.question import FoundAll, ListOf, Question
from bot.core.rehearsal.asking import Asking
from bot.core.rehearsal.case import Case, Outcome, Stage

RECORD_LIMIT = 1_048_576
"""Bytes that a Secret may hold (Kubernetes' MaxSecretSize); Helm keeps each revision in one."""

_QUOTA = ("v1", "ResourceQuota")
_OLD_NAMES = frozenset(
    {
        "configmaps",
        "persistentvolumeclaims",
        "pods",
        "replicationcontrollers",
        "resourcequotas",
        "secrets",
        "services",
    }
)
"""Resources of the core group that a quota may name without `count/`."""


def rehearse_quotas(stage: Stage, outcomes: list[Outcome]) -> Asking[Outcome]:
    """Adds up what is created in each namespace, against what its quotas have left.

    Deletions come last in Helm's order and free nothing in time. Helm's own record counts as a Secret.
    """
    created: dict[str, Counter[str]] = {}
    for plan in (plan for outcome in outcomes for plan in outcome.plans):
        if plan.action == "create" and plan.ref.namespace and plan.ref.namespace not in stage.absent:
            created.setdefault(plan.ref.namespace, Counter()).update(_names(plan))
    own = created.get(stage.case.desired.namespace)
    if own is not None:
        own.update(("secrets", "count/secrets"))
    places = [name for name in sorted(created) if max(created[name].values()) > 1]
    if not places or _QUOTA not in stage.case.scopes:
        return Outcome()
    answers = yield list[Question](ListOf(*_QUOTA, name) for name in places)
    found = [
        finding
        for name, answer in zip(places, answers, strict=True)
        if isinstance(answer, FoundAll)
        for quota in answer.manifests
        for finding in _over(name, quota, created[name])
    ]
    return Outcome((), tuple(found))


def _names(plan: ObjectPlan) -> list[str]:
    """The names by which a quota may count the object."""
    plural = _plural(plan.ref.kind)
    names = [f"count/{plural}" + (f".{plan.ref.group}" if plan.ref.group else "")]
    if not plan.ref.group and plural in _OLD_NAMES:
        names.append(plural)
    spec = (plan.after or {}).get("spec")
    if plan.ref.kind == "Service" and isinstance(spec, dict):
        names += {"LoadBalancer": ["services.loadbalancers"], "NodePort": ["services.nodeports"]}.get(
            str(spec.get("type")), []
        )
    return names


def _plural(kind: str) -> str:
    name = kind.lower()
    if name.endswith(("s", "x", "ch")):
        return name + "es"
    return name[:-1] + "ies" if name.endswith("y") else name + "s"


def _over(namespace: str, quota: Manifest, created: Counter[str]) -> list[Finding]:
    status = quota.get("status")
    hard, used = _counts(status, "hard"), _counts(status, "used")
    name = metadata_of(quota).get("name")
    return [
        Finding(
            Level.ERROR,
            "quota",
            f"Namespace {namespace}: quota {name} allows {hard[what]} {what}, {used.get(what, 0)} are used, "
            f"and {created[what]} would be created.",
            "Raise the ResourceQuota first, or create less.",
        )
        for what in sorted(hard)
        if created[what] > 1 and used.get(what, 0) + created[what] > hard[what]
    ]


def _counts(status: Any, field: str) -> dict[str, int]:
    values = status.get(field) if isinstance(status, dict) else None
    items = values.items() if isinstance(values, dict) else ()
    return {str(key): int(str(value)) for key, value in items if str(value).isdigit()}


def record_size(case: Case) -> Outcome:
    """Whether the new revision fits into Helm's record, as far as can be told short of the chart itself."""
    rendered = case.rendered
    if rendered is None:
        return Outcome()
    hooks = [hook.manifest for hook in rendered.hooks]
    said = [rendered.objects, hooks, case.desired.values]
    text = canonical(said).encode(errors="surrogatepass")
    if len(text) < RECORD_LIMIT // 2:
        return Outcome()
    if len(zlib.compress(text, 1)) * 4 // 3 < RECORD_LIMIT // 2:
        return Outcome()  # far from the limit, by the quickest way to tell
    size = len(zlib.compress(text, 9)) * 4 // 3
    if size > RECORD_LIMIT:
        found = Finding(
            Level.ERROR,
            "release-too-large",
            f"Helm's record of {case.desired.key} would have {size:,} bytes or more, and a Secret holds "
            f"{RECORD_LIMIT:,}: Helm cannot store the revision.",
            "Take large files out of values and templates, or split the chart.",
        )
        return Outcome((), (found,))
    return Outcome()
