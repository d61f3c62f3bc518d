"""Numbers of a helmfile, as templates print them and as Helm is given them."""

import pytest

from bot.core.layouts import read
from tests.core.layouts.tree import Tree, catalogue, release, target


@pytest.mark.parametrize(
    ("written", "printed"),
    [
        ("1e6", "1e+06"),
        ("1000000", "1000000"),
        ("2.0", "2"),
        ("1.5", "1.5"),
        ("-3e20", "-3e+20"),
        ("0x10", "16"),
    ],
)
def test_an_environments_number_is_printed_as_go_prints_it(written: str, printed: str) -> None:
    text = (
        f"environments: {{default: {{values: [{{n: {written}}}]}}}}\n---\n"
        "releases: [{name: web, namespace: a, chart: ./c, values: [{n: {{ .Values.n | quote }}}]}]\n"
    )
    state = read(Tree({"helmfile.yaml.gotmpl": text, "c/Chart.yaml": "name: c"}), target(), catalogue())
    assert [one.message for one in state.findings] == []
    assert release(state, "web").values == {"n": printed}


def test_helm_is_given_numbers_of_json() -> None:
    text = "releases: [{name: web, namespace: a, chart: ./c, values: [{n: 1e6, m: [2.0, 1.5]}]}]\n"
    state = read(Tree({"helmfile.yaml": text, "c/Chart.yaml": "name: c"}), target(), catalogue())
    values = release(state, "web").values
    assert repr(values["n"]) == "1000000"
    assert repr(values["m"]) == "[2, 1.5]"
