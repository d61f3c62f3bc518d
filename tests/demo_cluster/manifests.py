"""Manifests to talk about."""

import copy
from typing import Any

Manifest = dict[str, Any]


def config_map(data: Manifest, **more: Any) -> Manifest:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": data} | more


def deployment(**spec: Any) -> Manifest:
    containers = [
        {"name": "a", "image": "a:1", "env": [{"name": "X", "value": "1"}, {"name": "Y", "value": "2"}]},
        {"name": "b", "image": "b:1", "ports": [{"containerPort": 80}]},
    ]
    template = {"metadata": {"labels": {"app": "d"}}, "spec": {"containers": containers}}
    whole = {"replicas": 1, "selector": {"matchLabels": {"app": "d"}}, "template": template}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "d", "labels": {"app": "d"}},
        "spec": whole | spec,
    }


def containers(manifest: Manifest, *items: Manifest) -> Manifest:
    changed = copy.deepcopy(manifest)
    changed["spec"]["template"]["spec"]["containers"] = list(items)
    return changed


def pods(*items: Manifest) -> Manifest:
    return {"spec": {"template": {"spec": {"containers": list(items)}}}}


def service(**spec: Any) -> Manifest:
    whole = {"selector": {"app": "d"}, "ports": [{"name": "http", "port": 80}]} | spec
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}, "spec": whole}


def stateful_set(**spec: Any) -> Manifest:
    manifest = deployment(**spec)
    manifest["spec"].setdefault("serviceName", "d")
    return manifest | {"kind": "StatefulSet", "metadata": {"name": "sts"}}


def job(image: str) -> Manifest:
    template = {"spec": {"restartPolicy": "Never", "containers": [{"name": "j", "image": image}]}}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "j"},
        "spec": {"suspend": True, "template": template},
    }


def claim(size: str = "1Gi", mode: str = "ReadWriteOnce") -> Manifest:
    spec = {
        "accessModes": [mode],
        "storageClassName": "none",
        "resources": {"requests": {"storage": size}},
    }
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "p"}, "spec": spec}


def secret(**more: Any) -> Manifest:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}} | more


def binding(role: str) -> Manifest:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "b"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": role},
        "subjects": [{"kind": "ServiceAccount", "name": "x", "namespace": "default"}],
    }


def without(manifest: Manifest, *path: str) -> Manifest:
    changed = copy.deepcopy(manifest)
    inner = changed
    for step in path[:-1]:
        inner = inner[step]
    del inner[path[-1]]
    return changed


PLAIN = deployment()
A, B = PLAIN["spec"]["template"]["spec"]["containers"]
