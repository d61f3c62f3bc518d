"""What a reviewer is warned of."""

from typing import Any

import pytest

from bot.core.model import Manifest, ObjectRef, Risk
from bot.core.planned import ObjectPlan, ReleasePlan
from bot.core.risk.ranking import assess


def obj(kind: str, **fields: Any) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": kind,
        "metadata": {"name": "x", **fields.pop("metadata", {})},
        **fields,
    }


def pod(**spec: Any) -> Manifest:
    return obj("Deployment", spec={"replicas": spec.pop("replicas", 1), "template": {"spec": spec}})


def image(name: str) -> Manifest:
    return pod(containers=[{"name": "a", "image": name}])


def context(**security: Any) -> Manifest:
    return pod(containers=[{"name": "a", "image": "x:1", "securityContext": security}])


def role(*rules: dict[str, Any]) -> Manifest:
    return obj("ClusterRole", rules=list(rules))


def binding(name: str, *subjects: str) -> Manifest:
    users = [{"kind": "User", "name": subject} for subject in subjects]
    return obj("ClusterRoleBinding", roleRef={"name": name}, subjects=users)


def planned(before: Manifest | None, after: Manifest | None) -> ObjectPlan:
    some = after or before or {}
    action = "create" if before is None else "delete" if after is None else "update"
    ref = ObjectRef(some["apiVersion"], some["kind"], "web", "x")
    return ObjectPlan(ref, action, before=before, after=after)  # type: ignore[arg-type]


def release(*objects: ObjectPlan, **more: Any) -> ReleasePlan:
    facts = {"action": "upgrade", "chart_name": "chart", "chart_from": "1.0.0", "chart_to": "1.1.0", **more}
    return ReleasePlan("app", "web", revision_from=1, objects=objects, **facts)


WAF = {"nginx.ingress.kubernetes.io/modsecurity-snippet": "SecRuleEngine On"}
NOTED: list[tuple[str, Manifest | None, Manifest | None, str, Risk]] = [
    ("a claim is deleted", obj("PersistentVolumeClaim"), None, "data-deleted", Risk.HIGH),
    ("a CRD is deleted", obj("CustomResourceDefinition"), None, "data-deleted", Risk.HIGH),
    ("cluster-admin is given", None, binding("cluster-admin", "ann"), "rbac-widened", Risk.HIGH),
    (
        "cluster-admin gets a subject",
        binding("admin", "a"),
        binding("admin", "a", "b"),
        "rbac-widened",
        Risk.HIGH,
    ),
    (
        "a wildcard is granted",
        role(),
        role({"verbs": ["*"], "resources": ["pods"]}),
        "rbac-widened",
        Risk.HIGH,
    ),
    (
        "escalate is granted",
        None,
        role({"verbs": ["escalate"], "resources": ["roles"]}),
        "rbac-widened",
        Risk.HIGH,
    ),
    (
        "secrets may be read",
        role(),
        role({"verbs": ["get"], "resources": ["secrets"]}),
        "rbac-widened",
        Risk.HIGH,
    ),
    ("a network policy goes", obj("NetworkPolicy", spec={}), None, "network-policy-removed", Risk.HIGH),
    (
        "a network policy lets more through",
        obj("NetworkPolicy", spec={"ingress": []}),
        obj("NetworkPolicy", spec={"ingress": [{}]}),
        "network-policy-widened",
        Risk.HIGH,
    ),
    (
        "the firewall only detects",
        obj("Ingress", metadata={"annotations": WAF}),
        obj("Ingress", metadata={"annotations": {next(iter(WAF)): "SecRuleEngine DetectionOnly"}}),
        "waf-off",
        Risk.HIGH,
    ),
    (
        "the firewall is turned off",
        obj("ConfigMap", data={"enable-modsecurity": "true"}),
        obj("ConfigMap", data={"enable-modsecurity": "false"}),
        "waf-off",
        Risk.HIGH,
    ),
    (
        "policies are only audited",
        obj("ConfigMap", data={}),
        obj("ConfigMap", data={"policy-audit-mode": "true"}),
        "policy-audit",
        Risk.HIGH,
    ),
    ("privileged", context(), context(privileged=True), "privileged", Risk.HIGH),
    ("a capability", context(), context(capabilities={"add": ["SYS_ADMIN"]}), "privileged", Risk.HIGH),
    (
        "the host's port",
        pod(),
        pod(containers=[{"name": "a", "image": "x:1", "ports": [{"containerPort": 1, "hostPort": 80}]}]),
        "privileged",
        Risk.HIGH,
    ),
    (
        "every API group",
        None,
        role({"verbs": ["get"], "apiGroups": ["*"], "resources": ["pods"]}),
        "rbac-widened",
        Risk.HIGH,
    ),
    ("every path", None, role({"verbs": ["get"], "nonResourceURLs": ["*"]}), "rbac-widened", Risk.HIGH),
    ("the host's network", pod(), pod(hostNetwork=True), "privileged", Risk.HIGH),
    (
        "the host's files",
        pod(),
        pod(volumes=[{"name": "v", "hostPath": {"path": "/"}}]),
        "privileged",
        Risk.HIGH,
    ),
    ("latest", image("x:1"), image("x:latest"), "image-mutable", Risk.MEDIUM),
    ("no tag at all", image("x:1"), image("reg:5000/x"), "image-mutable", Risk.MEDIUM),
    ("an older image", image("x:1.10.0"), image("x:1.9.3"), "image-downgraded", Risk.MEDIUM),
    ("no replicas", pod(replicas=3), pod(replicas=0), "replicas-zero", Risk.MEDIUM),
    ("no disruption budget", obj("PodDisruptionBudget"), None, "pdb-removed", Risk.MEDIUM),
    (
        "a public service",
        obj("Service", spec={"type": "ClusterIP"}),
        obj("Service", spec={"type": "LoadBalancer"}),
        "service-public",
        Risk.MEDIUM,
    ),
]


