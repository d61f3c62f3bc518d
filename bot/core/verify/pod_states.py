"""What is wrong with pods and their containers, in sentences; those of one kind together."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.core.model import Manifest
from bot.core.objects import mapping, mappings

_OF_CONTAINERS = frozenset({"ContainersNotReady", "ContainersNotInitialized", "PodCompleted", "PodFailed"})
"""Reasons of conditions that only repeat what the containers say."""


@dataclass(frozen=True, slots=True)
class ContainerState:
    """A container that is not as it should be. `ran`: it has a log; `previous`: of before a restart."""

    pod: str
    container: str
    text: str
    crashed: bool = False
    previous: bool = False
    ran: bool = True


def container_states(pod: Manifest) -> Iterator[ContainerState]:
    """The containers of a pod that are not as they should be, those that crashed first."""
    status, name = mapping(pod.get("status")), str(mapping(pod.get("metadata")).get("name", ""))
    found = [
        state
        for kind in ("initContainerStatuses", "containerStatuses")
        for one in mappings(status.get(kind))
        if (state := _state(name, one, init=kind.startswith("init"))) is not None
    ]
    yield from sorted(found, key=lambda one: not one.crashed)


def state_lines(pods: Sequence[Manifest]) -> Iterator[str]:
    """A sentence for each thing that is wrong, with how many pods it is wrong with."""
    found: dict[str, tuple[str, list[str]]] = {}
    for pod in pods:
        name = str(mapping(pod.get("metadata")).get("name", ""))
        for text in _wrong(pod):
            # Kubernetes often says the pod's name, too.
            found.setdefault(text.replace(name, "…"), (text, []))[1].append(name)
    for text, names in found.values():
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        yield f"Pod {names[0]}{more}: {text}"


def _wrong(pod: Manifest) -> Iterator[str]:
    states = [one.text for one in container_states(pod)]
    yield from states
    status = mapping(pod.get("status"))
    for condition in mappings(status.get("conditions")):
        reason = str(condition.get("reason") or "")
        if condition.get("status") != "False" or (states and reason in _OF_CONTAINERS):
            continue
        if condition.get("type") == "ContainersReady":
            continue
        said = ": ".join(filter(None, (reason, str(condition.get("message") or ""))))
        yield f"{condition.get('type')} is False{f': {said}' if said else ''}"
    if status.get("phase") == "Failed" and not states:
        said = ": ".join(str(status[key]) for key in ("reason", "message") if status.get(key))
        yield f"failed{f': {said}' if said else ''}"


def _state(pod: str, status: Mapping[str, Any], *, init: bool) -> ContainerState | None:
    name = str(status.get("name", ""))
    kind = "init container" if init else "container"
    state = mapping(status.get("state"))
    waiting, ended = state.get("waiting"), mapping(state.get("terminated"))
    before = mapping(mapping(status.get("lastState")).get("terminated"))
    restarts = status.get("restartCount")
    again = f"; {restarts} restarts" if isinstance(restarts, int) and restarts else ""
    last = f", the last time it {_end(before)}" if before else ""
    crashed = bool(before and _code(before)) or bool(ended and _code(ended))
    if isinstance(waiting, dict):
        said = ": ".join(str(waiting[key]) for key in ("reason", "message") if waiting.get(key))
        if said in ("PodInitializing", "ContainerCreating") and not crashed:
            return None
        text = f"{kind} {name} waits: {said}{again}{last}"
        return ContainerState(pod, name, text, crashed, previous=bool(before), ran=bool(before))
    if ended:
        if not _code(ended):
            return None
        return ContainerState(pod, name, f"{kind} {name} {_end(ended)}{again}", crashed)
    if state.get("running") is not None and not status.get("ready") and not init:
        text = f"{kind} {name} runs and is not ready{again}{last}"
        return ContainerState(pod, name, text, crashed, previous=crashed)
    return None


def _end(ended: Mapping[str, Any]) -> str:
    reason, message = str(ended.get("reason") or ""), str(ended.get("message") or "")
    said = f" ({reason})" if reason else ""
    return f"ended with exit code {_code(ended)}{said}{f': {message}' if message else ''}"


def _code(ended: Mapping[str, Any]) -> int:
    code = ended.get("exitCode")
    return code if isinstance(code, int) else 0
