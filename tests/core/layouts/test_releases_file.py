"""Our own releases.yaml."""

import pytest

from bot.core.errors import AuthorError
from bot.core.layouts import read
from bot.core.model import ChartInCheckout, ChartInRegistry, ChartInRepository, DesiredState, Level
from tests.core.layouts.tree import Tree, catalogue, codes, release, target

HEAD = """version: 1
repositories:
  - {name: example, url: "https://charts.example.com/"}
  - {name: registry, url: "oci://registry.example.com/charts"}
releases:
"""


def state(releases: str, files: dict[str, str] | None = None) -> DesiredState:
    return read(Tree({"releases.yaml": HEAD + releases, **(files or {})}), target(), catalogue())


def test_a_release_with_everything_said() -> None:
    found = state(
        """  - name: podinfo
    namespace: web
    chart: example/podinfo
    version: 6.14.1
    values: [values/a.yaml, values/b.yaml]
    inline: {replicas: 3}
    needs: [web/database]
    createNamespace: false
    wait: true
    atomic: true
    timeout: 1h30m
    forceConflicts: true
  - {name: database, namespace: web, chart: ./charts/db}
""",
        {"values/a.yaml": "replicas: 1\ncolour: red", "values/b.yaml": "replicas: 2\nsize: l"},
    )
    assert found.findings == ()
    one = release(found, "podinfo")
    assert one.chart == ChartInRepository("https://charts.example.com", "podinfo", "6.14.1")
    assert one.values == {"replicas": 3, "colour": "red", "size": "l"}
    assert one.values_files == ("values/a.yaml", "values/b.yaml")
    assert (one.needs, one.create_namespace, one.wait) == (("web/database",), False, True)
    assert (one.atomic, one.timeout, one.force_conflicts) == (True, 5400, True)
    assert str(one.where) == "releases.yaml:6"
    other = release(found, "database")
    assert (other.chart, other.installed, other.create_namespace) == (
        ChartInCheckout("charts/db"),
        True,
        True,
    )


@pytest.mark.parametrize(
    ("chart", "source"),
    [
        (
            "oci://registry.example.com/x/podinfo",
            ChartInRegistry("oci://registry.example.com/x/podinfo", "1.2.3"),
        ),
        ("registry/podinfo", ChartInRegistry("oci://registry.example.com/charts/podinfo", "1.2.3")),
        ("example/podinfo", ChartInRepository("https://charts.example.com", "podinfo", "1.2.3")),
    ],
)
def test_a_chart_may_come_from_a_registry_too(chart: str, source: object) -> None:
    found = state(f"  - {{name: p, namespace: w, chart: '{chart}', version: 1.2.3}}\n")
    assert release(found, "p").chart == source


@pytest.mark.parametrize(
    "version", ["^1.2.3", ">=1.0.0", "*", "1.x", "1.2", "~1.2.3", "1.2.3 || 2.0.0", "latest"]
)
def test_a_version_is_exact(version: str) -> None:
    found = state(f"  - {{name: p, namespace: w, chart: example/p, version: '{version}'}}\n")
    assert codes(found) == ["version-not-exact"]
    assert "releases.yaml:6: `version` is one exact version" in found.findings[0].message


@pytest.mark.parametrize("version", ["1.2.3", "v1.2.3", "1.2.3-rc.1", "1.2.3+build.5"])
def test_a_version_may_be_any_semantic_version(version: str) -> None:
    assert state(f"  - {{name: p, namespace: w, chart: example/p, version: {version}}}\n").findings == ()