@pytest.mark.parametrize(("_name", "before", "after", "code", "risk"), NOTED, ids=[row[0] for row in NOTED])
def test_it_is_named_and_ranked(
    _name: str, before: Manifest | None, after: Manifest | None, code: str, risk: Risk
) -> None:
    plan = assess(release(planned(before, after)))
    assert [finding.code for finding in plan.findings] == [code]
    assert plan.risk is risk


@pytest.mark.parametrize("row", [row for row in NOTED if row[2] is not None], ids=lambda row: row[0])
def test_what_was_so_before_is_not_said_again(row: tuple[Any, ...]) -> None:
    assert assess(release(planned(row[2], row[2]))).findings == ()


@pytest.mark.parametrize(
    ("before", "after", "risk"),
    [
        (None, obj("ConfigMap"), Risk.LOW),
        (obj("ConfigMap"), None, Risk.LOW),
        (pod(), None, Risk.MEDIUM),
        (image("x:1.9"), image("x:1.10"), Risk.LOW),
        (image("x:latest"), image("x@sha256:abc"), Risk.LOW),
    ],
)
def test_plain_changes_have_a_plain_risk(before: Manifest | None, after: Manifest | None, risk: Risk) -> None:
    plan = assess(release(planned(before, after)))
    assert (plan.risk, plan.findings) == (risk, ())


def test_an_unchanged_release_has_no_risk() -> None:
    assert assess(release(action="none")).risk is Risk.NONE


def test_a_new_major_version_of_a_chart_is_worth_a_look() -> None:
    assert assess(release(chart_from="1.9.0", chart_to="2.0.0")).risk is Risk.MEDIUM


def test_uninstalling_what_guards_the_cluster_is_named() -> None:
    plan = assess(release(action="uninstall", chart_name="falco"))
    assert ([finding.code for finding in plan.findings], plan.risk) == (["guard-removed"], Risk.HIGH)


def test_what_one_object_gains_and_loses_is_told_once() -> None:
    def pods(tag: str, **spec: Any) -> Manifest:
        return pod(containers=[{"name": name, "image": f"agent:{tag}"} for name in ("a", "b")], **spec)

    volumes = [{"name": name, "hostPath": {"path": f"/{name}"}} for name in ("proc", "boot")]
    one = planned(pods("1.10.0"), pods("1.9.0", hostNetwork=True, volumes=volumes))
    found = assess(release(one)).findings
    assert [finding.message for finding in found] == [
        "Deployment web/x: its pods get the node's /boot (hostPath), the node's /proc (hostPath), "
        "the node's Network namespace (hostNetwork).",
        "Deployment web/x: containers a, b go back from agent:1.10.0 to agent:1.9.0.",
    ]
