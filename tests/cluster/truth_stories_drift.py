"""What people and controllers do to objects between two deploys, and what a plan says about it.

A drift is (kind/name, field or nothing, what happened to it, managers, whether the deploy sets it back).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.cluster.api import Api
from tests.cluster.truth_bench import Story, Touch
from tests.cluster.truth_stories import DEPLOYMENTS, MAPS, config, delete, deployment, files, patch, service
from tests.cluster.truth_stories_client_side import CLIENT, SIDECAR, containers
from tests.cluster.truth_stories_more import crd, secret, thing

Seen = tuple[str, str, str, tuple[str, ...], bool | None]
EDIT = ("kubectl-edit",)
WEB = "Deployment/web"
SECRETS = "/api/v1/namespaces/{ns}/secrets"
POD = "/spec/template/spec"
STRATEGIC = "application/strategic-merge-patch+json"


@dataclass(frozen=True)
class Drifting:
    """A story, and the drift that its plan names."""

    story: Story
    seen: frozenset[Seen]


def drifting(says_what: str, *seen: Seen, client: bool = False, **story: Any) -> Drifting:
    install = CLIENT if client else ()
    name = f"{'client-side: ' if client else ''}{says_what}"
    return Drifting(Story(name, install=install, **story), frozenset(seen))


def merge(path: str, body: Any, manager: str = "kubectl-edit") -> Touch:
    """A strategic merge patch, as `kubectl edit` sends it."""

    def touch(api: Api, namespace: str) -> None:
        place = path.replace("{ns}", namespace)
        api.call("PATCH", f"{place}?fieldManager={manager}", body, content_type=STRATEGIC)

    return touch


def both(*touches: Touch) -> Touch:
    def touch(api: Api, namespace: str) -> None:
        for one in touches:
            one(api, namespace)

    return touch


def in_place(path: Callable[[str], str], body: Any) -> Touch:
    return lambda api, ns: patch(path(ns), body)(api, ns)


def pod(**spec: Any) -> Any:
    return {"spec": {"template": {"spec": spec}}}


TWO_KEYS = files(config(data="{a: '1', b: '1'}"))
IMAGE = files(deployment())
NEXT = files(deployment(image="nginx:1.28"))
ENV = files(containers("[{name: A, value: '1'}, {name: B, value: '1'}]"), config())
UNITS = deployment() + "          resources: {limits: {cpu: 1000m, memory: 1024Mi}}\n"

SERVER_SIDE = [
    drifting(
        "a value changed by hand",
        ("ConfigMap/web", "/data/a", "replace", EDIT, None),
        before=files(config()),
        after=files(config(data="a: '2'")),
        touch=patch(MAPS + "/web", {"data": {"a": "by hand"}}),
        fails="conflict",
    ),
    drifting(
        "a value changed by hand and taken back by force",
        ("ConfigMap/web", "/data/a", "replace", EDIT, True),
        before=files(config()),
        after=files(config(data="a: '2'")),
        touch=patch(MAPS + "/web", {"data": {"a": "by hand"}}),
        options={"force_conflicts": True},
    ),
    drifting(
        "a value changed by hand to what the chart will say",
        ("ConfigMap/web", "/data/a", "replace", EDIT, False),
        before=files(config()),
        after=files(config(data="a: '2'")),
        touch=patch(MAPS + "/web", {"data": {"a": "2"}}),
    ),
    drifting(
        "a value changed by hand that the chart gives up stays",
        ("ConfigMap/web", "/data/b", "replace", EDIT, False),
        before=TWO_KEYS,
        after=files(config()),
        touch=patch(MAPS + "/web", {"data": {"b": "by hand"}}),
    ),
    drifting(
        "a value changed by hand and changed back is none",
        before=files(config()),
        after=files(config(data="{a: '1', b: '2'}")),
        touch=both(patch(MAPS + "/web", {"data": {"a": "2"}}), patch(MAPS + "/web", {"data": {"a": "1"}})),
    ),
    drifting(
        "a key removed by hand comes back",
        ("ConfigMap/web", "/data/b", "remove", (), True),
        before=TWO_KEYS,
        after=files(config(data="{a: '2', b: '1'}")),
        touch=patch(MAPS + "/web", {"data": {"b": None}}),
    ),
    drifting(
        "a key removed by hand that the chart gives up stays away",
        ("ConfigMap/web", "/data/b", "remove", (), False),
        before=TWO_KEYS,
        after=files(config(data="a: '2'")),
        touch=patch(MAPS + "/web", {"data": {"b": None}}),
    ),
    drifting(
        "an object deleted by hand comes back",
        ("ConfigMap/other", "", "remove", (), True),
        before=files(config(), config("other")),
        after=files(config(data="b: '1'"), config("other")),
        touch=delete(MAPS + "/other"),
    ),
    drifting(
        "an object deleted by hand that the chart gives up is none",
        before=files(config(), config("other")),
        after=files(config(data="b: '1'")),
        touch=delete(MAPS + "/other"),
    ),
    drifting(
        "what was added by hand is none",
        before=files(config()),
        after=files(config(data="a: '2'")),
        touch=patch(MAPS + "/web", {"data": {"mine": "1"}, "metadata": {"labels": {"mine": "1"}}}),
    ),
    drifting(
        "an autoscaler's replicas where the chart says none are none",
        before=files(deployment(replicas="minReadySeconds: 1")),
        after=files(deployment(replicas="minReadySeconds: 2")),
        touch=patch(DEPLOYMENTS + "/web/scale", {"spec": {"replicas": 0}}, "kube-controller-manager"),
    ),
    drifting(
        "replicas scaled by hand where the chart says them",
        (WEB, "/spec/replicas", "replace", ("kubectl",), None),
        before=IMAGE,
        after=NEXT,
        touch=patch(DEPLOYMENTS + "/web/scale", {"spec": {"replicas": 1}}, "kubectl"),
        fails="conflict",
    ),
    drifting("a sidecar is none", before=IMAGE, after=NEXT, touch=merge(DEPLOYMENTS + "/web", SIDECAR)),
    drifting(
        "an image changed by hand",
        (WEB, f"{POD}/containers/0/image", "replace", EDIT, None),
        before=IMAGE,
        after=NEXT,
        touch=merge(DEPLOYMENTS + "/web", pod(containers=[{"name": "main", "image": "nginx:9"}])),
        fails="conflict",
    ),
    drifting(
        "a variable removed by hand, and one added",
        (WEB, f"{POD}/containers/0/env/0", "remove", (), True),
        before=ENV,
        after=files(ENV["all.yaml"], config("new")),
        touch=merge(
            DEPLOYMENTS + "/web",
            pod(
                containers=[
                    {"name": "main", "env": [{"name": "A", "$patch": "delete"}, {"name": "C", "value": "1"}]}
                ]
            ),
        ),
    ),
    drifting(
        "the same resources in other units are none",
        before=files(UNITS),
        after=files(UNITS, config()),
        touch=merge(
            DEPLOYMENTS + "/web",
            pod(containers=[{"name": "main", "resources": {"limits": {"cpu": "1", "memory": "1Gi"}}}]),
        ),
    ),
    drifting(
        "a port of a service changed by hand",
        ("Service/web", "/spec/ports/0/targetPort", "replace", EDIT, None),
        before=files(service("[{port: 80, targetPort: 8080}]")),
        after=files(service("[{port: 80, targetPort: 8081}]")),
        touch=merge(
            "/api/v1/namespaces/{ns}/services/web", {"spec": {"ports": [{"port": 80, "targetPort": 1}]}}
        ),
        fails="conflict",
    ),
    drifting(
        "a Secret's value changed by hand, seen only as a mask",
        ("Secret/s", "/data/password", "replace", EDIT, True),
        before=files(secret()),
        after=files(secret(), config()),
        touch=patch(SECRETS + "/s", {"stringData": {"password": "other123"}}),
        options={"force_conflicts": True},
    ),
    drifting(
        "Helm's own mark changed by hand",
        ("ConfigMap/web", "/metadata/labels/app.kubernetes.io~1managed-by", "replace", EDIT, None),
        before=files(config()),
        after=files(config(data="a: '2'")),
        touch=patch(MAPS + "/web", {"metadata": {"labels": {"app.kubernetes.io/managed-by": "me"}}}),
        fails="conflict",
    ),
    drifting(
        "a custom resource changed by hand",
        ("Thing/one", "/spec/size", "replace", EDIT, True),
        before={"crds/thing.yaml": crd(), **files(thing())},
        after={"crds/thing.yaml": crd(), **files(thing("size: 2"))},
        touch=in_place(lambda ns: f"/apis/{ns}.truth/v1/namespaces/{ns}/things/one", {"spec": {"size": 5}}),
        options={"force_conflicts": True},
    ),
    drifting(
        "an object that the deploy deletes is none",
        before=files(config(), config("old")),
        after=files(config()),
        touch=patch(MAPS + "/old", {"data": {"a": "by hand"}}),
    ),
    drifting(
        "what a failed revision made otherwise is none",
        before=TWO_KEYS,
        failing=files(config(data="c: '1'"), deployment(more="  nonsense: 1\n")),
        after=files(config(data="{a: '2', b: '1'}")),
    ),
]

CLIENT_SIDE = [
    drifting(
        "a value changed by hand is set back",
        ("ConfigMap/web", "/data/a", "replace", EDIT, True),
        client=True,
        before=files(config()),
        after=files(config(data="{a: '1', b: '2'}")),
        touch=patch(MAPS + "/web", {"data": {"a": "by hand"}}),
    ),
    drifting(
        "a key removed by hand comes back",
        ("ConfigMap/web", "/data/b", "remove", (), True),
        client=True,
        before=TWO_KEYS,
        after=files(config(data="{a: '2', b: '1'}")),
        touch=patch(MAPS + "/web", {"data": {"b": None}}),
    ),
    drifting(
        "replicas scaled by hand are set back",
        (WEB, "/spec/replicas", "replace", ("kubectl",), True),
        client=True,
        before=IMAGE,
        after=NEXT,
        touch=patch(DEPLOYMENTS + "/web/scale", {"spec": {"replicas": 1}}, "kubectl"),
    ),
    drifting(
        "a custom resource changed by hand stays",
        ("Thing/one", "/spec/color", "replace", EDIT, False),
        client=True,
        before={"crds/thing.yaml": crd(", color: {type: string}"), **files(thing("size: 1, color: red"))},
        after={"crds/thing.yaml": crd(", color: {type: string}"), **files(thing("size: 2, color: red"))},
        touch=in_place(
            lambda ns: f"/apis/{ns}.truth/v1/namespaces/{ns}/things/one", {"spec": {"color": "blue"}}
        ),
    ),
    drifting(
        "an unknown field that Helm dropped is none",
        client=True,
        before=files(deployment(more="  replicaCount: 1\n")),
        after=files(deployment(image="nginx:1.28", more="  replicaCount: 1\n")),
    ),
    drifting(
        "a sidecar is none", client=True, before=IMAGE, after=NEXT, touch=merge(DEPLOYMENTS + "/web", SIDECAR)
    ),
]
