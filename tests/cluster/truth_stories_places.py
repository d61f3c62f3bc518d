"""Changes by values and random values, of namespaces, and of custom resources."""

import yaml

from tests.cluster.api import Api, ApiError
from tests.cluster.truth_bench import Story
from tests.cluster.truth_stories import config, deployment, files, service
from tests.cluster.truth_stories_more import RANDOM, crd, secret, thing
from tests.cluster.waiting import until

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


PLACES = [
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

OPEN = (
    ", open: {type: object, x-kubernetes-preserve-unknown-fields: true}"
    ", port: {x-kubernetes-int-or-string: true}"
    ", level: {type: string, enum: [a, b], default: a}"
    ", limit: {type: integer, maximum: 5, exclusiveMaximum: true}"
    ", name: {type: string, pattern: '^[a-z]+$'}"
)
CRDS_PATH = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


def older_crd(api: Api, namespace: str) -> None:
    """As another release's `helm install` left it."""
    manifest = yaml.safe_load(crd().replace("{ns}", namespace))
    path = f"{CRDS_PATH}/{manifest['metadata']['name']}"
    api.call("PATCH", f"{path}?fieldManager=helm", manifest, content_type="application/apply-patch+yaml")
    until(lambda: served(api, f"/apis/{namespace}.truth/v1/things"), "the kind to be served")


def served(api: Api, path: str) -> bool:
    try:
        return api.exists(path)
    except ApiError as error:
        if error.status == 429:
            return False
        raise


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
    Story(
        "a resource of crds/ with a field that its CRD lacks",
        None,
        {"crds/thing.yaml": crd(), **files(config(), thing("size: 1, colour: red"))},
        fails="unknown-field",
    ),
    Story(
        "a resource of crds/ with a value of a wrong type",
        None,
        {"crds/thing.yaml": crd(), **files(config(), thing("size: large"))},
        fails="invalid-object",
    ),
    Story(
        "what the CRD fills in or leaves open is no error",
        None,
        {
            "crds/thing.yaml": crd(OPEN),
            **files(config(), thing("open: {x: [1, {y: 2}]}, port: http, level: null, limit: 3, name: abc")),
        },
        says=("not-checked",),
    ),
    Story(
        "a resource of crds/ beyond a bound",
        None,
        {"crds/thing.yaml": crd(OPEN), **files(thing("limit: 5, name: abc"))},
        fails="invalid-object",
    ),
    Story(
        "a resource of crds/ against a pattern",
        None,
        {"crds/thing.yaml": crd(OPEN), **files(thing("name: ABC"))},
        fails="invalid-object",
    ),
    Story(
        "crds/ at an install goes over an older CRD, and its new field is there by then",
        None,
        {"crds/thing.yaml": crd(", color: {type: string}"), **files(thing("size: 1, color: red"))},
        touch=older_crd,
        says=("not-checked",),
        actions={"Thing/one": "create"},
    ),
]
