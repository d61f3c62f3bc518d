"""What planning and deploying ask of a cluster's RBAC, and how what is missing is granted."""

from collections.abc import Iterable
from dataclasses import dataclass

_WORKLOADS = {
    "": ("configmaps", "secrets", "services", "serviceaccounts", "persistentvolumeclaims"),
    "apps": ("deployments", "statefulsets", "daemonsets"),
    "batch": ("jobs", "cronjobs"),
    "autoscaling": ("horizontalpodautoscalers",),
    "networking.k8s.io": ("ingresses", "networkpolicies"),
    "policy": ("poddisruptionbudgets",),
    "rbac.authorization.k8s.io": ("roles", "rolebindings"),
}
_OF_THE_CLUSTER = {
    "apiextensions.k8s.io": ("customresourcedefinitions",),
    "rbac.authorization.k8s.io": ("clusterroles", "clusterrolebindings"),
}


@dataclass(frozen=True, slots=True)
class Right:
    """One verb on one resource of an API group ("" is the core), in `namespace` or ("") everywhere."""

    verb: str
    group: str
    resource: str
    namespace: str = ""

    @property
    def name(self) -> str:
        """`deployments.apps`, as kubectl writes it."""
        return f"{self.resource}.{self.group}" if self.group else self.resource


EVERYTHING = Right("*", "*", "*")


def planning(namespaces: Iterable[str] = ()) -> list[Right]:
    """What a plan needs: to read, and the writes that it only tries (RBAC knows no dry run).

    With `namespaces`, in each of these, and of the cluster's own only what tells about it.
    """
    named = tuple(namespaces)
    found = [
        Right(verb, group, resource, namespace)
        for namespace in named or ("",)
        for group, resources in _WORKLOADS.items()
        for resource in resources
        for verb in ("get", "list", "create", "patch")
    ]
    found += [
        Right(verb, "rbac.authorization.k8s.io", "roles", namespace)
        for namespace in named or ("",)
        for verb in ("escalate", "bind")
    ]
    found += [
        Right("get", "", "namespaces"),
        Right("list", "apiextensions.k8s.io", "customresourcedefinitions"),
    ]
    if not named:
        found += _of_the_cluster(("get", "create", "patch"))
    return list(dict.fromkeys(found))


def deploying(namespaces: Iterable[str] = ()) -> list[Right]:
    """What the bot needs besides to deploy by itself (mode direct)."""
    named = tuple(namespaces)
    found = [
        Right(verb, group, resource, namespace)
        for namespace in named or ("",)
        for group, resources in _WORKLOADS.items()
        for resource in resources
        for verb in ("get", "list", "watch", "create", "update", "patch", "delete")
    ]
    found += [
        Right(verb, group, resource, namespace)
        for namespace in named or ("",)
        for group, resource in (("", "pods"), ("apps", "replicasets"))
        for verb in ("get", "list")
    ]
    # What is said of a release that failed: warnings about it, and the last lines of its logs.
    told = (("list", "events"), ("get", "pods/log"))
    found += [Right(verb, "", resource, namespace) for namespace in named or ("",) for verb, resource in told]
    if not named:
        found += _of_the_cluster(("get", "create", "patch", "delete"))
    return list(dict.fromkeys(found))


def _of_the_cluster(verbs: Iterable[str]) -> list[Right]:
    return [
        Right(verb, group, resource)
        for group, resources in _OF_THE_CLUSTER.items()
        for resource in resources
        for verb in verbs
    ]


def missing(denied: Iterable[Right]) -> list[str]:
    """Sentences: what may not be done to what, verbs that lack for the same resources together."""
    return [
        f"It may not {', '.join(verbs)} {', '.join(names)}{f' in the namespace {place}' if place else ''}."
        for place, verbs, names in _grouped(denied)
    ]


def grants(user: str, denied: Iterable[Right], role: str) -> list[str]:
    """kubectl's commands that give the user what is denied; `role` is how the new roles begin."""
    found = []
    for number, (place, verbs, names) in enumerate(_grouped(denied), 1):
        kind, where = ("role", f" --namespace {place}") if place else ("clusterrole", "")
        name = f"{role}-{number}"
        what = f"--verb={','.join(verbs)} --resource={','.join(names)}"
        found.append(f"kubectl create {kind} {name} {what}{where}")
        found.append(f"kubectl create {kind}binding {name} --{kind}={name} {_subject(user)}{where}")
    return found


def _subject(user: str) -> str:
    match user.split(":"):
        case ["system", "serviceaccount", namespace, name]:
            return f"--serviceaccount={namespace}:{name}"
        case _:
            return f"--user={user}"


def _grouped(denied: Iterable[Right]) -> list[tuple[str, list[str], list[str]]]:
    """Namespace, verbs, resources: as few as there can be without granting more."""
    verbs: dict[tuple[str, str], list[str]] = {}
    for right in denied:
        verbs.setdefault((right.namespace, right.name), []).append(right.verb)
    together: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for (namespace, name), of in verbs.items():
        together.setdefault((namespace, tuple(of)), []).append(name)
    return [(namespace, list(of), names) for (namespace, of), names in together.items()]
