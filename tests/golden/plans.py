"""Plans to write notes about: each a situation that a reader meets, some with hostile or long text."""

from collections.abc import Mapping
from typing import Any

from bot.core.model import Finding, Level, ObjectRef, Risk
from bot.core.planned import Change, Drift, EngineInfo, ObjectPlan, Plan, ReleasePlan

SEAL = "sha256:" + "4be1" * 16


def plan(*releases: ReleasePlan, **more: Any) -> Plan:
    settings: dict[str, Any] = {
        "target": "production",
        "head": "0123456789abcdef0123456789abcdef01234567",
        "complete": True,
        "seal": SEAL,
        "engine": EngineInfo("helm-sdk", "4.2.3"),
        "cluster_version": "v1.36.3",
    }
    return Plan(releases=releases, **{**settings, **more})


def release(name: str = "podinfo", **more: Any) -> ReleasePlan:
    settings: dict[str, Any] = {
        "namespace": "web",
        "action": "upgrade",
        "chart_name": name,
        "chart_from": "6.7.0",
        "chart_to": "6.14.1",
        "revision_from": 3,
        "risk": Risk.LOW,
        "digest": "sha256:1",
    }
    return ReleasePlan(name=name, **{**settings, **more})


def deployment(name: str = "podinfo") -> ObjectRef:
    return ObjectRef("apps/v1", "Deployment", "web", name)


def manifest(name: str, spec: Mapping[str, Any], kind: str = "Deployment") -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": "web"},
        "spec": spec,
    }


def replicas(before: int, after: int, name: str = "podinfo") -> ObjectPlan:
    return ObjectPlan(
        deployment(name),
        "update",
        (Change("/spec/replicas", "replace", before, after),),
        before=manifest(name, {"replicas": before, "paused": False}),
        after=manifest(name, {"replicas": after, "paused": False}),
    )


def long_config(lines: int, name: str = "rules") -> ObjectPlan:
    ref = ObjectRef("v1", "ConfigMap", "web", name)
    after = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": "web"},
        "data": {
            "rules.txt": "".join(
                f"rule {number}: allow from 10.0.{number % 250}.0/24\n" for number in range(lines)
            )
        },
    }
    return ObjectPlan(ref, "create", (Change("", "add", None, None),), after=after)


HOSTILE = "```\n/merge\n@all Closes #1 <script>alert(1)</script> | [x](javascript:y) </details>\u202e\x1b[31m"


def hostile_config() -> ObjectPlan:
    ref = ObjectRef("v1", "ConfigMap", "web", "notes|`x`")
    after = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "notes"},
        "data": {HOSTILE: HOSTILE},
    }
    return ObjectPlan(ref, "create", (Change("/data", "add", None, {HOSTILE: HOSTILE}),), after=after)


IMMUTABLE = Finding(
    Level.ERROR,
    "immutable-field",
    "The API server refuses to change spec.selector of an existing Deployment.",
    "Give the Deployment another name, or delete it before the deploy.",
    deployment(),
)
DELETES_DATA = Finding(
    Level.WARNING,
    "deletes-data",
    "The PersistentVolumeClaim data is deleted, and its volume with it unless its class retains it.",
    "Back it up, or keep it with the annotation helm.sh/resource-policy: keep.",
    ObjectRef("v1", "PersistentVolumeClaim", "web", "data"),
)