@pytest.mark.parametrize(
    ("entry", "code", "fix"),
    [
        ("chart: example/p, version: 1.2.3, instaled: true", "unknown-key", "Did you mean `installed`?"),
        ("chart: exampel/p, version: 1.2.3", "unknown-repository", "Did you mean `example`?"),
        ("chart: p, version: 1.2.3", "bad-chart", "Write repository/name, ./path or oci://registry/name."),
        ("chart: 'oci://u:p@registry.example.com/x', version: 1.2.3", "bad-chart", ""),
        (
            "chart: example/p",
            "version-not-exact",
            "Write the three numbers of the version; ranges are not taken.",
        ),
        ("chart: ../p", "path-escape", "Use a path relative to this project's files."),
        ("chart: /p", "path-escape", "Use a path relative to this project's files."),
        ("version: 1.2.3", "not-a-text", ""),
        ("chart: ./p, installed: 'yes'", "not-a-boolean", "Write true or false, without quotes."),
        ("chart: ./p, values: [gone.yaml]", "values-missing", "Add the file, or take its name out."),
        (
            "chart: ./p, values: [../../etc/passwd]",
            "path-escape",
            "Use a path relative to this project's files.",
        ),
        ("chart: ./p, values: gone.yaml", "not-a-list", ""),
        ("chart: ./p, inline: [a]", "not-a-mapping", ""),
        ("chart: ./p, timeout: soon", "bad-timeout", "Write 300, 5m or 1h30m; at most a day."),
        ("chart: ./p, timeout: 0", "bad-timeout", "Write 300, 5m or 1h30m; at most a day."),
        ("chart: ./p, needs: [w/gone]", "unknown-need", "Known are: w/p."),
        ("chart: ./p, needs: [other]", "unknown-need", "Write namespace/name."),
        ("chart: ./p, needs: [w/p]", "needs-cycle", "Take one of their `needs` out."),
    ],
)
def test_a_mistake_is_a_finding_with_what_to_do(entry: str, code: str, fix: str) -> None:
    found = state(f"  - {{name: p, namespace: w, {entry}}}\n")
    assert [(one.level, one.code, one.fix) for one in found.findings] == [(Level.ERROR, code, fix)]
    assert "releases.yaml:6" in found.findings[0].message or code == "values-missing"


@pytest.mark.parametrize(
    "names", ["name: P_1, namespace: w", "name: p, namespace: w.x", f"name: {'p' * 54}, namespace: w"]
)
def test_names_follow_helms_and_kubernetes_rules(names: str) -> None:
    assert codes(state(f"  - {{{names}, chart: ./p}}\n")) == ["bad-name"]


def test_a_release_may_stand_only_once() -> None:
    found = state("  - {name: p, namespace: w, chart: ./p}\n  - {name: p, namespace: w, chart: ./q}\n")
    assert codes(found) == ["duplicate-release"]
    assert found.findings[0].message.startswith(
        "releases.yaml:7: The release w/p stands twice; it is first at"
    )


def test_releases_that_need_each_other_are_an_error() -> None:
    found = state(
        "  - {name: a, namespace: w, chart: ./a, needs: [w/b]}\n"
        "  - {name: b, namespace: w, chart: ./b, needs: [w/a]}\n"
    )
    assert codes(found) == ["needs-cycle"]


def test_a_release_cannot_need_one_that_is_taken_away() -> None:
    found = state(
        "  - {name: a, namespace: w, chart: ./a, needs: [w/b]}\n"
        "  - {name: b, namespace: w, chart: ./b, installed: false}\n"
    )
    assert codes(found) == ["need-uninstalled"]


def test_a_need_of_a_broken_release_is_not_called_unknown() -> None:
    found = state(
        "  - {name: a, namespace: w, chart: ./a, needs: [w/b]}\n"
        "  - {name: b, namespace: w, chart: example/b}\n"
    )
    assert codes(found) == ["version-not-exact"]


def test_a_release_that_goes_needs_no_values() -> None:
    found = state("  - {name: a, namespace: w, chart: ./a, installed: false, values: [gone.yaml]}\n")
    assert found.findings == ()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "empty"),
        ("- a", "not-a-mapping"),
        ("releases: []", "unknown-version"),
        ("version: 2\nreleases: []", "unknown-version"),
        ("version: '1'\nreleases: []", "unknown-version"),
        ("version: true\nreleases: []", "unknown-version"),
    ],
)
def test_a_file_that_is_none_of_ours_raises(text: str, code: str) -> None:
    with pytest.raises(AuthorError) as caught:
        read(Tree({"releases.yaml": text}), target(), catalogue())
    assert caught.value.code == code


def test_repositories_are_checked_as_well() -> None:
    text = """version: 1
repository: []
repositories:
  - {name: a, url: "https://user:secret@charts.example.com"}
  - {name: a, url: "https://charts.example.com"}
  - {name: b, url: "ftp://charts.example.com"}
  - just words
releases: []
"""
    found = read(Tree({"releases.yaml": text}), target(), catalogue())
    assert codes(found) == [
        "unknown-key",
        "bad-repository",
        "duplicate-repository",
        "bad-repository",
        "not-a-mapping",
    ]
    assert not any("secret" in one.message for one in found.findings)
