"""The patches that Helm sends for releases that it applies client-side (those of Helm 3, mostly).

Built-in kinds get a strategic three-way merge patch: what the live object has otherwise than the new
manifest, and deletions of what only the old manifest had. Other kinds get a JSON merge patch (RFC 7386) from
the old to the new manifest, whatever the live object says. Both as apimachinery's `strategicpatch` and Helm's
`createPatch` (pkg/kube/client.go) define them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.core.diff import same
from bot.core.errors import AuthorError

STRATEGIC = "application/strategic-merge-patch+json"
MERGE = "application/merge-patch+json"

_BUILT_IN = frozenset(
    {
        "", "admissionregistration.k8s.io", "apiextensions.k8s.io", "apps", "autoscaling", "batch",
        "certificates.k8s.io", "coordination.k8s.io", "discovery.k8s.io", "events.k8s.io", "extensions",
        "flowcontrol.apiserver.k8s.io", "networking.k8s.io", "node.k8s.io", "policy",
        "rbac.authorization.k8s.io", "resource.k8s.io", "scheduling.k8s.io", "storage.k8s.io",
    }
)  # fmt: skip
"""The groups that Helm 4.2 has types for (client-go's scheme and apiextensions)."""


@dataclass(frozen=True, slots=True)
class _Field:
    """How a field merges: a list by `key` (empty: of plain values), a map with its keys retained or whole."""

    merges: bool = False
    key: str = ""
    retains: bool = False
    replaces: bool = False
    fields: Mapping[str, "_Field"] = field(default_factory=dict)


_PLAIN = _Field()


def _by(key: str, fields: Mapping[str, _Field] | None = None, *, retains: bool = False) -> _Field:
    return _Field(merges=True, key=key, retains=retains, fields=fields or {})


def _map(**fields: _Field) -> _Field:
    return _Field(fields=fields)


_CONTAINER = {
    "env": _by("name"),
    "ports": _by("containerPort"),
    "volumeDevices": _by("devicePath"),
    "volumeMounts": _by("mountPath"),
}
_METADATA = _map(finalizers=_Field(merges=True), ownerReferences=_by("uid"))
_POD = _map(
    containers=_by("name", _CONTAINER),
    ephemeralContainers=_by("name", _CONTAINER),
    hostAliases=_by("ip"),
    imagePullSecrets=_by("name"),
    initContainers=_by("name", _CONTAINER),
    resourceClaims=_by("name", retains=True),
    schedulingGates=_by("name"),
    topologySpreadConstraints=_by("topologyKey"),
    volumes=_by("name", retains=True),
)
_TEMPLATE = _map(metadata=_METADATA, spec=_POD)
_WEBHOOKS = _by("name", {"matchConditions": _by("name")})
_SPECS: Mapping[str, _Field] = {
    "Deployment": _map(template=_TEMPLATE, strategy=_Field(retains=True)),
    "StatefulSet": _map(template=_TEMPLATE),
    "DaemonSet": _map(template=_TEMPLATE),
    "ReplicaSet": _map(template=_TEMPLATE),
    "ReplicationController": _map(template=_TEMPLATE),
    "Job": _map(template=_TEMPLATE),
    "CronJob": _map(jobTemplate=_map(metadata=_METADATA, spec=_map(template=_TEMPLATE))),
    "Pod": _POD,
    "Service": _map(ports=_by("port")),
    "Node": _map(podCIDRs=_Field(merges=True)),
    "CSINode": _map(drivers=_by("name")),
    "PodDisruptionBudget": _map(selector=_Field(replaces=True)),
    "ValidatingAdmissionPolicy": _map(matchConditions=_by("name"), variables=_by("name")),
    "MutatingAdmissionPolicy": _map(matchConditions=_by("name"), variables=_by("name")),
}
"""Merge keys and strategies by kind. Source: `x-kubernetes-patch-*` in the OpenAPI of Kubernetes 1.36."""

_ROOTS: Mapping[str, Mapping[str, _Field]] = {
    "ServiceAccount": {"secrets": _by("name")},
    "MutatingWebhookConfiguration": {"webhooks": _WEBHOOKS},
    "ValidatingWebhookConfiguration": {"webhooks": _WEBHOOKS},
}


def client_side_patch(old: Any, new: Any, live: Any) -> tuple[str, dict[str, Any]]:
    """Content type and body of the patch that Helm sends; an empty body is not sent.

    `old` is the object of the old manifest, `new` the marked one of the new manifest. Raises AuthorError
    (`invalid-object`) for a list entry without its merge key.
    """
    group = str(new.get("apiVersion", "")).rpartition("/")[0]
    if group not in _BUILT_IN:
        return MERGE, merge_patch(old, new)
    kind = str(new.get("kind"))
    fields = {"metadata": _METADATA, "spec": _SPECS.get(kind, _PLAIN), **_ROOTS.get(kind, {})}
    return STRATEGIC, _maps(old, new, live, _Field(fields=fields))


def doubtful_fields(old: Any, new: Any, live: Any) -> tuple[str, ...]:
    """Lists whose merge by Kubernetes' own code is not sure to be as it is simulated here, as pointers.

    Those with two entries of one key of which some go, and those of which entries go while the live object
    lost others by hand.
    """
    if str(new.get("apiVersion", "")).rpartition("/")[0] not in _BUILT_IN:
        return ()
    kind = str(new.get("kind"))
    fields = {"spec": _SPECS.get(kind, _PLAIN), **_ROOTS.get(kind, {})}
    return tuple(_doubts(old, new, live, _Field(fields=fields), ""))


def _doubts(old: Any, new: Any, live: Any, how: _Field, at: str) -> Iterator[str]:
    old, live = (value if isinstance(value, dict) else {} for value in (old, live))
    for key, child in how.fields.items():
        here, there, now = (state.get(key) for state in (old, live, new))
        if isinstance(now, dict):
            yield from _doubts(here, now, there, child, f"{at}/{key}")
        elif isinstance(now, list) and child.merges and child.key:
            before, standing = (value if isinstance(value, list) else [] for value in (here, there))
            yield from _list_doubts(before, now, standing, child, f"{at}/{key}")


def _list_doubts(old: list[Any], new: list[Any], live: list[Any], how: _Field, at: str) -> Iterator[str]:
    before, after, standing = (_grouped(at, items, how.key) for items in (old, new, live))
    fewer = any(len(items) > len(after.get(key, ())) for key, items in before.items())
    lost = any(key not in standing and key in after for key in before)
    twice = any(len(items) > 1 for group in (before, after, standing) for items in group.values())
    if fewer and (twice or lost):
        yield at
        return
    for key, (one, *_) in after.items():
        was = before.get(key, [None])[0]
        if key in standing:
            yield from _doubts(was, one, standing[key][0], how, f"{at}/{new.index(one)}")
        elif isinstance(was, dict) and _loses(was, one):
            yield f"{at}/{new.index(one)}"


def _loses(old: Any, new: Any) -> bool:
    """Whether something of the one is not in the other."""
    if isinstance(old, dict) and isinstance(new, dict):
        return any(key not in new or _loses(value, new[key]) for key, value in old.items())
    return isinstance(old, list) and isinstance(new, list) and any(item not in new for item in old)


def merge_patch(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """RFC 7386: what turns `old` into `new`; lists whole."""
    patch: dict[str, Any] = {key: None for key in old if key not in new}
    for key, value in new.items():
        if key not in old:
            patch[key] = value
        elif isinstance(value, dict) and isinstance(old[key], dict):
            if inner := merge_patch(old[key], value):
                patch[key] = inner
        elif not same(old[key], value):
            patch[key] = value
    return patch


def _maps(old: Any, new: dict[str, Any], live: Any, how: _Field, *, retain: bool = False) -> dict[str, Any]:
    old = old if isinstance(old, dict) else {}
    live = live if isinstance(live, dict) else {}
    patch: dict[str, Any] = {}
    for key, value in new.items():
        child = how.fields.get(key, _PLAIN)
        if key not in live or type(live[key]) is not type(value):
            if key not in live or not same(live[key], value):
                patch[key] = value
        elif isinstance(value, dict) and not child.replaces:
            inner = _maps(old.get(key), value, live[key], child, retain=child.retains)
            if inner:
                patch[key] = inner
        elif isinstance(value, list) and child.merges:
            patch.update(_lists(key, old.get(key), value, live[key], child))
        elif not same(live[key], value):
            patch[key] = value
    patch.update({key: None for key in old if key not in new})
    kept = sorted(key for key, value in new.items() if value is not None)
    if retain and kept and (patch or any(key not in new for key in live)):
        patch["$retainKeys"] = kept
    return patch


def _lists(name: str, old: Any, new: list[Any], live: list[Any], how: _Field) -> dict[str, Any]:
    old = old if isinstance(old, list) else []
    if not how.key:
        return _plain_lists(name, old, new, live)
    order = [{how.key: _key(item, name, how.key)} for item in new]
    stood = [_key(item, name, how.key) for item in live]
    entries = _entries(name, old, new, live, how)
    left = _grouped(name, new, how.key)
    for key, items in _grouped(name, old, how.key).items():
        if len(items) > len(left.get(key, ())):
            entries.append({how.key: items[0][how.key], "$patch": "delete"})
    if not live:
        return {name: entries} if entries else {}
    moved = stood != [entry[how.key] for entry in order]
    if not entries and not moved:
        return {}
    patch: dict[str, Any] = {f"$setElementOrder/{name}": order}
    return {**patch, name: entries} if entries else patch


def _entries(name: str, old: list[Any], new: list[Any], live: list[Any], how: _Field) -> list[Any]:
    """Changed and added entries. Several of one key pair up from their ends, as Kubernetes' sort has them."""
    before, standing = _grouped(name, old, how.key), _grouped(name, live, how.key)
    entries: list[Any] = []
    for key, items in _grouped(name, new, how.key).items():
        olds, lives = before.get(key, []), standing.get(key, [])
        for item in reversed(items):
            was = olds.pop() if olds else None
            there = lives.pop() if lives else None
            if there is None:
                entries.append(item)
            elif inner := _maps(was, item, there, how, retain=how.retains):
                entries.append({**inner, how.key: item[how.key]})
    return entries


def _grouped(name: str, items: list[Any], key: str) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for item in items:
        found.setdefault(str(_key(item, name, key)), []).append(item)
    return found


def _key(item: Any, name: str, key: str) -> Any:
    if not isinstance(item, dict) or key not in item:
        raise AuthorError(
            f"An entry of {name} has no {key}, by which its entries are told apart.",
            fix=f"Give every entry of {name} a {key}.",
            code="invalid-object",
        )
    return item[key]


def _plain_lists(name: str, old: list[Any], new: list[Any], live: list[Any]) -> dict[str, Any]:
    added = [item for item in new if item not in live]
    gone = [item for item in dict.fromkeys(old) if item not in new]
    patch: dict[str, Any] = {}
    if added:
        patch[name] = added
    if gone:
        patch[f"$deleteFromPrimitiveList/{name}"] = gone
    if live and (gone or live != new):
        patch[f"$setElementOrder/{name}"] = new
    return patch
