"""What an API server knows of workloads that do not come up: states, pods, warnings, ends of logs.

One look costs at most 20 reads of objects, two lists for each of four workloads, one list of events in each
of two namespaces and two logs. No answer may be larger than 2 MiB, and nothing is waited for beyond 20 s.
"""

import asyncio
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from bot.adapters.cluster.access import client_for
from bot.adapters.cluster.wire import Call, Reply, Wire
from bot.core.errors import AuthorError, ClusterForbids, ClusterUnreachable
from bot.core.model import Manifest, ObjectRef, Target
from bot.core.objects import mappings
from bot.core.verify.pod_states import ContainerState, container_states
from bot.core.verify.pods import has_pods, newest_pods
from bot.core.verify.rollout import rollout_of
from bot.core.verify.symptoms import Log, Sighting, Workload
from bot.core.verify.symptoms_events import about_any

SECONDS = 20.0
_SECONDS_PER_REQUEST = 5.0
_OBJECTS, _WORKLOADS, _NAMESPACES, _LOGS = 20, 4, 2, 2
_PODS, _EVENTS, _BYTES = 30, 500, 2 * 1024 * 1024
# More than is shown: a secret of many lines is known by the whole of it.
_LOG_LINES, _LOG_BYTES = 100, 64 * 1024
_PLURALS = {
    ("apps", "Deployment"): "deployments",
    ("apps", "StatefulSet"): "statefulsets",
    ("apps", "DaemonSet"): "daemonsets",
    ("apps", "ReplicaSet"): "replicasets",
    ("batch", "Job"): "jobs",
    ("", "Pod"): "pods",
    ("", "PersistentVolumeClaim"): "persistentvolumeclaims",
}


class ApiWitness:
    """The port Witness over API servers. `environment` is where KUBECONFIG is looked up."""

    def __init__(self, environment: Mapping[str, str] = os.environ, *, seconds: float = SECONDS) -> None:
        self._environment = environment
        self._seconds = seconds

    async def look(self, target: Target, refs: Sequence[ObjectRef]) -> Sighting:
        """As the port says."""
        try:
            client = await client_for(target, self._environment)
        except AuthorError as error:
            return Sighting(datetime.now(UTC), unread=(error.what,))
        wire = Wire(client, seconds=_SECONDS_PER_REQUEST, requests=Counter())
        looking = _Looking(wire)
        try:
            async with asyncio.timeout(self._seconds):
                await looking.at(refs)
        except TimeoutError:
            looking.unread.append(f"The API server was asked for {self._seconds:.0f} seconds, and no longer.")
        except (ClusterUnreachable, ClusterForbids) as error:
            looking.unread.append(error.what)
        finally:
            await wire.close()
        return looking.sighting


