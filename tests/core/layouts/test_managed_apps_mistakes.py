"""What a person reads after a mistake in config.yaml."""

import pytest

from bot.core.errors import AuthorError
from bot.core.layouts import read
from bot.core.model import Level
from tests.core.layouts.tree import Tree, catalogue, codes, target

CONFIG = ".gitlab/managed-apps/config.yaml"


@pytest.mark.parametrize(
    ("config", "code", "said"),
    [
        ("celium: {installed: true}", "unknown-app", f"{CONFIG}:1: `celium` is no app that is known."),
        ('cilium:\n  installed: "yes"', "not-a-boolean",
         f'{CONFIG}:2: `installed` takes true or false, not the text "yes".'),
        ("cilium: true", "not-a-mapping",
         f"{CONFIG}:1: `cilium` takes `installed: true` or `installed: false` below it, not true."),
        ("cilium:", "not-a-mapping",
         f"{CONFIG}:1: `cilium` takes `installed: true` or `installed: false` below it, not nothing."),
        ("ingress:\n  installed: true\n  waff: {}", "unknown-option",
         f"{CONFIG}:3: `waff` is no option of ingress."),
        ("ingress:\n  installed: true\n  waf: {blockin: true}", "unknown-option",
         f"{CONFIG}:3: `blockin` is no option of ingress."),
        ("ingress:\n  installed: true\n  waf: on", "not-a-mapping",
         f"{CONFIG}:3: `waf` takes a mapping, not true."),
        ("certManager: {installed: true, issuer: {email: 3}}", "not-a-text",
         f"{CONFIG}:1: `email` takes a text, not the number 3."),
        ("clusterType: azure", "unknown-cluster-type",
         f'{CONFIG}:1: `clusterType` is gke, eks or blank, not the text "azure".'),
        ("cilium: {installed: true}\nCILIUM: {installed: false}", "duplicate-app",
         f"{CONFIG}:2: `CILIUM` and `cilium` are the same app."),
    ],
)  # fmt: skip
def test_a_mistake_is_a_finding_with_file_line_and_what_was_expected(
    config: str, code: str, said: str
) -> None:
    found = read(Tree({CONFIG: config}), target(), catalogue())
    errors = [one for one in found.findings if one.level is Level.ERROR]
    assert [(one.code, one.message) for one in errors] == [(code, said)]


def test_a_misspelt_app_gets_the_nearest_known_key() -> None:
    found = read(Tree({CONFIG: "certmanger: {installed: true}"}), target(), catalogue())
    assert found.findings[0].fix == "Did you mean `certManager`?"


def test_every_mistake_of_a_file_is_listed_and_the_rest_is_read() -> None:
    config = (
        'celium: {}\ningress: {installed: "no"}\ncertManager: []\ncilium: {installed: true}\nrunner: {}\n'
    )
    found = read(Tree({CONFIG: config}), target(), catalogue())
    assert codes(found) == ["unknown-app", "not-a-boolean", "not-a-mapping", "installed-missing"]
    assert [one.name for one in found.releases] == ["cilium"]


def test_a_repeated_key_is_a_warning() -> None:
    found = read(
        Tree({CONFIG: "cilium: {installed: true}\ncilium: {installed: false}\n"}), target(), catalogue()
    )
    assert codes(found) == ["duplicate-key"]
    assert not found.releases[0].installed


@pytest.mark.parametrize(
    ("values", "code"),
    [("- a\n", "values-not-a-map"), ("a:\n\t- b\n", "yaml"), ("a: &a [*a]\n", "yaml")],
)
def test_a_broken_values_file_keeps_its_release_out_and_is_an_error(values: str, code: str) -> None:
    files = {CONFIG: "cilium: {installed: true}", ".gitlab/managed-apps/cilium/values.yaml": values}
    found = read(Tree(files), target(), catalogue())
    assert codes(found) == [code]
    assert found.findings[0].message.startswith(".gitlab/managed-apps/cilium/values.yaml:")
    assert found.releases == ()


@pytest.mark.parametrize(("moved", "code"), [("gone.yaml", "values-missing"), ("../x.yaml", "path-escape")])
def test_a_values_file_that_was_moved_has_to_be_there(moved: str, code: str) -> None:
    found = read(
        Tree({CONFIG: "cilium: {installed: true}"}),
        target(variables={"CILIUM_VALUES_FILE": moved}),
        catalogue(),
    )
    assert codes(found) == [code]


@pytest.mark.parametrize(
    ("config", "code", "said"),
    [
        ("", "empty", f"{CONFIG}: This file is empty; it should hold the apps of the cluster"),
        ("# nothing\n", "empty", f"{CONFIG}: This file is empty"),
        ("\n- cilium\n", "not-a-mapping", f"{CONFIG}:2: This file holds a list; it should hold the apps"),
        ("cilium:\n\tinstalled: true\n", "yaml", f"{CONFIG}:2: This line is indented with a tab"),
    ],
    ids=["empty", "only comments", "a list", "tabs"],
)
def test_a_file_that_cannot_be_read_at_all_raises(config: str, code: str, said: str) -> None:
    with pytest.raises(AuthorError) as caught:
        read(Tree({CONFIG: config}), target(), catalogue())
    assert caught.value.code == code
    assert str(caught.value).startswith(said)
