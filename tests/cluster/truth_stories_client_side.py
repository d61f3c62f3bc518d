"""Releases that Helm applies client-side, as those of Helm 3 are."""

from typing import Any

from tests.cluster.truth_bench import Files, Story
from tests.cluster.truth_stories import (
    DEPLOYMENTS,
    MAPS,
    config,
    delete,
    deployment,
    files,
    patch,
    post,
    service,
)
from tests.cluster.truth_stories_more import crd, hook, secret, thing

CLIENT = ("--server-side=false",)


def containers(env: str = "", ports: str = "", more: str = "") -> str:
    text = deployment()
    text += f"          env: {env}\n" if env else ""
    text += f"          ports: {ports}\n" if ports else ""
    return text + more


def volumes(text: str) -> str:
    return deployment(pod=f"      volumes: {text}\n")


def csa(says_what: str, before: Files, after: Files, **more: Any) -> Story:
    more.setdefault("says", ("client-side-release",))
    return Story(says_what, before, after, install=CLIENT, **more)


SIDECAR = {
    "spec": {
        "template": {
            "spec": {
                "containers": [{"name": "main", "image": "nginx:1.27"}, {"name": "side", "image": "x:1"}]
            }
        }
    }
}

EMPTIED = {"spec": {"template": {"spec": {"containers": [{"name": "main", "image": "nginx:1.27"}]}}}}
REPLACED = {"spec": {"template": {"spec": {"containers": [{"name": "other", "image": "x:1"}]}}}}
UDP = "{containerPort: 53, protocol: UDP, name: udp}"
TCP = "{containerPort: 53, protocol: TCP, name: tcp}"

