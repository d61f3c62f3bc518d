"""Secret variables of a target: known to maskers, and never said by a layout."""

import pytest

from bot.core.errors import AuthorError
from bot.core.layouts import read, secret_variables
from tests.core.layouts.tree import Tree, catalogue, target

TOKEN = "s3cret-Value-99"


def test_secrets_are_known_by_their_name_or_their_looks() -> None:
    found = secret_variables(
        {
            "DB_PASSWORD": TOKEN,
            "RUNNER": "glpat-abcdefghijklmnopqrst",
            "HELMFILE_ENVIRONMENT": "production-7",
            "PASSWORD": "short",
        }
    )
    assert found == {"DB_PASSWORD": TOKEN, "RUNNER": "glpat-abcdefghijklmnopqrst"}


def test_a_finding_says_the_name_of_the_variable_instead() -> None:
    text = 'releases: [{name: web, namespace: "{{ requiredEnv `DB_PASSWORD` }}!", chart: ./c}]\n'
    files = Tree({"helmfile.yaml.gotmpl": text, "c/Chart.yaml": "name: c\n"})
    state = read(files, target(variables={"DB_PASSWORD": TOKEN}), catalogue())
    assert any("‹DB_PASSWORD›" in one.message for one in state.findings)
    assert TOKEN not in str(state.findings)


def test_an_error_says_the_name_of_the_variable_instead() -> None:
    with pytest.raises(AuthorError) as caught:
        read(Tree({}), target(layout=TOKEN, variables={"DB_PASSWORD": TOKEN}), catalogue())
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize(
    "chart",
    [
        f"https://web:{TOKEN}@charts.example.com/web",
        f"https://{TOKEN}@charts.example.com",
        f"oci://web:{TOKEN}@registry.example.com/web",
        f"web:{TOKEN}@x/web",
        f"git::https://web:{TOKEN}@git.example.com/charts@web?ref=1",
    ],
)
@pytest.mark.parametrize("file", ["releases.yaml", "helmfile.yaml"])
def test_what_is_wrong_with_an_address_is_said_without_the_login_in_it(file: str, chart: str) -> None:
    head = "version: 1\n" if file == "releases.yaml" else ""
    head += f"repositories: [{{name: x, url: '{chart}'}}]\nreleases:\n"
    text = f"{head}  - {{name: web, namespace: a, version: 1.0.0, chart: '{chart}'}}\n"
    text += "  - {name: other, namespace: a, version: 1.0.0, chart: x/web}\n"
    try:
        said = str(read(Tree({file: text}), target(), catalogue()).findings)
    except AuthorError as error:
        said = str(error)
    assert said != "()"
    assert TOKEN not in said
