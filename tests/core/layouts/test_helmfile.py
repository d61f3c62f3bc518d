# ruff: noqa: E501 (files of a checkout, a line each)
"""The layout helmfile: what is read is what helmfile hands to Helm."""

import pytest

from bot.core.layouts import read
from bot.core.model import ChartInCheckout, ChartInRegistry, ChartInRepository, DesiredState, Level
from tests.core.layouts.helmfile_cases import CASES, CHART, CHART_TEXT, SETS, Case
from tests.core.layouts.tree import Tree, catalogue, codes, release, target


def state(files: dict[str, str], variables: dict[str, str] | None = None, **fields: object) -> DesiredState:
    tree = Tree({CHART: CHART_TEXT, **files})
    return read(tree, target(variables=variables or {}, **fields), catalogue())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_helmfile_is_read_as_helmfile_reads_it(case: Case) -> None:
    found = state(dict(case.files), dict(case.variables))
    assert [f.message for f in found.findings if f.level is not Level.INFO] == []
    assert {one.key: one.values if one.installed else None for one in found.releases} == case.wanted
    assert found.layout == "helmfile"


def test_values_that_are_set_follow_the_rules_of_helms_set() -> None:
    found = state({"helmfile.yaml": SETS, "text.txt": "from a file\n"})
    assert codes(found) == []
    assert release(found, "app").values == {
        "list": [{"a": 1}, {"a": "x"}],
        "keep": 1,
        "a": {"b": "1.10"},
        "number": 12,
        "flag": True,
        "nothing": None,
        "many": [1, "two", True],
        "dotted.key": "a,b{c}",
        "text": "from a file\n",
        "zero": "007",
        "number2": "12",
    }


DEFAULTS = """helmDefaults: {wait: true, atomic: true, timeout: 600, createNamespace: false}
repositories:
- {name: stable, url: "https://charts.example.com/"}
- {name: registry, url: registry.example.com/charts, oci: true}
releases:
- {name: one, namespace: a, chart: stable/podinfo, version: 6.14.1, needs: [two, b/three]}
- {name: two, namespace: a, chart: registry/sub/podinfo, version: 1.0.0, wait: false, timeout: 30}
- {name: three, namespace: b, chart: "oci://r.example.com/x/podinfo", version: v2.0.0, atomic: false}
- {name: four, namespace: b, chart: "oci://r.example.com/x/podinfo:2.1.0", createNamespace: true}
- {name: five, namespace: b, chart: charts/app}
"""


def test_charts_and_options_of_releases() -> None:
    found = state({"helmfile.yaml": DEFAULTS})
    assert codes(found) == []
    one, two = release(found, "one"), release(found, "two")
    assert one.chart == ChartInRepository("https://charts.example.com", "podinfo", "6.14.1")
    assert (one.needs, one.wait, one.atomic, one.timeout) == (("a/two", "b/three"), True, True, 600)
    assert (one.create_namespace, str(one.where)) == (False, "helmfile.yaml:6")
    assert two.chart == ChartInRegistry("oci://registry.example.com/charts/sub/podinfo", "1.0.0")
    assert (two.wait, two.atomic, two.timeout) == (False, True, 30)
    assert release(found, "three").chart == ChartInRegistry("oci://r.example.com/x/podinfo", "v2.0.0")
    assert release(found, "three").atomic is False
    assert release(found, "four").chart == ChartInRegistry("oci://r.example.com/x/podinfo", "2.1.0")
    assert release(found, "four").create_namespace is True
    assert release(found, "five").chart == ChartInCheckout("charts/app")


def test_a_base_and_a_nested_helmfile_lend_their_defaults() -> None:
    found = state(
        {
            "helmfile.yaml": "repositories: [{name: r, url: 'https://r.example.com'}]\nhelmDefaults: {wait: true}\n"
            "helmfiles: [{path: sub, inherits: [repositories, helmDefaults]}]\n",
            "sub/helmfile.yaml": "releases: [{name: a, namespace: b, chart: r/c, version: 1.0.0}]\n",
        }
    )
    assert (codes(found), release(found, "a").wait) == ([], True)


def test_a_lock_file_pins_what_the_helmfile_leaves_open() -> None:
    found = state(
        {
            "helmfile.yaml.gotmpl": "repositories: [{name: r, url: 'https://r.example.com'}]\nreleases:\n"
            "- {name: a, namespace: b, chart: r/c, version: ~1.2.0}\n- {name: d, namespace: b, chart: r/e}\n",
            "helmfile.lock": "dependencies:\n- {name: c, repository: x, version: 1.2.9}\n"
            "- {name: e, repository: x, version: 4.0.0}\n",
        }
    )
    assert [one.chart.version for one in found.releases if isinstance(one.chart, ChartInRepository)] == [
        "1.2.9",
        "4.0.0",
    ]


TEMPLATE = """helmDefaults:
  atomic: true
  wait: true

helmfiles:
#    - path: applications/cert-manager/helmfile.yaml
#    - path: applications/ingress/helmfile.yaml
"""


def test_the_cluster_management_template_wants_nothing_at_first() -> None:
    found = state({"helmfile.yaml": TEMPLATE})
    assert found.releases == ()
    assert [(one.level, one.code) for one in found.findings] == [(Level.INFO, "helmfile-empty")]
    assert "helmfile.yaml: No release is wanted here" in found.findings[0].message


def test_one_application_of_the_template_is_read() -> None:
    found = state(
        {
            "helmfile.yaml": TEMPLATE.replace(
                "#    - path: applications/ingress", "    - path: applications/ingress"
            ),
            "applications/ingress/helmfile.yaml": "repositories:\n"
            "- name: ingress-nginx\n  url: https://kubernetes.github.io/ingress-nginx\n\n"
            "releases:\n- name: ingress\n  namespace: gitlab-managed-apps\n"
            "  chart: ingress-nginx/ingress-nginx\n  version: 4.0.17\n  installed: true\n  values:\n"
            "  - values.yaml\n",
            "applications/ingress/values.yaml": "controller: {stats: {enabled: true}}\n",
        }
    )
    one = release(found, "ingress")
    assert (codes(found), one.values_files) == ([], ("applications/ingress/values.yaml",))
    assert one.key == "gitlab-managed-apps/ingress"
    assert (one.atomic, one.wait) == (False, False), "helmfile passes no helmDefaults on without `inherits`"
    assert str(one.where) == "applications/ingress/helmfile.yaml:6"


def test_the_target_names_file_and_environment_by_variables() -> None:
    files = {
        "deploy/main.yaml": "environments: {prod: {}}\n---\nreleases: [{name: a, namespace: b, chart: ../charts/app}]\n"
    }
    named = {"HELMFILE_FILE_PATH": "deploy/main.yaml"}
    assert [f.code for f in state(files, named).findings] == []
    assert state(files, {**named, "HELMFILE_ENVIRONMENT": "prod"}).releases[0].key == "b/a"
    other = state(files, {**named, "HELMFILE_ENVIRONMENT": "test"})
    assert (codes(other), other.releases) == (["helmfile-environment"], ())


def test_the_targets_directory_holds_the_helmfile() -> None:
    found = state(
        {"prod/helmfile.yaml": "releases: [{name: a, namespace: b, chart: ../charts/app}]"}, path="prod"
    )
    assert release(found, "a").chart == ChartInCheckout("charts/app")