class _Looking:
    """One look; what it has found stays when it is cut short."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._workloads: list[Workload] = []
        self._events: list[Manifest] = []
        self._logs: list[Log] = []
        self.unread: list[str] = []

    @property
    def sighting(self) -> Sighting:
        """What was found so far."""
        return Sighting(
            datetime.now(UTC),
            tuple(self._workloads),
            tuple(self._events),
            tuple(self._logs),
            tuple(dict.fromkeys(self.unread)),
        )

    async def at(self, refs: Sequence[ObjectRef]) -> None:
        """Looks at these, in this order of importance."""
        known = [ref for ref in refs if (ref.group, ref.kind) in _PLURALS and ref.namespace]
        if len(known) > _OBJECTS:
            self.unread.append(f"Of {len(known)} workloads only {_OBJECTS} were looked at.")
        found = await asyncio.gather(*(self._object(ref) for ref in known[:_OBJECTS]))
        states = [(rollout_of(one), one) for one in found if one is not None]
        wrong = sorted(
            ((state, one) for state, one in states if not state.ready), key=lambda it: not it[0].failed
        )
        if len(wrong) > _WORKLOADS:
            self.unread.append(f"Of {len(wrong)} workloads that are not ready {_WORKLOADS} were looked at.")
        for _, manifest in wrong[:_WORKLOADS]:
            pods = await self._pods(manifest)
            self._workloads.append(Workload(manifest, tuple(pods)))
        await self._warnings(known)
        for state in _worth_a_log(self._workloads)[:_LOGS]:
            await self._log(*state)

    async def _object(self, ref: ObjectRef) -> Manifest | None:
        path = _path(ref.api_version, ref.namespace, _PLURALS[ref.group, ref.kind], ref.name)
        reply = await self._get(f"get {_PLURALS[ref.group, ref.kind]}", ref.namespace, path)
        head = {"apiVersion": ref.api_version, "kind": ref.kind}
        return None if reply is None else {**reply.content, **head}

    async def _pods(self, workload: Manifest) -> list[Manifest]:
        if workload["kind"] == "Pod":
            return [workload]
        wanted = _selector(workload)
        if not has_pods(workload) or not wanted:
            return []
        space = str(workload["metadata"].get("namespace", ""))
        sets: list[Manifest] = []
        if workload["kind"] == "Deployment":
            sets = await self._list("apps/v1", "replicasets", space, ("labelSelector", wanted), _PODS)
        pods = await self._list("v1", "pods", space, ("labelSelector", wanted), _PODS)
        return newest_pods(workload, sets, pods)

    async def _warnings(self, refs: Sequence[ObjectRef]) -> None:
        for space in sorted({ref.namespace for ref in refs})[:_NAMESPACES]:
            found = await self._list("v1", "events", space, ("fieldSelector", "type=Warning"), _EVENTS)
            here = [ref for ref in refs if ref.namespace == space]
            pods = [str(pod["metadata"].get("name", "")) for one in self._workloads for pod in one.pods]
            self._events += [event for event in found if about_any(event, here, pods)]

    async def _log(self, pod: Manifest, state: ContainerState) -> None:
        space = str(pod["metadata"].get("namespace", ""))
        query = (
            ("container", state.container),
            ("tailLines", str(_LOG_LINES)),
            ("limitBytes", str(_LOG_BYTES)),
            *((("previous", "true"),) if state.previous else ()),
        )
        path = f"{_path('v1', space, 'pods', state.pod)}/log"
        reply = await self._get("get pods/log", space, path, query, plain=True)
        if reply is not None and isinstance(text := reply.content.get("text"), str):
            # What is cut in the middle of a line may be cut in the middle of a secret.
            whole = text if len(text.encode()) < _LOG_BYTES else text.rpartition("\n")[0]
            self._logs.append(Log(state.pod, state.container, state.previous, whole))

    async def _list(
        self, version: str, plural: str, space: str, selector: tuple[str, str], most: int
    ) -> list[Manifest]:
        query = (selector, ("limit", str(most)))
        reply = await self._get(f"list {plural}", space, _path(version, space, plural), query)
        items = reply.content.get("items") if reply is not None else None
        if reply is not None and (reply.content.get("metadata") or {}).get("continue"):
            self.unread.append(f"There are more than {most} {plural}; the others were not looked at.")
        return mappings(items)

    async def _get(
        self,
        right: str,
        space: str,
        path: str,
        query: tuple[tuple[str, str], ...] = (),
        *,
        plain: bool = False,
    ) -> Reply | None:
        """None where it is not there, or was not told; the latter is noted."""
        verb = right.partition(" ")[0]
        accept = "*/*" if plain else "application/json"
        what = f"{right} in namespace {space}"
        call = Call(verb, what, "GET", path, query, accept=accept, plain=plain, most=_BYTES)
        reply = await self._wire.send(call)
        if reply.status < 300:
            return reply
        if reply.status == 403:
            self.unread.append(f"Not read: the identity may not {what}.")
        elif reply.status != 404 or plain:
            said = f": {reply.message}" if reply.message else ""
            self.unread.append(f"Not read: the API server could not {right} (HTTP {reply.status}{said}).")
        return None


def _worth_a_log(workloads: Sequence[Workload]) -> list[tuple[Manifest, ContainerState]]:
    """Containers that ran, those that crashed first; one of each name in a workload."""
    found: dict[tuple[int, str], tuple[Manifest, ContainerState]] = {}
    for number, workload in enumerate(workloads):
        for pod in workload.pods:
            for state in container_states(pod):
                if state.ran:
                    found.setdefault((number, state.container), (pod, state))
    return sorted(found.values(), key=lambda it: not it[1].crashed)


def _selector(workload: Manifest) -> str:
    labels: Any = ((workload.get("spec") or {}).get("selector") or {}).get("matchLabels")
    return ",".join(f"{key}={value}" for key, value in labels.items()) if isinstance(labels, dict) else ""


def _path(version: str, namespace: str, plural: str, name: str = "") -> str:
    base = f"/apis/{quote(version)}" if "/" in version else f"/api/{quote(version)}"
    return f"{base}/namespaces/{quote(namespace, safe='')}/{plural}" + (
        f"/{quote(name, safe='')}" if name else ""
    )
