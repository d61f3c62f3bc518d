"""A rehearsal's API server in a few lines: objects by name, applies that merge, refusals as told."""

import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.core.model import ChartInCheckout, DesiredRelease, Manifest, ObjectRef
from bot.core.objects import owned_by
from bot.core.planned import ReleasePlan
from bot.core.question import (
    Absent,
    Answer,
    Apply,
    Create,
    Delete,
    Found,
    FoundAll,
    ListOf,
    NoSuchKind,
    Patch,
    Question,
    Read,
    Refused,
)
from bot.core.redact.masking import Masker
from bot.core.rehearsal.operation import Case, Overlay, rehearse
from bot.core.release import Hook, LiveRelease, LocalChart, Rendered, StoredRelease

SCOPES = {
    ("v1", "ConfigMap"): True,
    ("v1", "Secret"): True,
    ("v1", "Service"): True,
    ("v1", "Namespace"): False,
    ("v1", "PersistentVolumeClaim"): True,
    ("apps/v1", "Deployment"): True,
    ("apps/v1", "StatefulSet"): True,
    ("apiextensions.k8s.io/v1", "CustomResourceDefinition"): False,
    ("rbac.authorization.k8s.io/v1", "ClusterRole"): False,
}


def config(name: str = "web", data: Mapping[str, str] | None = None, **metadata: Any) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, **metadata},
        "data": dict(data or {"a": "1"}),
    }


def standing(manifest: Manifest, namespace: str = "web", release: str = "app") -> Manifest:
    """The object as the API server has it, owned by the release."""
    made = owned_by(manifest, release, namespace)
    made["metadata"] |= {"namespace": namespace, "uid": "u", "resourceVersion": "1", "managedFields": []}
    return made


def rendered(*objects: Manifest, hooks: tuple[Hook, ...] = (), crds: tuple[Manifest, ...] = ()) -> Rendered:
    return Rendered("chart", "1.1.0", "", objects, hooks, crds)


def stored(*objects: Manifest, revision: int = 1, status: str = "deployed", **more: Any) -> StoredRelease:
    facts: dict[str, Any] = {
        "chart_name": "chart",
        "chart_version": "1.0.0",
        "app_version": "",
        "values": {},
        "apply_method": "ssa",
        "manifest": "\n---\n".join(json.dumps(one) for one in objects),
        **more,
    }
    return StoredRelease("app", "web", revision, status, **facts)


def live(*objects: Manifest, **more: Any) -> LiveRelease:
    base = stored(*objects, **more)
    return LiveRelease(base, base)


def case(
    new: Rendered | None, before: LiveRelease | None = None, again: Rendered | None = None, **more: Any
) -> Case:
    options = {"create_namespace": False, "installed": new is not None, **more}
    overlay = options.pop("overlay", Overlay())
    return Case(
        desired=DesiredRelease("app", "web", ChartInCheckout("chart"), options.pop("values", {}), **options),
        rendered=new,
        live=before,
        scopes=SCOPES,
        masker=Masker(b"key"),
        again=again,
        overlay=overlay,
        chart=LocalChart("/charts/chart", "sha256:chart", "chart", "1.1.0"),
    )


@dataclass
class Server:
    """Answers questions. `refuses` maps kind/name to what an apply, creation, patch or deletion is told."""

    objects: list[Manifest] = field(default_factory=list)
    refuses: Mapping[str, Refused] = field(default_factory=dict)
    asked: list[Question] = field(default_factory=list)
    kinds: Mapping[tuple[str, str], bool] = field(default_factory=lambda: SCOPES)

    def run(self, case: Case) -> ReleasePlan:
        rehearsal = rehearse(case)
        try:
            questions = next(rehearsal)
            while True:
                questions = rehearsal.send([self.answer(question) for question in questions])
        except StopIteration as end:
            plan: ReleasePlan = end.value
            return plan

    def answer(self, question: Question) -> Answer:
        self.asked.append(question)
        match question:
            case Read(ref):
                found = self._find(ref.kind, ref.namespace, ref.name)
                return Found(found) if found else Absent()
            case Delete(ref):
                return self.refuses.get(f"{ref.kind}/{ref.name}") or Absent()
            case ListOf(_, kind, namespace):
                found_all = [o for o in self.objects if o["kind"] == kind and _place(o) in (namespace, "")]
                return FoundAll(tuple(found_all))
            case Apply(manifest, force):
                return self._write(manifest, force=force)
            case Create(manifest):
                return self._write(manifest, force=False)
            case Patch(ref, _, body):
                found = self._find(ref.kind, ref.namespace, ref.name)
                return Found(_merged(found or {}, body))
        raise AssertionError(question)

    def _write(self, manifest: Manifest, *, force: bool) -> Answer:
        name, kind = manifest["metadata"]["name"], manifest["kind"]
        if (manifest["apiVersion"], kind) not in self.kinds:
            return NoSuchKind()
        refused = self.refuses.get(f"{kind}/{name}")
        if refused and not (force and refused.status == 409):
            return refused
        return Found(_merged(self._find(kind, _place(manifest), name) or {}, manifest))

    def _find(self, kind: str, namespace: str, name: str) -> Manifest | None:
        names = (kind, namespace, name)
        return next((o for o in self.objects if (o["kind"], _place(o), o["metadata"]["name"]) == names), None)


def namespace(name: str = "web") -> Manifest:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def refs(plan: ReleasePlan) -> dict[str, str]:
    """Kind/name -> action."""
    return {f"{one.ref.kind}/{one.ref.name}": one.action for one in plan.objects}


def codes(plan: ReleasePlan) -> set[str]:
    return {finding.code for finding in plan.findings}


def ref(manifest: Manifest, place: str = "web") -> ObjectRef:
    return ObjectRef(manifest["apiVersion"], manifest["kind"], place, manifest["metadata"]["name"])


def _place(manifest: Manifest) -> str:
    return str(manifest["metadata"].get("namespace", ""))


def _merged(one: Any, other: Any) -> Any:
    if isinstance(one, dict) and isinstance(other, dict):
        keys = [*one, *(key for key in other if key not in one)]
        return {k: _merged(one.get(k), other[k]) if k in other else copy.deepcopy(one[k]) for k in keys}
    return copy.deepcopy(other)
