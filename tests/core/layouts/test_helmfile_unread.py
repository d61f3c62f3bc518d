# ruff: noqa: E501 (files of a checkout, a line each)
"""What of a helmfile cannot be read is named with its place, and what is beside it is read all the same."""

import pytest

from bot.core.errors import AuthorError
from bot.core.layouts import read
from bot.core.model import DesiredState, Level
from tests.core.layouts.helmfile_cases import CHART, CHART_TEXT
from tests.core.layouts.tree import Tree, catalogue, codes, target

BESIDE = "- {name: beside, namespace: web, chart: ./charts/app}\n"


def state(files: dict[str, str], **fields: object) -> DesiredState:
    return read(Tree({CHART: CHART_TEXT, **files}), target(**fields), catalogue())


def one_release(line: str, files: dict[str, str] | None = None, name: str = "helmfile.yaml") -> DesiredState:
    text = f"releases:\n{BESIDE}- name: app\n  namespace: web\n  chart: ./charts/app\n  {line}\n"
    return state({name: text, **(files or {})})


@pytest.mark.parametrize(
    ("line", "place", "said"),
    [
        ("postRenderer: ./x.sh", "helmfile.yaml:6", "`postRenderer` is not followed"),
        ("jsonPatches: [{a: 1}]", "helmfile.yaml:6", "`jsonPatches` is not followed"),
        ("strategicMergePatches: [x.yaml]", "helmfile.yaml:6", "`strategicMergePatches` is not"),
        ("transformers: [x.yaml]", "helmfile.yaml:6", "`transformers` is not followed"),
        ("dependencies: [{chart: x/y}]", "helmfile.yaml:6", "`dependencies` is not followed"),
        ("reuseValues: true", "helmfile.yaml:6", "`reuseValues` is not followed"),
        ("forceNamespace: x", "helmfile.yaml:6", "`forceNamespace` is not followed"),
        ("secrets: [secret.yaml]", "helmfile.yaml:6", "The encrypted values of `secrets` are not decrypted"),
        ("values: [{a: {b: 'ref+vault://x/y#/z'}}]", "helmfile.yaml:6", "`ref+vault://…` is a reference"),
        ("values: [{a: 2020-01-01}]", "helmfile.yaml:6", "`2020-01-01` is a date"),
        ("values: ['git::https://u:p@example.com/x.git@v.yaml?ref=1']", "helmfile.yaml:6",
         "This values file comes from elsewhere (`git::https://example.com/x.git@v.yaml`)"),
        ("values: ['https://example.com/v.yaml']", "helmfile.yaml:6", "comes from elsewhere"),
        ("values: [plain.yaml]", "plain.yaml", "`ref+awsssm://…` is a reference"),
        ("values: [exec.yaml.gotmpl]", "exec.yaml.gotmpl:2", "`exec` is not run: it runs a program"),
        ("values: [time.yaml.gotmpl]", "time.yaml.gotmpl:1", "`now` is not run"),
        ("values: [env.yaml.gotmpl]", "env.yaml.gotmpl:3", "the variable TOKEN is not among the target's"),
        ("values: [own.yaml.gotmpl]", "own.yaml.gotmpl:1", "the function `semver` is not known"),
        ("env: [{name: a, value: TOKEN}]", "helmfile.yaml:6", "The variable TOKEN is not among"),
        ("kubeContext: other", "helmfile.yaml:6", "goes to the context other"),
    ],
)  # fmt: skip
def test_only_the_release_is_left_out_and_its_feature_is_named(line: str, place: str, said: str) -> None:
    files = {
        "secret.yaml": "a: ENC[x]\n",
        "plain.yaml": "a: ref+awsssm://x\n",
        "exec.yaml.gotmpl": 'a: 1\nb: {{ exec "sh" (list "-c" "id") | trim | quote }}\n',
        "time.yaml.gotmpl": 'a: {{ now | date "2006" }}\n',
        "env.yaml.gotmpl": 'a: 1\n\nb: {{ requiredEnv "TOKEN" | b64enc }}\n',
        "own.yaml.gotmpl": 'a: {{ semver "1.2.3" }}\n',
    }
    found = one_release(line, files)
    assert [(one.level, one.code) for one in found.findings] == [(Level.ERROR, "helmfile-unsupported")]
    assert found.findings[0].message.startswith(f"{place}: ")
    assert said in found.findings[0].message
    assert "u:p@" not in found.findings[0].message
    dated = "date" in said
    assert [one.name for one in found.releases] == ([] if dated else ["beside"])


