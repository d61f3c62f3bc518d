"""The planning identity reads and tries, and writes nothing: every verb of every resource is tried for real.

On a real API server with the chart's own roles, bindings and policy, and the account's own token.
"""

import ssl
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.adapters.cluster.rights import review, try_write
from bot.app.doctor import write_sign
from bot.core.model import Target
from bot.core.rights import EVERYTHING, planning
from tests.chart.attempts import MARK, REVIEWS, Outcome, as_somebody, resources, tried
from tests.chart.cases import values
from tests.chart.conftest import Helm
from tests.chart.planned import planned
from tests.cluster.api import Api, ApiError
from tests.cluster.control_plane import ControlPlane
from tests.cluster.tools import find
from tests.cluster.waiting import until

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]
HOME, WEB, OTHER = "purser", "web", "elsewhere"
SPECIMENS = Path(__file__).parents[1] / "demo_cluster" / "specimens.yaml"
POLICY = "Purser's planning identity may only try, not write"
RBAC = "is forbidden: User"


@pytest.fixture(scope="module")
def cluster(plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> ControlPlane:
    """The chart is installed in `purser`, and a specimen of each kind stands in `web`."""
    for name in (HOME, WEB, OTHER):
        plane.api.call("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
    program = find("helm")
    assert program is not None
    helm = Helm(program, plane.kubeconfig, tmp_path_factory.mktemp("helm"))
    helm.install(HOME, values())
    for specimen in specimens():
        path = place(plane.api, specimen)
        plane.api.call("POST", path.rpartition("/")[0], specimen)
    token = plane.service_account_token(HOME, "purser-plan")
    until(lambda: refused(plane.api_for(token)), "the admission policy to be in force", 60)
    return plane


def refused(api: Api) -> bool:
    """Whether a write that RBAC allows is refused by the policy."""
    try:
        made = {"metadata": {"name": "planner-first"}}
        api.call("POST", f"/api/v1/namespaces/{OTHER}/configmaps", made)
    except ApiError as error:
        return POLICY in str(error)
    return False


def specimens() -> list[dict[str, Any]]:
    """One of each kind; nothing that would change how the server treats others."""
    found: dict[str, dict[str, Any]] = {}
    for it in yaml.safe_load_all(SPECIMENS.read_text(encoding="utf-8")):
        if not it["kind"].endswith("WebhookConfiguration") and it["kind"] not in (
            "ResourceQuota",
            "LimitRange",
        ):
            found.setdefault(it["kind"], it)
    return list(found.values())


def place(api: Api, manifest: dict[str, Any]) -> str:
    """Where the specimen stands."""
    [kind] = [
        it for it in resources(api)
        if (it.api_version, it.kind, it.is_part) == (manifest["apiVersion"], manifest["kind"], False)
    ]  # fmt: skip
    return kind.path(WEB, manifest["metadata"]["name"])


@pytest.fixture(scope="module")
def planner(cluster: ControlPlane) -> Api:
    return cluster.api_for(cluster.service_account_token(HOME, "purser-plan"))


def everything(api: Api) -> dict[str, tuple[str, bool, bool]]:
    """Each object: its uid, whether it is being deleted, whether it bears the planner's mark."""
    found = {}
    for kind in resources(api):
        if kind.is_part or "list" not in kind.verbs or kind.kind in ("Event", "Lease"):
            continue
        plural = kind.base + "/" + kind.name
        for it in api.call("GET", plural)["items"]:
            head = it["metadata"]
            marked = bool(set(MARK) & set(head.get("labels") or {}))
            key = f"{plural} {head.get('namespace', '')}/{head['name']}"
            found[key] = (head.get("uid", ""), "deletionTimestamp" in head, marked)
    return found


def versions(api: Api) -> dict[str, str]:
    """The specimens that no controller touches, at the version that they stand."""
    quiet = [
        it
        for it in specimens()
        if it["kind"] in ("ConfigMap", "Secret", "Role", "RoleBinding", "StorageClass")
    ]
    paths = [place(api, it) for it in quiet]
    return {path: api.call("GET", path)["metadata"]["resourceVersion"] for path in paths}


def attempts(cluster: ControlPlane, planner: Api) -> list[Outcome]:
    of = {(it["apiVersion"], it["kind"]): it for it in specimens()}
    owners = {(it.api_version, it.name): it.kind for it in resources(cluster.api)}
    found: list[Outcome] = []
    for kind in resources(cluster.api):
        owner = owners.get((kind.api_version, kind.name.partition("/")[0]), "")
        found += tried(planner, kind, WEB, of.get((kind.api_version, owner)))
    return found


def test_no_verb_of_any_resource_writes_anything(cluster: ControlPlane, planner: Api) -> None:
    before, stood = everything(cluster.api), versions(cluster.api)
    made = attempts(cluster, planner)
    after = everything(cluster.api)
    assert len(made) > 250
    done = [it.told for it in made if it.status < 400 and it.resource.name not in REVIEWS]
    assert done == []
    assert {it.resource.name for it in made if it.status < 400} <= set(REVIEWS)
    assert {key: it for key, it in before.items() if after.get(key) != it} == {}
    assert [key for key in after if "planner-" in key or after[key][2]] == []
    assert versions(cluster.api) == stood
    policy = {(it.resource.kind, it.verb) for it in made if POLICY in it.words}
    for kind in ("Deployment", "Secret", "ConfigMap", "Service", "Role", "Namespace", "StorageClass"):
        assert {(kind, "create"), (kind, "patch"), (kind, "delete")} <= policy, kind
    whole = [it for it in made if it.verb in ("update", "deletecollection")]
    assert [it.told for it in whole if RBAC not in it.words] == []


def test_the_audit_log_knows_no_write_of_the_planner_either(cluster: ControlPlane, planner: Api) -> None:
    planner.call("POST", f"/api/v1/namespaces/{WEB}/configmaps?dryRun=All", {"metadata": {"name": "tried"}})
    name = f"system:serviceaccount:{HOME}:purser-plan"
    written = [
        f"{it['verb']} {it['requestURI']}"
        for it in cluster.requests()
        if it["user"]["username"] == name
        and it["verb"] not in ("get", "list", "watch")
        and it["responseStatus"]["code"] < 400
        and "dryRun=All" not in it["requestURI"]
        and it["objectRef"]["resource"] not in REVIEWS
    ]
    assert written == []


@pytest.mark.parametrize(
    "part",
    ["pods/exec", "pods/attach", "pods/portforward", "pods/log", "pods/eviction", "pods/binding",
     "pods/ephemeralcontainers", "services/proxy", "nodes/proxy", "serviceaccounts/token",
     "deployments/scale", "statefulsets/scale", "deployments/status", "namespaces/finalize"],
)  # fmt: skip
def test_no_part_of_an_object_is_within_reach(cluster: ControlPlane, planner: Api, part: str) -> None:
    [kind] = [it for it in resources(cluster.api) if it.name == part and not it.group.endswith("beta1")]
    path = kind.path(WEB, "specimen")
    for method in ("GET", "POST"):
        with pytest.raises(ApiError, match="is forbidden: User") as caught:
            planner.call(method, path + "?dryRun=All", {} if method == "POST" else None)
        assert caught.value.status == 403


@pytest.mark.parametrize(
    "who",
    [{"Impersonate-User": "admin"}, {"Impersonate-User": "x", "Impersonate-Group": "system:masters"},
     {"Impersonate-User": "system:serviceaccount:purser:purser-deploy"}],
    ids=str,
)  # fmt: skip
def test_it_cannot_act_in_another_s_name(cluster: ControlPlane, who: dict[str, str]) -> None:
    token = cluster.service_account_token(HOME, "purser-plan")
    trust = ssl.create_default_context(cafile=str(cluster.ca_file))
    assert as_somebody(cluster.server, trust, token, {}) == 200
    assert as_somebody(cluster.server, trust, token, who) == 403


def test_it_cannot_make_itself_mightier_but_can_try_a_chart_s_roles(planner: Api) -> None:
    path = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings"
    binding = {
        "metadata": {"name": "planner-mighty"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"kind": "ServiceAccount", "name": "purser-plan", "namespace": HOME}],
    }
    with pytest.raises(ApiError, match=POLICY):
        planner.call("POST", path, binding)
    assert planner.call("POST", f"{path}?dryRun=All", binding)["roleRef"]["name"] == "cluster-admin"


@pytest.mark.parametrize(
    "kind",
    ["validatingwebhookconfigurations", "mutatingwebhookconfigurations", "validatingadmissionpolicies",
     "validatingadmissionpolicybindings"],
)  # fmt: skip
def test_what_rules_admission_it_may_read_and_not_even_try(planner: Api, kind: str) -> None:
    path = f"/apis/admissionregistration.k8s.io/v1/{kind}"
    assert planner.call("GET", path)["kind"].endswith("List")
    for method, place in (("POST", path), ("DELETE", f"{path}/any"), ("PATCH", f"{path}/any")):
        with pytest.raises(ApiError, match="is forbidden: User"):
            planner.call(
                method, f"{place}?dryRun=All", {"metadata": {"name": "any"}},
                content_type="application/merge-patch+json" if method == "PATCH" else "application/json",
            )  # fmt: skip


async def test_a_plan_of_many_kinds_needs_nothing_more(
    cluster: ControlPlane, planner: Api, tmp_path: Path
) -> None:
    chart = tmp_path / "checkout" / "charts" / "many"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: many\nversion: 1.0.0\n")
    kinds = specimens()
    for it in kinds:
        # Names of the release's own: the specimens in `web` are nobody's release.
        it["metadata"]["name"] = f"many-{it['kind'].lower()}"
    (chart / "templates" / "all.yaml").write_text(yaml.safe_dump_all(kinds))
    release = {"name": "many", "namespace": WEB, "chart": "./charts/many"}
    checkout = tmp_path / "checkout"
    (checkout / "releases.yaml").write_text(yaml.safe_dump({"version": 1, "releases": [release]}))
    token = cluster.service_account_token(HOME, "purser-plan")
    kubeconfig = cluster.kubeconfig_for("planner-of-many", token)
    before = everything(cluster.api)
    plan = await planned(kubeconfig, checkout, tmp_path)
    [made] = plan["releases"]
    assert [it for it in made["findings"] if it["level"] == "error"] == []
    assert plan["complete"] is True
    created = {it["kind"] for it in made["objects"] if it["action"] == "create"}
    assert created == {it["kind"] for it in kinds}
    assert everything(cluster.api) == before


async def test_the_doctor_finds_that_the_planner_has_what_planning_needs(
    cluster: ControlPlane, planner: Api
) -> None:
    token = cluster.service_account_token(HOME, "purser-plan")
    kubeconfig = cluster.kubeconfig_for("planner-reviewed", token)
    found = await review(Target("production", "a/b", kubeconfig=str(kubeconfig)), [*planning(), EVERYTHING])
    assert found.denied == (EVERYTHING,)


async def test_the_doctor_sees_its_real_write_refused_by_the_policy(cluster: ControlPlane) -> None:
    token = cluster.service_account_token(HOME, "purser-plan")
    kubeconfig = cluster.kubeconfig_for("planner-that-writes", token)
    tried = await try_write(Target("production", "a/b", kubeconfig=str(kubeconfig)), WEB)
    sign = write_sign("production", WEB, tried.status, tried.words, name=tried.name, left=tried.left)
    assert (sign.state, tried.status, POLICY in sign.said) == ("well", 403, True)
    found = cluster.api.call("GET", f"/api/v1/namespaces/{WEB}/configmaps")["items"]
    assert [it for it in found if it["metadata"]["name"] == tried.name] == []


def test_it_reads_warnings_about_what_does_not_come_up(planner: Api) -> None:
    assert planner.call("GET", f"/api/v1/namespaces/{WEB}/events")["kind"] == "EventList"


def test_it_reads_every_secret_and_no_token_of_another_account(planner: Api) -> None:
    """Release records are Secrets, so this is what a plan costs; docs/security.md says so."""
    assert planner.call("GET", f"/api/v1/namespaces/{WEB}/secrets/specimen")["data"]["b"] == "Yg=="
    with pytest.raises(ApiError, match="is forbidden: User"):
        planner.call("POST", f"/api/v1/namespaces/{HOME}/serviceaccounts/purser-plan/token?dryRun=All", {})
