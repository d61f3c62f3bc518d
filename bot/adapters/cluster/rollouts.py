"""Whether objects have become what their specs say: what reading them alone does not tell.

For workloads that are not ready, their pods: one list of Pods and at most one of ReplicaSets in each
namespace. For claims that are not bound, their StorageClass. Who may not read these learns nothing from them.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

from bot.core.errors import ClusterForbids
from bot.core.model import Manifest, ObjectRef
from bot.core.question import Absent, Answer, Found, FoundAll, ListOf, Question, Read
from bot.core.verify.pods import Trouble, has_pods, pod_trouble, trouble
from bot.core.verify.rollout import RolloutState, claim_waits_for_its_pod, rollout_of

Ask = Callable[[Sequence[Question]], Awaitable[list[Answer]]]

_LATE = RolloutState(ready=True, failed=False, message="is bound when its first pod is scheduled")


async def rollouts(refs: Sequence[ObjectRef], ask: Ask) -> list[RolloutState]:
    """The state of each object, in order."""
    answers = await ask([Read(ref) for ref in refs])
    states = [_alone(answer) for answer in answers]
    waiting = {
        index: answer.manifest
        for index, (answer, state) in enumerate(zip(answers, states, strict=True))
        if isinstance(answer, Found) and not state.ready and not state.failed
    }
    classes = await _classes(waiting.values(), ask)
    around = await _around(waiting.values(), ask)
    for index, manifest in waiting.items():
        states[index] = _with_others(manifest, states[index], classes, around)
    return states


def _alone(answer: Answer) -> RolloutState:
    match answer:
        case Found(manifest):
            return rollout_of(manifest)
        case Absent():
            return RolloutState(ready=False, failed=False, message="is not there")
        case _:
            return RolloutState(ready=False, failed=True, message="its API is not served")


def _with_others(
    manifest: Manifest,
    state: RolloutState,
    classes: Mapping[str, Manifest],
    around: Mapping[tuple[str, str], Sequence[Manifest]],
) -> RolloutState:
    namespace = str(manifest["metadata"].get("namespace", ""))
    found: Trouble | None = None
    if manifest.get("kind") == "PersistentVolumeClaim":
        storage = classes.get(_class_of(manifest), {})
        return _LATE if claim_waits_for_its_pod(manifest, storage) else state
    if manifest.get("kind") == "Pod":
        found = pod_trouble(manifest)
    elif has_pods(manifest):
        sets, pods = around.get((namespace, "ReplicaSet"), ()), around.get((namespace, "Pod"), ())
        found = trouble(manifest, sets, pods)
    if found is None:
        return state
    return RolloutState(ready=False, failed=found.hopeless, message=f"{state.message} ({found.message})")


async def _classes(manifests: Iterable[Manifest], ask: Ask) -> dict[str, Manifest]:
    names = {_class_of(one) for one in manifests if one.get("kind") == "PersistentVolumeClaim"} - {""}
    reads = [Read(ObjectRef("storage.k8s.io/v1", "StorageClass", "", name)) for name in sorted(names)]
    try:
        answers = await ask(reads) if reads else []
    except ClusterForbids:
        return {}
    found = [answer.manifest for answer in answers if isinstance(answer, Found)]
    return {str(one["metadata"]["name"]): one for one in found}


async def _around(manifests: Iterable[Manifest], ask: Ask) -> dict[tuple[str, str], Sequence[Manifest]]:
    """Pods, and ReplicaSets where a Deployment waits, by namespace and kind."""
    wanted: dict[tuple[str, str], ListOf] = {}
    for manifest in manifests:
        if has_pods(manifest):
            namespace = str(manifest["metadata"].get("namespace", ""))
            wanted[namespace, "Pod"] = ListOf("v1", "Pod", namespace)
            if manifest["kind"] == "Deployment":
                wanted[namespace, "ReplicaSet"] = ListOf("apps/v1", "ReplicaSet", namespace)
    try:
        answers = await ask(list(wanted.values())) if wanted else []
    except ClusterForbids:
        return {}
    pairs = zip(wanted, answers, strict=True)
    return {key: answer.manifests for key, answer in pairs if isinstance(answer, FoundAll)}


def _class_of(claim: Manifest) -> str:
    return str((claim.get("spec") or {}).get("storageClassName") or "")
