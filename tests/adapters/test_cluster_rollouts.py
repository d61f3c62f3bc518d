"""What is read besides an object that is not ready, and how little of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.adapters.cluster.rollouts import rollouts
from bot.core.errors import ClusterForbids
from bot.core.model import ObjectRef
from bot.core.question import Absent, Answer, Found, FoundAll, ListOf, NoSuchKind, Question, Read

REVISION = "deployment.kubernetes.io/revision"


@dataclass
class Asked:
    """Answers from manifests by (kind, name); what nobody may read is refused."""

    manifests: list[dict[str, Any]]
    forbidden: frozenset[str] = frozenset()
    questions: list[Question] = field(default_factory=list)

    async def __call__(self, questions: Sequence[Question]) -> list[Answer]:
        self.questions += questions
        return [self._answer(question) for question in questions]

    def _answer(self, question: Question) -> Answer:
        match question:
            case Read(ref) if ref.kind in self.forbidden:
                raise ClusterForbids(f"get {ref.kind}")
            case Read(ref):
                found = [
                    it
                    for it in self.manifests
                    if (it["kind"], it["metadata"]["name"]) == (ref.kind, ref.name)
                ]
                return Found(found[0]) if found else Absent()
            case ListOf(kind=kind) if kind in self.forbidden:
                raise ClusterForbids(f"list {kind}")
            case ListOf(kind=kind):
                return FoundAll(tuple(it for it in self.manifests if it["kind"] == kind))
            case _:
                return NoSuchKind()

    @property
    def lists(self) -> list[str]:
        return [it.kind for it in self.questions if isinstance(it, ListOf)]


def ref(api_version: str, kind: str, name: str) -> ObjectRef:
    return ObjectRef(api_version, kind, "shop", name)


def deployment(name: str, ready: int) -> dict[str, Any]:
    status = {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": name, "namespace": "shop", "uid": name, "generation": 1, "annotations": {REVISION: "1"},
        },
        "spec": {"replicas": 1},
        "status": {**status, "readyReplicas": ready, "availableReplicas": ready},
    }  # fmt: skip


def owned(kind: str, name: str, owner: str, **more: Any) -> dict[str, Any]:
    references = [{"uid": owner, "controller": True}]
    metadata = {"name": name, "uid": name, "ownerReferences": references, "annotations": {REVISION: "1"}}
    return {"kind": kind, "metadata": metadata, **more}


WAITS = {"waiting": {"reason": "ImagePullBackOff"}}
POD = owned("Pod", "web-1", "web-set", status={"containerStatuses": [{"name": "app", "state": WAITS}]})
CLAIM = {
    "apiVersion": "v1",
    "kind": "PersistentVolumeClaim",
    "metadata": {"name": "data", "namespace": "shop"},
    "spec": {"storageClassName": "late"},
    "status": {"phase": "Pending"},
}
LATE = {"kind": "StorageClass", "metadata": {"name": "late"}, "volumeBindingMode": "WaitForFirstConsumer"}
WEB, SEARCH = ref("apps/v1", "Deployment", "web"), ref("apps/v1", "Deployment", "search")
DATA = ref("v1", "PersistentVolumeClaim", "data")


async def test_nothing_more_is_read_of_what_is_ready() -> None:
    ask = Asked([deployment("web", 1)])
    assert [it.ready for it in await rollouts([WEB], ask)] == [True]
    assert len(ask.questions) == 1


async def test_pods_are_listed_once_for_all_that_waits_in_a_namespace() -> None:
    ask = Asked([deployment("web", 0), deployment("search", 0), owned("ReplicaSet", "web-set", "web"), POD])
    web, search = await rollouts([WEB, SEARCH], ask)
    assert web.failed
    assert web.message == ("0 of 1 pods are available (pod web-1, container app: ImagePullBackOff)")
    assert (search.ready, search.failed) == (False, False)
    assert ask.lists == ["Pod", "ReplicaSet"]


async def test_who_may_not_see_pods_waits() -> None:
    ask = Asked([deployment("web", 0), POD], frozenset({"Pod"}))
    [web] = await rollouts([WEB], ask)
    assert (web.ready, web.failed, web.message) == (False, False, "0 of 1 pods are available")


async def test_a_claim_of_a_class_that_binds_late_is_ready() -> None:
    [late] = await rollouts([DATA], Asked([CLAIM, LATE]))
    assert (late.ready, late.message) == (True, "is bound when its first pod is scheduled")
    [unknown] = await rollouts([DATA], Asked([CLAIM, LATE], frozenset({"StorageClass"})))
    assert not unknown.ready
    [without] = await rollouts([DATA], Asked([{**CLAIM, "spec": {}}]))
    assert not without.ready


async def test_what_is_not_there_waits() -> None:
    [gone] = await rollouts([WEB], Asked([]))
    assert (gone.ready, gone.failed) == (False, False)