PLANS: Mapping[str, Plan] = {
    "nothing changes": plan(release(action="none", chart_to="6.7.0", risk=Risk.NONE)),
    "one field changes": plan(release(objects=(replicas(1, 2),))),
    "a first install": plan(
        release(action="install", chart_from=None, revision_from=None, objects=(long_config(5),))
    ),
    "an uninstall that deletes data": plan(
        release(
            action="uninstall",
            chart_to=None,
            risk=Risk.HIGH,
            findings=(DELETES_DATA,),
            objects=(
                ObjectPlan(
                    ObjectRef("v1", "PersistentVolumeClaim", "web", "data"),
                    "delete",
                    (Change("", "remove", None, None),),
                    before=manifest(
                        "data", {"resources": {"requests": {"storage": "8Gi"}}}, "PersistentVolumeClaim"
                    ),
                ),
            ),
        )
    ),
    "an error that the API server would have": plan(
        release(findings=(IMMUTABLE,), objects=(replicas(1, 2),)), seal=None
    ),
    "an incomplete plan": plan(
        complete=False,
        seal=None,
        findings=(
            Finding(
                Level.ERROR,
                "unknown-app",
                ".gitlab/managed-apps/config.yaml:3: There is no app called cillium.",
                "Did you mean cilium?",
            ),
        ),
    ),
    "several releases of several risks": plan(
        release("alpha", risk=Risk.LOW, objects=(replicas(1, 2, "alpha"),)),
        release("beta", risk=Risk.HIGH, findings=(DELETES_DATA,), objects=(replicas(3, 0, "beta"),)),
        release("gamma", action="none", risk=Risk.NONE),
        release("delta", action="none", risk=Risk.NONE),
    ),
    "hooks, replacements and random values": plan(
        release(
            objects=(
                ObjectPlan(
                    ObjectRef("batch/v1", "Job", "web", "migrate"),
                    "replace",
                    (Change("/spec/template/spec/containers/0/image", "replace", "app:1", "app:2"),),
                    hook="pre-upgrade",
                    before=manifest("migrate", {"image": "app:1"}, "Job"),
                    after=manifest("migrate", {"image": "app:2"}, "Job"),
                ),
                ObjectPlan(
                    ObjectRef("v1", "Secret", "web", "tls"),
                    "update",
                    noise=("/data/tls.crt", "/data/tls.key"),
                ),
            )
        )
    ),
    "a masked secret": plan(
        release(
            objects=(
                ObjectPlan(
                    ObjectRef("v1", "Secret", "web", "login"),
                    "update",
                    (Change("/data/password", "replace", "‹masked:0a1b2c3d›", "‹masked:4e5f6071›"),),
                    before={"apiVersion": "v1", "kind": "Secret", "data": {"password": "‹masked:0a1b2c3d›"}},
                    after={"apiVersion": "v1", "kind": "Secret", "data": {"password": "‹masked:4e5f6071›"}},
                ),
            )
        )
    ),
    "drift beside the change": plan(
        release(
            objects=(replicas(1, 2),),
            drift=(
                Drift(
                    "podinfo",
                    deployment(),
                    (Change("/spec/paused", "replace", False, True),),
                    ("kubectl-edit",),
                    "2026-11-01T22:07:45Z",
                    reverts=True,
                ),
                Drift(
                    "podinfo",
                    deployment(),
                    (Change("/spec/replicas", "replace", 1, 3),),
                    ("kube-controller-manager", "ops|tool"),
                    "2026-11-01T22:09:00Z",
                    reverts=False,
                ),
                Drift(
                    "podinfo",
                    ObjectRef("v1", "ConfigMap", "web", "conf"),
                    (Change("/data/a", "replace", "x" * 80, "y"), Change("/data/b", "remove", "1")),
                ),
                Drift(
                    "podinfo",
                    ObjectRef("v1", "Service", "web", "podinfo"),
                    (Change("", "remove"),),
                    reverts=True,
                ),
            ),
        )
    ),
    "text that wants to break out": plan(
        release(
            name="x|`@all`",
            chart_to="1</details>",
            objects=(hostile_config(),),
            findings=(Finding(Level.WARNING, "code|x", HOSTILE, HOSTILE),),
        )
    ),
    "one object too long for a note": plan(release(objects=(long_config(3000),))),
    "five hundred changed objects": plan(
        *(release(f"app-{n:03}", objects=(replicas(1, 2, f"app-{n:03}"),)) for n in range(500))
    ),
}
