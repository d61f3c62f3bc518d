"""What workloads may do to their nodes, which images they run, and whether they run at all."""

import re
from typing import Any

from bot.core.model import Finding, Level, Manifest, Risk
from bot.core.planned import ObjectPlan

Noticed = tuple[Risk, Finding]

_CAPABILITIES = frozenset({"ALL", "SYS_ADMIN", "SYS_PTRACE", "SYS_MODULE", "NET_ADMIN", "DAC_READ_SEARCH"})
_HOST = ("hostNetwork", "hostPID", "hostIPC")
_NUMBERS = re.compile(r"v?(\d+)(?:\.(\d+))?(?:\.(\d+))?")


def workloads(planned: ObjectPlan) -> list[Noticed]:
    """What the change of one object does to the pods that it makes."""
    found: list[Noticed] = []

    def notice(risk: Risk, code: str, says: str) -> None:
        found.append((risk, Finding(Level.WARNING, code, f"{planned.ref}: {says}", object=planned.ref)))

    before, after = planned.before or {}, planned.after or {}
    if planned.ref.kind == "PodDisruptionBudget" and planned.action == "delete":
        notice(Risk.MEDIUM, "pdb-removed", "nothing keeps a drain from taking all its pods at once.")
    if planned.action == "delete":
        return found
    if powers := sorted(_powers(_pod(after)) - _powers(_pod(before))):
        notice(Risk.HIGH, "privileged", f"its pods get {', '.join(powers)}.")
    was, now = _replicas(before), _replicas(after)
    if before and was and now == 0:
        notice(Risk.MEDIUM, "replicas-zero", f"it goes from {was} replicas to none.")
    for (old, image), names in _changed_images(_pod(before), _pod(after)).items():
        repository, tag, digest = _parts(image)
        said = f"{'containers' if len(names) > 1 else 'container'} {', '.join(names)}"
        if not digest and tag in ("", "latest"):
            runs = "run" if len(names) > 1 else "runs"
            notice(Risk.MEDIUM, "image-mutable", f"{said} {runs} {image}, whose content can change.")
        if old and _lower(old, repository, tag):
            go = "go" if len(names) > 1 else "goes"
            notice(Risk.MEDIUM, "image-downgraded", f"{said} {go} back from {old} to {image}.")
    return found


def _changed_images(before: dict[str, Any], after: dict[str, Any]) -> dict[tuple[str, str], list[str]]:
    """The containers that change from one image (empty: none) to another, by both."""
    old, found = _images(before), dict[tuple[str, str], list[str]]()
    for name, image in _images(after).items():
        if old.get(name) != image:
            found.setdefault((old.get(name, ""), image), []).append(name)
    return found


def _pod(manifest: Manifest) -> dict[str, Any]:
    spec = _map(manifest.get("spec"))
    match manifest.get("kind"):
        case "Pod":
            return spec
        case "CronJob":
            spec = _map(_map(spec.get("jobTemplate")).get("spec"))
    return _map(_map(spec.get("template")).get("spec"))


def _containers(pod: dict[str, Any]) -> list[dict[str, Any]]:
    lists = (pod.get(key) for key in ("initContainers", "containers"))
    return [one for items in lists if isinstance(items, list) for one in items if isinstance(one, dict)]


def _powers(pod: dict[str, Any]) -> set[str]:
    found = {
        f"the node's {key.removeprefix('host')} namespace ({key})" for key in _HOST if pod.get(key) is True
    }
    volumes = pod.get("volumes")
    for volume in volumes if isinstance(volumes, list) else []:
        if isinstance(volume, dict) and isinstance(volume.get("hostPath"), dict):
            found.add(f"the node's {volume['hostPath'].get('path')} (hostPath)")
    for container in _containers(pod):
        context = _map(container.get("securityContext"))
        if context.get("privileged") is True:
            found.add(f"a privileged container ({container.get('name')})")
        ports = container.get("ports")
        for port in ports if isinstance(ports, list) else []:
            if isinstance(port, dict) and port.get("hostPort"):
                found.add(f"the node's port {port['hostPort']} ({container.get('name')})")
        added = _map(context.get("capabilities")).get("add")
        for capability in added if isinstance(added, list) else []:
            if str(capability).removeprefix("CAP_") in _CAPABILITIES:
                found.add(f"the capability {capability} ({container.get('name')})")
    return found


def _replicas(manifest: Manifest) -> int | None:
    replicas = _map(manifest.get("spec")).get("replicas")
    return replicas if isinstance(replicas, int) else None


def _images(pod: dict[str, Any]) -> dict[str, str]:
    return {str(one.get("name")): str(one["image"]) for one in _containers(pod) if one.get("image")}


def _parts(image: str) -> tuple[str, str, str]:
    """Repository, tag and digest of an image reference."""
    named, _, digest = image.partition("@")
    head, colon, tag = named.rpartition(":")
    if not colon or "/" in tag:
        return named, "", digest
    return head, tag, digest


def _lower(old: str, repository: str, tag: str) -> bool:
    was, old_tag, _ = _parts(old)
    one, other = _NUMBERS.match(old_tag), _NUMBERS.match(tag)
    if was != repository or not one or not other:
        return False
    return _numbers(other) < _numbers(one)


def _numbers(found: re.Match[str]) -> tuple[int, ...]:
    return tuple(int(part or 0) for part in found.groups())


def _map(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
