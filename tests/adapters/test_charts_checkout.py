"""Charts that lie in the checkout."""

import os
from pathlib import Path

import pytest

from bot.adapters.charts.cache import ChartCache
from bot.adapters.checkout import DirectoryCheckout
from bot.core.errors import AuthorError
from bot.core.model import ChartInCheckout
from bot.core.release import LocalChart
from tests.adapters.charts_script import chart_files, packed, serving, sha256, write


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "checkout").mkdir()
    return tmp_path / "checkout"


async def fetch(root: Path, path: str, hosts: tuple[str, ...] = ()) -> LocalChart:
    cache = ChartCache(root.parent / "cache")
    return await cache.fetch(ChartInCheckout(path), DirectoryCheckout(str(root)), hosts)


async def refused(root: Path, path: str, hosts: tuple[str, ...] = ()) -> AuthorError:
    with pytest.raises(AuthorError) as caught:
        await fetch(root, path, hosts)
    return caught.value


async def test_a_directory_becomes_a_copy_that_nobody_changes_any_more(root: Path) -> None:
    write(root / "charts/web", chart_files())
    chart = await fetch(root, "charts/web")
    assert (chart.name, chart.version, chart.digest[:7]) == ("web", "1.2.3", "sha256:")
    (root / "charts/web/values.yaml").write_text("replicas: 99\n")
    assert (Path(chart.path) / "values.yaml").read_text() == "replicas: 1\n"
    assert os.path.basename(chart.path) == "web"


async def test_the_digest_is_of_paths_and_contents_alone(root: Path) -> None:
    write(root / "a", chart_files())
    write(root / "b", dict(reversed(chart_files().items())))
    os.chmod(root / "b/values.yaml", 0o755)
    first, second = await fetch(root, "a"), await fetch(root, "b")
    assert first == second
    (root / "b/values.yaml").write_text("replicas: 2\n")
    assert (await fetch(root, "b")).digest != first.digest


async def test_the_checkouts_root_may_be_the_chart(root: Path) -> None:
    write(root, chart_files())
    write(root, {".git/config": "secret"})
    chart = await fetch(root, ".")
    assert not (Path(chart.path) / ".git").exists()


async def test_a_symlink_that_stays_inside_becomes_what_it_names(root: Path) -> None:
    write(root, {"shared/values.yaml": "shared: true\n", "shared/more/x.tpl": "x"})
    write(root / "web", chart_files())
    (root / "web/values.yaml").unlink()
    (root / "web/values.yaml").symlink_to("../shared/values.yaml")
    (root / "web/templates/more").symlink_to("../../shared/more")
    chart = Path((await fetch(root, "web")).path)
    assert (chart / "values.yaml").read_text() == "shared: true\n"
    assert (chart / "templates/more/x.tpl").read_text() == "x"
    assert not (chart / "values.yaml").is_symlink()
    assert not (chart / "templates/more").is_symlink()


async def test_an_archive_of_the_checkout_is_kept_by_its_digest(root: Path) -> None:
    data = packed(chart_files())
    (root / "web.tgz").write_bytes(data)
    chart = await fetch(root, "web.tgz")
    assert (chart.name, chart.version, chart.digest) == ("web", "1.2.3", f"sha256:{sha256(data)}")
    assert chart.path == str(root.parent / "cache" / "sha256" / f"{sha256(data)}.tgz")


@pytest.mark.parametrize("path", ["gone", "gone.tgz", "values.yaml"])
async def test_a_chart_that_is_not_there_is_named(root: Path, path: str) -> None:
    write(root, {"values.yaml": "a: 1"})
    error = await refused(root, path)
    assert (error.code, str(error.where)) == ("chart-not-found", path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name: x\nversion: 1.0.0\n", "web/Chart.yaml: `apiVersion` is v1 or v2, not nothing."),
        ("apiVersion: v2\nversion: 1.0.0\n", "web/Chart.yaml: `name` of a chart cannot be nothing."),
        ("apiVersion: v2\nname: ../x\nversion: 1.0.0\n", "web/Chart.yaml: `name` of a chart cannot be"),
        (
            "apiVersion: v2\nname: x\nversion: 1\n",
            "web/Chart.yaml: `version` of a chart cannot be the number 1.",
        ),
        ("- a\n", "web/Chart.yaml: This file holds a list instead of a mapping."),
        ("a: &a [*a]\n", "web/Chart.yaml:1: The alias *a stands inside"),
        (
            "apiVersion: v2\nname: x\nversion: 1.0.0\ndependencies: 3\n",
            "web/Chart.yaml: `dependencies` is a list",
        ),
    ],
)
async def test_a_chart_without_a_proper_chart_yaml_is_refused(root: Path, text: str, said: str) -> None:
    write(root, {"web/Chart.yaml": text})
    error = await refused(root, "web")
    assert error.code == "chart-invalid"
    assert str(error).startswith(said)


