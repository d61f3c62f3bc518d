"""What a managed-apps project wants."""

import pytest

from bot.core.layouts import read
from bot.core.model import ChartInCheckout, ChartInRegistry, ChartInRepository, DesiredState
from tests.core.layouts.tree import Tree, catalogue, codes, release, target

CONFIG = ".gitlab/managed-apps/config.yaml"


def state(config: str, files: dict[str, str] | None = None, **fields: object) -> DesiredState:
    return read(Tree({CONFIG: config, **(files or {})}), target(**fields), catalogue())


def test_an_installed_app_is_the_catalogues_release() -> None:
    found = state("cilium:\n  installed: true\n")
    one = release(found, "cilium")
    assert (one.namespace, one.installed) == ("gitlab-managed-apps", True)
    assert one.chart == ChartInRepository("https://helm.example.com", "cilium", "1.2.3")
    assert one.values == {"audit": True, "hubble": {"enabled": True}}
    assert str(one.where) == f"{CONFIG}:1"
    assert found.findings == ()


def test_installed_false_uninstalls_and_an_absent_app_is_not_managed() -> None:
    found = state("cilium: {installed: false}\n")
    assert [(one.name, one.installed) for one in found.releases] == [("cilium", False)]


def test_the_cluster_type_chooses_defaults_and_the_users_values_win() -> None:
    found = state(
        "clusterType: gke\ncilium: {installed: true}\n",
        {".gitlab/managed-apps/cilium/values.yaml": "hubble: {enabled: no}\nmode: 0755\n"},
    )
    one = release(found, "cilium")
    assert one.values == {"audit": True, "hubble": {"enabled": False}, "ipam": "kubernetes", "mode": 493}
    assert one.values_files == (".gitlab/managed-apps/cilium/values.yaml",)


def test_a_variable_of_the_target_moves_the_values_file() -> None:
    found = state(
        "certManager: {installed: true}\n",
        {"values/cm.yaml": "x: 1"},
        variables={"CERT_MANAGER_VALUES_FILE": "values/cm.yaml"},
    )
    assert release(found, "certmanager").values == {"x": 1}


def test_a_variable_of_the_target_sets_a_value() -> None:
    found = state("runner: {installed: true}\n", variables={"RUNNER_URL": "https://gitlab.example.com"})
    one = release(found, "runner")
    assert one.values == {"gitlab": {"url": "https://gitlab.example.com"}}
    assert (one.atomic, one.timeout) == (True, 600)


@pytest.mark.parametrize(
    ("options", "values"),
    [
        ("", {}),
        ("waf: {installed: false}", {}),
        ("waf: {installed: true}", {"waf": {"mode": "watch"}}),
        ("waf: {installed: true, blocking: true}", {"waf": {"mode": "block"}}),
    ],
)
def test_options_layer_their_values(options: str, values: object) -> None:
    found = state(f"ingress: {{installed: true, {options}}}\n")
    assert release(found, "ingress").values == values
    assert release(found, "ingress").chart == ChartInRegistry(
        "oci://registry.example.com/charts/ingress", "2.0.0"
    )


def test_an_option_that_lacks_what_it_requires_does_nothing_and_says_so() -> None:
    found = state("ingress: {installed: true, waf: {blocking: true}}\n")
    assert release(found, "ingress").values == {}
    assert codes(found) == ["option-without-effect"]


def test_an_issuer_is_a_second_release_that_needs_the_first() -> None:
    found = state("certManager: {installed: true, issuer: {installed: true, email: ops@example.com}}\n")
    one = release(found, "issuer")
    assert one.needs == ("gitlab-managed-apps/certmanager",)
    assert one.values == {"name": "prod", "acme": {"email": "ops@example.com"}}
    assert release(found, "certmanager").wait


@pytest.mark.parametrize(
    ("config", "issuer"),
    [
        ("{installed: true}", None),
        ("{installed: true, issuer: {installed: false}}", False),
        ("{installed: false, issuer: {installed: true, email: a@b.c}}", False),
    ],
    ids=["unsaid, not managed", "off, uninstalled", "goes with its app"],
)
def test_an_issuer_comes_and_goes_with_its_option(config: str, issuer: bool | None) -> None:
    found = state(f"certManager: {config}\n")
    assert next((one.installed for one in found.releases if one.name == "issuer"), None) is issuer
    assert found.findings == ()


def test_an_issuer_without_an_address_is_an_error() -> None:
    found = state("certManager:\n  installed: true\n  issuer: {installed: true}\n")
    assert codes(found) == ["missing-option"]
    assert [one.name for one in found.releases] == ["certmanager"]


def test_a_project_may_lie_in_a_directory_of_the_checkout() -> None:
    files = {f"clusters/a/{CONFIG}": "runner: {installed: true}\n",
             "clusters/a/.gitlab/managed-apps/runner/values.yaml": "k: 1"}  # fmt: skip
    found = read(Tree(files), target(path="clusters/a"), catalogue())
    assert release(found, "runner").chart == ChartInCheckout("clusters/a/charts/runner")
    assert release(found, "runner").values == {"k": 1}


def test_the_case_of_a_key_is_forgiven_with_a_warning() -> None:
    found = state("Cilium: {installed: true}\n")
    assert [one.name for one in found.releases] == ["cilium"]
    assert [(f.level, f.code) for f in found.findings] == [("warning", "key-case")]
