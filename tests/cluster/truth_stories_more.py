"""Changes beyond plain objects: hooks, kept and deleted objects, secrets, random values, namespaces, CRDs."""

from typing import Any

from tests.cluster.api import Api
from tests.cluster.truth_bench import Story
from tests.cluster.truth_stories import DEPLOYMENTS, MAPS, config, delete, deployment, files, patch, service

KEEP = "annotations: {helm.sh/resource-policy: keep}"


def noted(name: str, annotations: str, data: str = "a: '1'") -> str:
    return config(name, data, annotations="{" + annotations + "}")


def hook(name: str, events: str, more: str = "", data: str = "a: '1'") -> str:
    return noted(name, f"helm.sh/hook: '{events}'{more}", data)


SUCCEEDED = ", helm.sh/hook-delete-policy: hook-succeeded"
BOTH = ", helm.sh/hook-delete-policy: 'before-hook-creation,hook-succeeded'"
FAILED_ONLY = ", helm.sh/hook-delete-policy: hook-failed"


def secret(name: str = "s", data: str = "stringData: {password: hunter22}") -> str:
    return f"apiVersion: v1\nkind: Secret\nmetadata: {{name: {name}}}\n{data}\n"


RANDOM = secret(data="stringData: {password: '{{ randAlphaNum 20 }}', user: admin}")


def crd(extra: str = "", kind: str = "Thing", scope: str = "Namespaced") -> str:
    plural = kind.lower() + "s"
    return f"""apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {{name: {plural}.{{ns}}.truth}}
spec:
  group: "{{ns}}.truth"
  names: {{kind: {kind}, plural: {plural}, singular: {kind.lower()}, listKind: {kind}List}}
  scope: {scope}
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec: {{type: object, properties: {{size: {{type: integer}}{extra}}}}}
"""


def thing(spec: str = "size: 1", name: str = "one") -> str:
    return f"apiVersion: '{{ns}}.truth/v1'\nkind: Thing\nmetadata: {{name: {name}}}\nspec: {{{spec}}}\n"


DELETIONS = [
    Story(
        "an object that says keep is kept when the chart gives it up",
        files(config(), noted("kept", "helm.sh/resource-policy: keep")),
        files(config()),
        says=("kept",),
    ),
    Story(
        "the live object says whether it is kept at an upgrade",
        files(config(), config("kept")),
        files(config()),
        touch=patch(MAPS + "/kept", {"metadata": {"annotations": {"helm.sh/resource-policy": "keep"}}}),
        says=("kept",),
    ),
    Story(
        "another value than keep does not keep at an upgrade",
        files(config(), noted("goes", "helm.sh/resource-policy: delete")),
        files(config()),
        actions={"ConfigMap/goes": "delete"},
    ),
    Story(
        "an uninstall deletes what the manifest has",
        files(config(), deployment(), service()),
        None,
        actions={"Deployment/web": "delete", "Service/web": "delete"},
    ),
    Story(
        "an uninstall keeps what the manifest marks, with any value",
        files(config(), noted("kept", "helm.sh/resource-policy: delete")),
        None,
        says=("kept",),
    ),
    Story(
        "an uninstall does not look at the live object's mark",
        files(config(), config("goes")),
        None,
        touch=patch(MAPS + "/goes", {"metadata": {"annotations": {"helm.sh/resource-policy": "keep"}}}),
        actions={"ConfigMap/goes": "delete"},
    ),
    Story(
        "an uninstall of what is gone already", files(config(), config("b")), None, touch=delete(MAPS + "/b")
    ),
    Story("uninstalling what is not installed is nothing", None, None, action="none"),
    Story(
        "an object that becomes another version of its kind stays",
        files(
            "apiVersion: autoscaling/v1\n"
            + (
                hpa := """kind: HorizontalPodAutoscaler
metadata: {name: web}
spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, maxReplicas: 2}
"""
            )
        ),
        files("apiVersion: autoscaling/v2\n" + hpa.replace("maxReplicas: 2", "maxReplicas: 3")),
        actions={"HorizontalPodAutoscaler/web": "update"},
    ),
]