def test_an_unknown_value_in_the_helmfile_itself_leaves_out_only_its_release() -> None:
    found = one_release('values: [{a: {{ requiredEnv "TOKEN" | quote }}}]', name="helmfile.yaml.gotmpl")
    assert codes(found) == ["helmfile-unsupported"]
    assert found.findings[0].message.startswith("helmfile.yaml.gotmpl:6: A value of app cannot be known")
    assert [one.name for one in found.releases] == ["beside"]


def test_an_unknown_value_of_an_environment_leaves_out_only_who_uses_it() -> None:
    text = (
        "environments:\n  default:\n    values: [{open: 1}]\n    secrets: [secret.yaml]\n---\nreleases:\n"
        + BESIDE
        + "- {name: app, namespace: web, chart: ./charts/app, values: [{a: {{ .Values.db.password }}}]}\n"
        + "- {name: third, namespace: web, chart: ./charts/app, values: [{a: {{ .Values.open }}}]}\n"
    )
    secret = "db: {password: 'ENC[AES256_GCM,data:x]'}\nsops: {version: 3}\n"
    found = state({"helmfile.yaml.gotmpl": text, "secret.yaml": secret})
    assert [one.message[:80] for one in found.findings] == [
        "helmfile.yaml.gotmpl:4: A value of app cannot be known: `secret.yaml` is encrypt"
    ]
    assert [one.name for one in found.releases] == ["beside", "third"]


def test_a_decision_on_something_unknown_leaves_the_file_out() -> None:
    text = 'releases:\n{{ if eq (env "STAGE") "prod" }}\n' + BESIDE + "{{ end }}\n"
    found = state({"helmfile.yaml.gotmpl": text})
    assert (found.releases, codes(found)) == ((), ["helmfile-unsupported"])
    assert found.findings[0].message.startswith("helmfile.yaml.gotmpl:2: What is written here depends on")
    assert [
        one.name for one in state({"helmfile.yaml.gotmpl": text}, variables={"STAGE": "prod"}).releases
    ] == ["beside"]


