"""The catalogue of apps as data."""

import pytest

from bot.core.errors import AuthorError, Where
from bot.core.layouts import parse_catalogue
from bot.core.model import ChartInCheckout, ChartInRepository
from tests.core.layouts.tree import CATALOGUE_TEXT, catalogue

X = "version: 1\napps:\n  x: "


def test_an_override_says_only_what_differs() -> None:
    found = catalogue("version: 1\napps: {cilium: {version: 2.0.0, values: {audit: false}}}\n")
    cilium = found.apps["cilium"]
    assert cilium.chart == ChartInRepository("https://helm.example.com", "cilium", "2.0.0")
    assert cilium.values == {"audit": False, "hubble": {"enabled": True}}


def test_a_path_replaces_a_repository_and_the_other_way_round() -> None:
    found = catalogue(
        "version: 1\napps: {cilium: {path: charts/mine}}\n",
        "version: 1\napps: {runner: {repository: 'https://x.example.com', chart: runner, version: 1.0.0}}\n",
    )
    assert found.apps["cilium"].chart == ChartInCheckout("charts/mine")
    assert found.apps["runner"].chart == ChartInRepository("https://x.example.com", "runner", "1.0.0")


def test_an_override_may_add_an_app_and_take_one_out() -> None:
    found = catalogue("version: 1\nnamespace: ours\napps: {cilium: null, mine: {path: charts/mine}}\n")
    assert "cilium" not in found.apps
    assert (found.apps["mine"].release, found.apps["mine"].namespace) == ("mine", "ours")


def test_the_hosts_of_its_charts_can_be_asked_for() -> None:
    assert catalogue().hosts == {"helm.example.com", "charts.example.com", "registry.example.com"}


def test_the_variable_that_moves_a_values_file_is_named_after_its_directory() -> None:
    assert catalogue().apps["certManager"].values_variable == "CERT_MANAGER_VALUES_FILE"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("apps: {}", "c.yaml:1: A catalogue starts with `version: 1`."),
        ("version: 1\nappz: {}", "c.yaml:2: `appz` is not known here. Did you mean `apps`?"),
        ("version: 1\napps:\n  x: [1]", "c.yaml:3: An app is a mapping."),
        (X + "{path: a, chart: b}", "c.yaml:3: `path` stands alone"),
        (X + "{repository: a, chart: b, version: ^1}", "c.yaml:3: `version` is one exact version"),
        (X + "{chart: b}", "c.yaml:3: `repository` takes a text, not nothing."),
        (X + "{path: a, values: 3}", "c.yaml:3: `values` takes a mapping, not the number 3."),
        (X + "{path: a, wait: soon}", "c.yaml:3: `wait` takes true or false"),
        (X + "{path: a, timeout: 0}", "c.yaml:3: `timeout` is a number of seconds."),
        (X + "{path: a, clusterTypes: {aks: {}}}", "c.yaml:3: `clusterTypes` maps gke, eks"),
        (X + "\n    path: a\n    options: {o: {type: list}}", "c.yaml:5: `type` is boolean or text"),
        (X + "{path: a, companions: [{release: r, path: b, when: o}]}",
         "c.yaml:3: `o` is no option of this app."),
        (X + "{path: a, variables: {V: 1}}", "c.yaml:3: `variables.V` takes a dotted path"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_catalogue_raises_with_its_place(text: str, said: str) -> None:
    with pytest.raises(AuthorError) as caught:
        parse_catalogue(text, Where("c.yaml"))
    assert str(caught.value).startswith(said)
    assert caught.value.code == "catalogue"


def test_a_mistake_in_an_override_names_the_overrides_file() -> None:
    with pytest.raises(AuthorError, match=r"own0.yaml:2: `chrat` is not known here"):
        catalogue("version: 1\napps: {cilium: {chrat: x}}\n")
    assert CATALOGUE_TEXT.startswith("\nversion: 1")