HOOKS = [
    Story("a hook at the install is created", None, files(config(), hook("h", "pre-install"))),
    Story("a hook of another event does not run", None, files(config(), hook("h", "pre-upgrade"))),
    Story("test hooks never run", None, files(config(), hook("h", "test"))),
    Story(
        "a hook that removes itself leaves nothing",
        None,
        files(config(), hook("h", "post-install", SUCCEEDED)),
    ),
    Story(
        "a hook at the upgrade replaces the old one",
        files(config(), hook("h", "pre-install,pre-upgrade")),
        files(config(), hook("h", "pre-install,pre-upgrade", data="b: '2'")),
        actions={"ConfigMap/h": "replace"},
    ),
    Story(
        "a hook that removes itself and stood before",
        files(config(), hook("h", "pre-install")),
        files(config(), hook("h", "post-upgrade", BOTH)),
        actions={"ConfigMap/h": "delete"},
    ),
    Story(
        "without before-hook-creation Helm applies over the old hook",
        files(config(), hook("h", "pre-install", FAILED_ONLY)),
        files(config(), hook("h", "pre-upgrade", FAILED_ONLY, data="b: '2'")),
        actions={"ConfigMap/h": "update"},
    ),
    Story(
        "a hook left out stays behind",
        files(config(), hook("h", "pre-install")),
        files(config(data="b: '2'")),
    ),
    Story(
        "an object that becomes a hook before the upgrade ends deleted",
        files(config(), config("h")),
        files(config(), hook("h", "pre-upgrade")),
        says=("hook-deleted",),
        actions={"ConfigMap/h": "delete"},
    ),
    Story(
        "an object that becomes a hook after the upgrade is made anew",
        files(config(), config("h")),
        files(config(), hook("h", "post-upgrade", data="c: '3'")),
        actions={"ConfigMap/h": "replace"},
    ),
    Story(
        "a hook that becomes an object fails",
        files(config(), hook("h", "pre-install")),
        files(config(), config("h")),
        fails="adoption",
    ),
    Story(
        "hooks of an uninstall",
        files(config(), hook("h", "pre-delete"), hook("i", "post-delete", SUCCEEDED)),
        None,
    ),
    Story(
        "a hook that the API server refuses",
        files(config()),
        files(config(), hook("h", "pre-upgrade").replace("\ndata:", "\ndataa:")),
        fails="unknown-field",
    ),
]

VALUES = [
    Story(
        "a secret's change is seen", files(secret()), files(secret(data="stringData: {password: other123}"))
    ),
    Story(
        "a secret as data instead of stringData is no change",
        files(secret(), config("v")),
        files(secret(data="data: {password: aHVudGVyMjI=}"), config("v", "b: '1'")),
        actions={"Secret/s": "unchanged"},
    ),
    Story("random values are noise", files(RANDOM), files(RANDOM, config()), actions={"Secret/s": "update"}),
    Story("random values alone are no upgrade", files(RANDOM), files(RANDOM), version="1.0.0", action="none"),
    Story(
        "a random name is created and deleted each time",
        files(config("run-{{ randAlphaNum 5 | lower }}")),
        files(config("run-{{ randAlphaNum 5 | lower }}"), config()),
    ),
    Story(
        "values decide",
        files("{{ if .Values.on }}" + config("is-on") + "{{ else }}" + config("is-off") + "{{ end }}"),
        files("{{ if .Values.on }}" + config("is-on") + "{{ else }}" + config("is-off") + "{{ end }}"),
        values=({"on": False}, {"on": True}),
        actions={"ConfigMap/is-on": "create", "ConfigMap/is-off": "delete"},
    ),
    Story(
        "the revision and the upgrade are known to the chart",
        files(config(data="r: '{{ .Release.Revision }}{{ .Release.IsUpgrade }}'")),
        files(config(data="r: '{{ .Release.Revision }}{{ .Release.IsUpgrade }}'")),
    ),
    Story(
        "a list is taken apart",
        files(config()),
        files(
            "apiVersion: v1\nkind: List\nitems:\n- "
            + config().replace("\n", "\n  ").rstrip()
            + "\n- "
            + config("b").replace("\n", "\n  ").rstrip()
        ),
        actions={"ConfigMap/b": "create"},
    ),
    Story(
        "of an object rendered twice the last one wins",
        files(config()),
        files(config(data="a: '2'"), config(data="b: '3'")),
    ),
    Story(
        "a null takes a default away, or not",
        files(deployment()),
        files(deployment(more="  minReadySeconds: null\n  progressDeadlineSeconds: null\n")),
    ),
]