@pytest.mark.parametrize(
    ("files", "code", "said"),
    [
        ({"helmfile.yaml": "helmfiles: [a.yaml]\nreleases:\n" + BESIDE, "a.yaml": "helmfiles: [./helmfile.yaml]"},
         "helmfile-cycle", "a.yaml:1: This helmfile names itself"),
        ({"helmfile.yaml": "helmfiles: ['git::https://example.com/x.git@helmfile.yaml']\nreleases:\n" + BESIDE},
         "helmfile-unsupported", "helmfile.yaml:1: This helmfile comes from elsewhere"),
        ({"helmfile.yaml": "helmfiles: [{path: ../../etc/*.yaml}]\nreleases:\n" + BESIDE},
         "path-escape", "helmfile.yaml:1: The path '../../etc/*.yaml' leaves the checkout."),
        ({"helmfile.yaml": "helmfiles: [gone.yaml]\nreleases:\n" + BESIDE},
         "helmfile-missing", "helmfile.yaml:1: There is no helmfile `gone.yaml`."),
        ({"helmfile.yaml": "helmfiles: [a.yaml]\nreleases:\n" + BESIDE, "a.yaml": "a: [\n"},
         "yaml", "a.yaml:2: This is not YAML"),
        ({"helmfile.yaml": "helmfiles: [a.yaml]\nreleases:\n" + BESIDE, "a.yaml": "bases: [/etc/passwd]\n"},
         "path-escape", "a.yaml:1: The path '/etc/passwd' leaves"),
        ({"helmfile.yaml": "helmfiles: [a.yaml.gotmpl]\nreleases:\n" + BESIDE,
          "a.yaml.gotmpl": 'x: 1\ny: {{ readFile "../../etc/passwd" }}\n'},
         "path-escape", "a.yaml.gotmpl:2: The path '../../etc/passwd' leaves"),
    ],
)  # fmt: skip
def test_a_nested_helmfile_that_cannot_be_read_is_named(files: dict[str, str], code: str, said: str) -> None:
    found = state(files)
    assert codes(found) == [code]
    assert found.findings[0].message.startswith(said)
    assert [one.name for one in found.releases] == ["beside"]


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("releases: [{name: a, namespace: b, chart: x/y, version: 1.0.0}]", "unknown-repository", ":1: This helmfile"),
        ("releases: [{name: a, namespace: b, chart: ./none}]", "chart-missing", ":1: There is no chart at `none`"),
        ("repositories: [{name: x, url: 'https://x.io'}]\nreleases: [{name: a, namespace: b, chart: x/y, version: ~1}]",
         "version-not-exact", ":2: `version` is one exact version"),
        ("repositories: [{name: x, url: 'https://x.io'}]\nreleases: [{name: a, namespace: b, chart: x/y}]",
         "version-not-exact", "and it is missing"),
        ("repositories: [{name: x, url: 's3://x'}]\nreleases: [{name: a, namespace: b, chart: x/y, version: 1.0.0}]",
         "helmfile-unsupported", ":1: Charts are fetched by https:// and oci://"),
        ("releases: [{name: a, namespace: b, chart: ./charts/app, valeus: []}]", "unknown-key", ":1: `valeus` is not"),
        ("release: []", "unknown-key", ":1: `release` is not known here"),
        ("releases: [{name: A_b, namespace: b, chart: ./charts/app}]", "bad-name", "`A_b` cannot be a release's"),
        ("releases: [{name: a, namespace: b, chart: ./charts/app, needs: [c]}]", "unknown-need", ":1: `b/c` is needed"),
        ("releases:\n" + BESIDE + BESIDE, "duplicate-release", "helmfile.yaml:3: The release web/beside stands"),
        ("releases: [{name: a, namespace: b, chart: ./charts/app, values: [none.yaml]}]", "values-missing",
         ":1: There is no file `none.yaml`."),
        ("releases: [{name: a, namespace: b, chart: ./charts/app, timeout: 5m}]", "bad-timeout", "takes seconds"),
        ("releases: [{name: a, namespace: b, chart: ./charts/app, installed: maybe}]", "not-a-boolean", "true or false"),
        ("environments: {default: {}}\nreleases: [{name: a, namespace: b, chart: ./charts/app}]", "helmfile-order",
         "helmfile.yaml:2: `environments` and `releases` stand"),
        ("releases: [{name: a, namespace: b, chart: ./charts/app, condition: x.enabled}]", "bad-condition",
         "names nothing"),
    ],
)  # fmt: skip
def test_mistakes_are_errors_with_their_place(text: str, code: str, said: str) -> None:
    found = state({"helmfile.yaml": text})
    assert (codes(found), found.findings[0].level) == ([code], Level.ERROR)
    assert said in found.findings[0].message


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        (
            "hooks: [{events: [presync, prepare], command: rm}]",
            "helmfile-hooks",
            "those of app (prepare presync)",
        ),
        ("force: true", "helmfile-option", "`force` is not followed"),
        ("recreatePods: true", "helmfile-option", "`recreatePods` is not followed"),
        ("disableOpenAPIValidation: true", "helmfile-option", "`disableOpenAPIValidation` is not followed"),
    ],
)
def test_what_changes_nothing_in_the_plan_is_a_warning(line: str, code: str, said: str) -> None:
    found = one_release(line)
    assert [(one.level, one.code) for one in found.findings] == [(Level.WARNING, code)]
    assert said in found.findings[0].message
    assert len(found.releases) == 2


def test_a_release_without_namespace_goes_to_default_and_says_so() -> None:
    found = state({"helmfile.yaml": "releases: [{name: a, chart: ./charts/app}]"})
    assert (codes(found), found.releases[0].key) == (["helmfile-namespace"], "default/a")


def test_a_release_for_another_context_is_not_in_this_plan() -> None:
    text = "releases:\n" + BESIDE + "- {name: a, namespace: b, chart: ./charts/app, kubeContext: other}\n"
    found = state({"helmfile.yaml": text}, context="mine")
    assert (codes(found), [one.name for one in found.releases]) == (["helmfile-context"], ["beside"])


def test_a_template_without_its_ending_is_read_as_helmfile_0_did() -> None:
    text = (
        "releases:\n{{ range list 1 2 }}\n- {name: a{{ . }}, namespace: b, chart: ./charts/app}\n{{ end }}\n"
    )
    found = state({"helmfile.yaml": text})
    assert (codes(found), [one.name for one in found.releases]) == (["helmfile-template"], ["a1", "a2"])


def test_two_helmfiles_side_by_side_are_refused() -> None:
    with pytest.raises(AuthorError) as caught:
        state({"helmfile.yaml": "", "helmfile.yaml.gotmpl": ""})
    assert caught.value.code == "layout-ambiguous"