STORIES = [
    csa("a changed value", files(config()), files(config(data="a: '2'"))),
    csa(
        "a lost key and a new object", files(config(data="{a: '1', b: '1'}")), files(config(), config("new"))
    ),
    csa("a deleted object", files(config(), config("old")), files(config())),
    csa(
        "what was changed by hand is set back",
        files(config()),
        files(config(data="{a: '1', b: '2'}")),
        touch=patch(MAPS + "/web", {"data": {"a": "by hand"}}),
    ),
    csa(
        "what was added by hand stays",
        files(config()),
        files(config(data="b: '2'")),
        touch=patch(MAPS + "/web", {"data": {"c": "by hand"}}),
    ),
    csa(
        "scaling by hand is set back",
        files(deployment()),
        files(deployment(image="nginx:1.28")),
        touch=patch(DEPLOYMENTS + "/web/scale", {"spec": {"replicas": 1}}, "kubectl"),
    ),
    csa(
        "an object deleted by hand comes back",
        files(config(), config("b")),
        files(config(), config("b", "b: '1'")),
        touch=delete(MAPS + "/b"),
    ),
    csa(
        "environment by name, order and all",
        files(containers("[{name: A, value: '1'}, {name: B, value: '1'}]")),
        files(containers("[{name: C, value: '3'}, {name: B, value: '2'}]")),
    ),
    csa(
        "TCP added beside UDP changes nothing, or what it does",
        files(containers(ports="[{containerPort: 53, protocol: UDP, name: udp}]")),
        files(
            containers(
                ports="[{containerPort: 53, protocol: UDP, name: udp}, "
                "{containerPort: 53, protocol: TCP, name: tcp}]"
            )
        ),
    ),
    csa(
        "a container of others stays",
        files(deployment()),
        files(deployment(image="nginx:1.28")),
        touch=patch(
            DEPLOYMENTS + "/web",
            SIDECAR,
        ),
    ),
    csa(
        "a container that the chart gives up goes",
        files(containers(more="        - {name: side, image: x:1}\n")),
        files(deployment(image="nginx:1.28")),
    ),
    csa(
        "a volume that changes its source",
        files(volumes("[{name: v, emptyDir: {}}, {name: w, emptyDir: {}}]")),
        files(volumes("[{name: v, configMap: {name: web}}]")),
    ),
    csa(
        "Recreate over a defaulted rolling update works here",
        files(deployment()),
        files(deployment(more="  strategy: {type: Recreate}\n")),
    ),
    Story(
        "Recreate over a defaulted rolling update fails server-side",
        files(deployment()),
        files(deployment(more="  strategy: {type: Recreate}\n")),
        fails="invalid-object",
    ),
    csa(
        "ports of a service",
        files(service("[{name: a, port: 80}, {name: b, port: 81}]")),
        files(service("[{name: c, port: 82}, {name: a, port: 80, targetPort: 8080}]")),
    ),
    csa("a secret", files(secret()), files(secret(data="stringData: {password: other123, user: me}"))),
    csa(
        "custom resources by merge patch: drift stays",
        {"crds/thing.yaml": crd(", color: {type: string}"), **files(thing("size: 1, color: red"))},
        {"crds/thing.yaml": crd(", color: {type: string}"), **files(thing("size: 2, color: red"))},
        touch=lambda api, ns: patch(
            f"/apis/{ns}.truth/v1/namespaces/{ns}/things/one", {"spec": {"color": "blue"}}
        )(api, ns),
    ),
    csa(
        "an unknown field is dropped without a word from Helm",
        files(deployment()),
        files(deployment(image="nginx:1.28", more="  replicaCount: 1\n"), config()),
    ),
    csa(
        "a selector cannot be changed here either",
        files(deployment()),
        files(deployment().replace("app: web", "app: other")),
        fails="immutable-field",
    ),
    csa(
        "a hook without before-hook-creation fails when it stands",
        files(config(), hook("h", "pre-install", ", helm.sh/hook-delete-policy: hook-failed")),
        files(config(), hook("h", "pre-upgrade", ", helm.sh/hook-delete-policy: hook-failed")),
        fails="exists",
    ),
    csa(
        "a hook is replaced",
        files(config(), hook("h", "pre-install")),
        files(config(), hook("h", "pre-upgrade", data="b: '1'")),
        actions={"ConfigMap/h": "replace"},
    ),
    csa(
        "an object with the release's marks is adopted",
        files(config("first")),
        files(config("first"), config("taken", "b: '2'")),
        touch=lambda api, ns: post(
            MAPS,
            {
                "data": {"mine": "1"},
                "metadata": {
                    "name": "taken",
                    "labels": {"app.kubernetes.io/managed-by": "Helm"},
                    "annotations": {"meta.helm.sh/release-name": "app", "meta.helm.sh/release-namespace": ns},
                },
            },
        )(api, ns),
    ),
    csa(
        "an existing object of nobody is taken over",
        files(config("first")),
        files(config("first"), config("taken", "b: '2'")),
        touch=post(MAPS, {"metadata": {"name": "taken"}, "data": {"mine": "1"}}),
        options={"take_ownership": True},
        says=("adoption",),
    ),
    csa(
        "force_conflicts is refused by Helm",
        files(config()),
        files(config(data="a: '2'")),
        options={"force_conflicts": True},
        fails="force-client-side",
    ),
    csa(
        "one of two ports of one number goes",
        files(containers(ports=f"[{UDP}, {TCP}, {{containerPort: 80, name: web}}]")),
        files(containers(ports=f"[{UDP}, {{containerPort: 80, name: web}}]")),
        says=("client-side-uncertain",),
    ),
    csa(
        "another port goes beside two of one number",
        files(containers(ports=f"[{UDP}, {TCP}, {{containerPort: 80, name: web}}]")),
        files(containers(ports=f"[{UDP}, {TCP}]")),
        says=("client-side-uncertain",),
    ),
    csa(
        "a variable goes from a list that was emptied by hand",
        files(containers("[{name: A, value: '1'}, {name: B, value: '1'}]")),
        files(containers("[{name: A, value: '1'}]")),
        touch=patch(DEPLOYMENTS + "/web", EMPTIED),
        says=("client-side-uncertain",),
    ),
    csa(
        "a container that was taken out by hand comes back with fewer variables",
        files(containers("[{name: A, value: '1'}, {name: B, value: '1'}]")),
        files(containers("[{name: A, value: '1'}]")),
        touch=patch(DEPLOYMENTS + "/web", REPLACED),
        says=("client-side-uncertain",),
    ),
    csa(
        "a list that was emptied by hand comes back",
        files(containers("[{name: A, value: '1'}]")),
        files(containers("[{name: A, value: '1'}, {name: B, value: '1'}]")),
        touch=patch(DEPLOYMENTS + "/web", EMPTIED),
    ),
]