def fail_halfway(api: Api, namespace: str) -> None:
    patch(DEPLOYMENTS + "/web", {"spec": {"paused": True}}, "somebody")(api, namespace)


PLACES: list[Any] = [
    Story(
        "a namespace that the release creates",
        None,
        files(config(), deployment(), service()),
        options={"create_namespace": True},
        namespace="{ns}-new",
        says=("stand-in",),
        actions={"Namespace/{ns}-new": "create"},
    ),
    Story(
        "an install marks an existing namespace with its name",
        None,
        files(config()),
        options={"create_namespace": True},
        actions={"Namespace/{ns}": "update"},
    ),
    Story(
        "a namespace that is missing and not created",
        None,
        files(config()),
        namespace="{ns}-new",
        fails="namespace-missing",
    ),
    Story(
        "a namespace in the chart and what is in it",
        files(config()),
        files(
            config(),
            "apiVersion: v1\nkind: Namespace\nmetadata: {name: '{ns}-b'}\n",
            config("inside", namespace="'{ns}-b'"),
            deployment("within").replace("name: within\nspec", "name: within\n  namespace: '{ns}-b'\nspec"),
        ),
        actions={"ConfigMap/inside": "create"},
    ),
    Story(
        "an object in another namespace",
        files(config()),
        files(
            config(), config("other", namespace="default", labels="{truth: '{ns}'}").replace("other", "{ns}")
        ),
    ),
    Story(
        "cluster-scoped objects with a namespace written in",
        files(config()),
        files(
            config(),
            "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\n"
            "metadata: {name: '{ns}', namespace: '{ns}'}\nrules: []\n",
        ),
        actions={"ClusterRole/{ns}": "create"},
    ),
]

CRDS = [
    Story(
        "crds/ and its resources at an install",
        None,
        {"crds/thing.yaml": crd(), **files(config(), thing())},
        says=("not-checked",),
    ),
    Story(
        "crds/ is not upgraded, and the new field fails",
        {"crds/thing.yaml": crd(), **files(thing())},
        {"crds/thing.yaml": crd(", color: {type: string}"), **files(thing("size: 1, color: red"))},
        fails="unknown-field",
        says=("crds-not-upgraded",),
    ),
    Story(
        "crds/ is not upgraded, and it is said",
        {"crds/thing.yaml": crd(), **files(thing())},
        {"crds/thing.yaml": crd(", color: {type: string}"), **files(thing("size: 2"))},
        says=("crds-not-upgraded",),
        actions={"Thing/one": "update"},
    ),
    Story(
        "a CRD and its resource in one upgrade's templates fail",
        files(config()),
        files(config(), crd(), thing()),
        fails="unknown-kind",
    ),
    Story(
        "a CRD that goes takes its resources along",
        files(config(), crd()),
        files(config()),
        says=(),
        actions={"CustomResourceDefinition/things.{ns}.truth": "delete"},
    ),
    Story(
        "an uninstall leaves crds/",
        {"crds/thing.yaml": crd(), **files(thing())},
        None,
        actions={"Thing/one": "delete"},
    ),
]
