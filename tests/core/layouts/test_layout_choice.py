"""Which layout a checkout has."""

import pytest

from bot.core.errors import AuthorError
from bot.core.layouts import read
from tests.core.layouts.tree import Tree, catalogue, target

CONFIG = ".gitlab/managed-apps/config.yaml"
APPS = {CONFIG: "cilium: {installed: true}"}
RELEASES = {"releases.yaml": "version: 1\nreleases: []\n"}
HELMFILE = {"helmfile.yaml": "releases: []\n"}


@pytest.mark.parametrize(
    ("files", "layout"),
    [
        (APPS, "managed-apps"),
        (RELEASES, "releases"),
        (HELMFILE, "helmfile"),
        ({"helmfile.yaml.gotmpl": "releases: []\n"}, "helmfile"),
        ({"helmfile.d/a.yaml": "releases: []\n"}, "helmfile"),
    ],
)
def test_the_layout_is_found_by_its_file(files: dict[str, str], layout: str) -> None:
    assert read(Tree(files), target(), catalogue()).layout == layout


def test_a_target_may_say_which_of_two_it_means() -> None:
    assert read(Tree(APPS | RELEASES), target(layout="releases"), catalogue()).layout == "releases"


@pytest.mark.parametrize(
    ("files", "fields", "code", "said"),
    [
        ({}, {}, "layout-missing", f"There is neither {CONFIG} nor helmfile.yaml nor releases.yaml here."),
        ({}, {"path": "a"}, "layout-missing", "a: There is neither"),
        (APPS | RELEASES, {}, "layout-ambiguous", f"{CONFIG} and releases.yaml are here"),
        (APPS | HELMFILE, {}, "layout-ambiguous", f"{CONFIG} and helmfile.yaml are here"),
        (RELEASES | HELMFILE, {}, "layout-ambiguous", "releases.yaml and helmfile.yaml are here"),
        (RELEASES, {"layout": "helmfile"}, "layout-missing", ".: There is no helmfile.yaml"),
        (APPS, {"layout": "kustomize"}, "layout-unsupported", "There is no layout 'kustomize'."),
        (APPS, {"layout": "releases"}, "layout-missing", "releases.yaml: There is no such file."),
        (RELEASES, {"layout": "managed-apps"}, "layout-missing", f"{CONFIG}: There is no"),
        (APPS, {"path": "../other"}, "path-escape", "The path '../other/.gitlab/managed-apps' leaves"),
    ],
)  # fmt: skip
def test_a_checkout_without_a_clear_layout_is_an_error_that_names_files(
    files: dict[str, str], fields: dict[str, object], code: str, said: str
) -> None:
    with pytest.raises(AuthorError) as caught:
        read(Tree(files), target(**fields), catalogue())
    assert caught.value.code == code
    assert str(caught.value).startswith(said)
