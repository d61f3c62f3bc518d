"""More situations: what the API server refuses, what Helm leaves alone, and the edges of tables and folds."""

from collections.abc import Mapping

from bot.core.model import Finding, Level, ObjectRef, Risk
from bot.core.planned import Change, ObjectPlan, Plan
from tests.golden.plans import deployment, manifest, plan, release, replicas


def error(code: str, message: str, fix: str, ref: ObjectRef | None = None) -> Finding:
    return Finding(Level.ERROR, code, message, fix, ref)


def warning(code: str, message: str, fix: str = "", ref: ObjectRef | None = None) -> Finding:
    return Finding(Level.WARNING, code, message, fix, ref)


def failing(finding: Finding) -> Plan:
    return plan(release(findings=(finding,), objects=(replicas(1, 2),)), seal=None)


def labelled(kind: str, key: str, *, name: str = "podinfo", pods: bool = False) -> ObjectPlan:
    places = ("", "/spec/template") if pods else ("",)
    changes = tuple(
        Change(f"{at}/metadata/labels/{key}", "replace", "podinfo-6.7.0", "podinfo-6.14.1") for at in places
    )
    return ObjectPlan(
        ObjectRef("v1", kind, "web", name),
        "update",
        changes,
        before=manifest(name, {"a": 1}, kind),
        after=manifest(name, {"a": 2}, kind),
    )


CRD = ObjectRef("apiextensions.k8s.io/v1", "CustomResourceDefinition", "", "certificates.cert-manager.io")

MORE: Mapping[str, Plan] = {
    "a conflict with another manager": failing(
        error(
            "conflict",
            "kubectl-edit owns .spec.replicas, which this release sets too; Helm would stop there.",
            "Take the field out of the values, or give it back with kubectl apply --server-side.",
            deployment(),
        )
    ),
    "an object that another release owns": failing(
        error(
            "adoption",
            "Service web/podinfo exists and belongs to release shop/podinfo.",
            "Uninstall it there, or rename it here.",
            ObjectRef("v1", "Service", "web", "podinfo"),
        )
    ),
    "a kind that is not served": failing(
        error(
            "unknown-kind",
            "The cluster does not serve policy/v1beta1 PodSecurityPolicy: it was removed in Kubernetes 1.25.",
            "Use Pod Security Admission, and take the object out of the chart.",
            ObjectRef("policy/v1beta1", "PodSecurityPolicy", "", "restricted"),
        )
    ),
    "a quota that is exceeded": failing(
        error(
            "quota",
            "exceeded quota: pods, requested: pods=3, used: pods=9, limited: pods=10",
            "Ask for more.",
        )
    ),
    "a release that somebody's crash left pending": failing(
        error(
            "release-pending",
            "Revision 4 is pending-upgrade since 2026-11-01: Helm refuses to upgrade over it.",
            "Roll it back: helm rollback podinfo 3 -n web.",
        )
    ),
    "a chart that does not render": plan(
        release(
            findings=(
                error(
                    "render-failed",
                    'podinfo/templates/deployment.yaml:14:20: executing "x" at <.Values.image>: nil pointer',
                    "Set image.tag.",
                ),
            )
        ),
        complete=False,
        seal=None,
    ),
    "CRDs that Helm leaves as they are": plan(
        release(
            "cert-manager",
            risk=Risk.MEDIUM,
            findings=(
                warning(
                    "crds-not-upgraded",
                    "crds/ of the chart differs from the cluster in 3 fields; Helm never upgrades it.",
                    "Apply the CRDs by hand before the merge.",
                    CRD,
                ),
            ),
        )
    ),
    "a deleted CRD and what goes with it": plan(
        release(
            action="uninstall",
            chart_to=None,
            risk=Risk.HIGH,
            findings=(warning("deletes-data", "42 objects of kind Certificate go with it.", "", CRD),),
            objects=(ObjectPlan(CRD, "delete", (Change("", "remove"),), before={"kind": CRD.kind}),),
        )
    ),
    "only random values change": plan(
        release(
            objects=(ObjectPlan(ObjectRef("v1", "Secret", "web", "ca"), "update", noise=("/data/ca.crt",)),)
        )
    ),
    "a chart that goes back": plan(
        release(chart_from="6.14.1", chart_to="6.7.0", risk=Risk.MEDIUM, objects=(replicas(2, 1),))
    ),
    "an upgrade that touches no object": plan(release()),
    "most objects change only in labels": plan(
        release(
            objects=(
                replicas(1, 2),
                labelled("Service", "helm.sh~1chart"),
                labelled("Deployment", "helm.sh~1chart", name="worker|`x`", pods=True),
                labelled("ConfigMap", "app.kubernetes.io~1version"),
            )
        )
    ),
    "a namespace that comes with the release": plan(
        release(
            action="install",
            chart_from=None,
            revision_from=None,
            findings=(Finding(Level.INFO, "stand-in", "Namespace web does not exist yet."),),
            objects=(
                ObjectPlan(
                    ObjectRef("v1", "Namespace", "", "web"),
                    "create",
                    after={"kind": "Namespace", "apiVersion": "v1"},
                ),
            ),
        )
    ),
    "names in other scripts": plan(
        release("größe-café", namespace="区域", objects=(replicas(1, 2, "größe-café"),)),
    ),
    "more findings than a note lists": plan(
        release(findings=tuple(warning("image-tag", f"Container c{n} has no fixed tag.") for n in range(60)))
    ),
    "a value of many lines changes in the middle": plan(
        release(
            objects=(
                ObjectPlan(
                    ObjectRef("v1", "ConfigMap", "web", "conf"),
                    "update",
                    (Change("/data/a.conf", "replace", "", ""),),
                    before={
                        "kind": "ConfigMap",
                        "data": {"a.conf": "".join(f"line {n}\n" for n in range(40))},
                    },
                    after={
                        "kind": "ConfigMap",
                        "data": {"a.conf": "".join(f"line {n}{'!' if n == 20 else ''}\n" for n in range(40))},
                    },
                ),
            )
        )
    ),
    "an object that is made anew": plan(
        release(
            objects=(
                ObjectPlan(
                    deployment(),
                    "replace",
                    (Change("/spec/selector/matchLabels/app", "replace", "a", "b"),),
                    before=manifest("podinfo", {"selector": {"matchLabels": {"app": "a"}}}),
                    after=manifest("podinfo", {"selector": {"matchLabels": {"app": "b"}}}),
                ),
            )
        )
    ),
    "a plan of no releases": plan(),
}