async def test_a_directory_without_chart_yaml_is_no_chart(root: Path) -> None:
    write(root, {"web/values.yaml": ""})
    assert (await refused(root, "web")).what == "There is no Chart.yaml, so this is no chart."


async def test_a_dependency_by_path_is_brought_into_the_chart_with_its_own(root: Path) -> None:
    write(
        root / "a",
        chart_files("a", more="dependencies: [{name: b, version: 1.x, repository: 'file://../b'}]\n"),
    )
    write(
        root / "b",
        chart_files("b", more="dependencies: [{name: c, version: 1.x, repository: 'file://../c'}]\n"),
    )
    write(root / "c", chart_files("c"))
    chart = Path((await fetch(root, "a")).path)
    assert (chart / "charts/b/charts/c/Chart.yaml").is_file()


async def test_charts_that_need_each_other_are_refused(root: Path) -> None:
    write(root / "a", chart_files("a", more="dependencies: [{name: b, repository: 'file://../b'}]\n"))
    write(root / "b", chart_files("b", more="dependencies: [{name: a, repository: 'file://../a'}]\n"))
    assert (await refused(root, "a")).code == "chart-dependency"


async def test_a_packed_dependency_is_taken_as_it_lies(root: Path) -> None:
    write(
        root / "a",
        chart_files("a", more="dependencies: [{name: b, version: ^1, repository: 'https://x.example'}]\n"),
    )
    (root / "a/charts").mkdir()
    (root / "a/charts/b-1.0.0.tgz").write_bytes(packed(chart_files("b"), "b"))
    assert (await fetch(root, "a")).name == "a"


@pytest.mark.parametrize(
    ("dependency", "said"),
    [
        ("{name: b, version: 1.0.0}", "needs b, which is not in its charts/ directory"),
        (
            "{name: b, version: 1.0.0, repository: '@stable'}",
            "needs b, which is not in its charts/ directory",
        ),
        (
            "{name: b, version: ^1, repository: 'https://x.example'}",
            "needs b in a version that is not exact (^1)",
        ),
    ],
)
async def test_a_dependency_that_cannot_be_met_says_what_to_do(
    root: Path, dependency: str, said: str
) -> None:
    write(root / "a", chart_files("a", more=f"dependencies: [{dependency}]\n"))
    error = await refused(root, "a")
    assert error.code == "chart-dependency"
    assert said in error.what
    assert error.fix


@pytest.mark.parametrize("api", ["v2", "v1"])
async def test_a_dependency_of_a_repository_is_fetched_at_its_locked_version(root: Path, api: str) -> None:
    async with serving() as served:
        served.chart("b", "1.4.0", packed(chart_files("b", "1.4.0"), "b"))
        wanted = f"dependencies: [{{name: b, version: ^1, repository: '{served.url}/charts'}}]\n"
        lock = "dependencies: [{name: b, version: 1.4.0}]\n"
        if api == "v2":
            write(root / "a", chart_files("a", more=wanted) | {"Chart.lock": lock})
        else:
            files = {"requirements.yaml": wanted, "requirements.lock": lock}
            write(
                root / "a",
                chart_files("a") | files | {"Chart.yaml": "apiVersion: v1\nname: a\nversion: 1.0.0\n"},
            )
        chart = await fetch(root, "a", (served.host,))
        assert (Path(chart.path) / "charts/b-1.4.0.tgz").is_file()
        assert (await refused(root, "a")).code == "chart-host-refused"
