"""Values of the chart, each with what it is about, as one who installs it would write them."""

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bot.core.release import Capabilities, LocalChart, RenderJob

CHART = Path(__file__).parents[2] / "helm" / "purser"
RELEASE, NAMESPACE = "purser", "purser"
CAPABILITIES = Capabilities("v1.36.3", ("apps/v1", "apps/v1/Deployment", "v1", "v1/ConfigMap"))
MINIMAL: Mapping[str, Any] = {
    "secrets": {"existingSecret": "purser"},
    "config": {
        "gitlab": {"url": "https://gitlab.example.com"},
        "projects": [{"path": "platform/cluster", "targets": [{"name": "production"}]}],
    },
}
POSTGRESQL = {"database": {"existingSecret": "purser-database"}}
DIRECT = {
    "rbac": {"deploy": {"create": True}},
    "config": {
        "projects": [
            {
                "path": "platform/cluster",
                "targets": [
                    {
                        "name": "production",
                        "deploy": {"mode": "direct", "kubeconfig": "/etc/purser/deploy/kubeconfig"},
                    }
                ],
            }
        ]
    },
}
CASES: Mapping[str, Mapping[str, Any]] = {
    "sqlite": {},
    "postgresql": POSTGRESQL,
    "replicas": {**POSTGRESQL, "replicas": 3},
    "postgresql without a volume": {**POSTGRESQL, "persistence": {"enabled": False}},
    "a claim that exists": {"persistence": {"existingClaim": "trail", "storageClass": "fast"}},
    "a class": {"persistence": {"storageClass": "fast", "accessModes": ["ReadWriteOncePod"], "size": "2Gi"}},
    "direct": DIRECT,
    "direct in namespaces": {**DIRECT, "rbac": {"deploy": {"create": True, "namespaces": ["web", "data"]}}},
    "plans in namespaces": {"rbac": {"plan": {"namespaces": ["web", "data"]}}},
    "kinds of charts": {"rbac": {"plan": {"resources": {"cert-manager.io": ["certificates", "issuers"]}}}},
    "webhook configurations": {"rbac": {"plan": {"webhookConfigurations": True}}},
    "no policy": {"rbac": {"plan": {"admissionPolicy": False}}},
    "no rights": {"rbac": {"plan": {"create": False}}},
    "own authority": {"extraCA": {"configMap": "authority", "key": "root.pem"}},
    "other clusters": {"kubeconfigs": {"existingSecret": "clusters"}},
    "private charts": {"chartCredentials": {"existingSecret": "chart-passwords"}},
    "ingress": {
        "ingress": {
            "enabled": True,
            "className": "nginx",
            "annotations": {"a.example.com/b": "c"},
            "host": "purser.example.com",
            "tlsSecret": "purser-tls",
        }
    },
    "ingress without TLS": {"ingress": {"enabled": True}},
    "no metrics": {"metrics": {"enabled": False}},
    "monitored": {
        "metrics": {"serviceMonitor": {"enabled": True, "labels": {"team": "platform"}}}
    },
    "network": {
        "networkPolicy": {
            "from": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ingress"}}}],
            "metricsFrom": [{"podSelector": {}}],
            "egressPorts": [443, 5432, 8443],
        }
    },
    "no network policy": {"networkPolicy": {"enabled": False}},
    "placed": {
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "tolerations": [{"key": "ops", "operator": "Exists"}],
        "affinity": {"podAntiAffinity": {}},
        "topologySpreadConstraints": [
            {
                "maxSkew": 1,
                "topologyKey": "kubernetes.io/hostname",
                "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": {"matchLabels": {"app.kubernetes.io/name": "purser"}},
            }
        ],
        "priorityClassName": "system-cluster-critical",
        "podAnnotations": {"note.example.com/a": "b"},
        "podLabels": {"team": "platform"},
        "imagePullSecrets": ["registry"],
        "env": [{"name": "HTTPS_PROXY", "value": "http://proxy.example.com:3128"}],
    },
    "named": {
        "fullnameOverride": "quartermaster",
        "serviceAccount": {"annotations": {"a.example.com/b": "c"}},
    },
    "by digest": {"image": {"digest": "sha256:" + "a" * 64}},
}  # fmt: skip


def values(*laid_over: Mapping[str, Any]) -> dict[str, Any]:
    """The minimal values with others laid over them, as Helm would."""
    found = copy.deepcopy(dict(MINIMAL))
    for each in laid_over:
        _lay(found, each)
    return found


def _lay(under: dict[str, Any], over: Mapping[str, Any]) -> None:
    for key, value in over.items():
        if isinstance(value, Mapping) and isinstance(under.get(key), dict):
            _lay(under[key], value)
        else:
            under[key] = copy.deepcopy(value)


def job(given: Mapping[str, Any], *, release: str = RELEASE, namespace: str = NAMESPACE) -> RenderJob:
    """A rendering of the chart with these values and no others."""
    chart = LocalChart(str(CHART), f"sha256:{'0' * 64}", "purser", "0.1.0")
    return RenderJob(chart, release, namespace, given, CAPABILITIES)


def one(objects: tuple[Any, ...], kind: str, name: str = "") -> dict[str, Any]:
    """The only object of that kind (and name)."""
    [found] = [it for it in objects if it["kind"] == kind and name in ("", it["metadata"]["name"])]
    return dict(found)
