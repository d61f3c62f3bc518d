"""Charts that want to see or write what is not theirs, or to eat the machine."""

import gzip
import os
import tarfile
import time
from pathlib import Path

import pytest

from bot.adapters.charts.archive import MAX_UNPACKED, inspect
from bot.adapters.charts.cache import ChartCache
from bot.adapters.charts.directory import MAX_BYTES, MAX_FILES
from bot.adapters.checkout import DirectoryCheckout
from bot.core.errors import AuthorError
from bot.core.model import ChartInCheckout
from tests.adapters.charts_script import chart_files, member, packed, write


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "outside").mkdir()
    write(tmp_path / "outside", chart_files("outside"))
    write(tmp_path / "checkout/web", chart_files())
    return tmp_path / "checkout"


async def refused(root: Path, path: str = "web") -> AuthorError:
    cache = ChartCache(root.parent / "cache")
    with pytest.raises(AuthorError) as caught:
        await cache.fetch(ChartInCheckout(path), DirectoryCheckout(str(root)), ())
    return caught.value


@pytest.mark.parametrize(
    ("link", "to"),
    [
        ("web/passwd", "/etc/passwd"),
        ("web/templates/passwd.yaml", "/etc/passwd"),
        ("web/files", "/etc"),
        ("web/up", "../../outside"),
        ("web/git", "../.git"),
    ],
)
async def test_a_symlink_out_of_the_checkout_is_refused_and_named(root: Path, link: str, to: str) -> None:
    write(root, {".git/config": "[remote]\n"})
    (root / link).symlink_to(to)
    error = await refused(root)
    assert error.code == "chart-escape"
    assert str(error.where).startswith(link)


@pytest.mark.parametrize("path", ["../outside", "/etc", "web/../../outside", ".git", "../outside.tgz"])
async def test_a_chart_outside_of_the_checkout_is_refused(root: Path, path: str) -> None:
    write(root, {".git/Chart.yaml": "apiVersion: v2\nname: git\nversion: 1.0.0\n"})
    (root.parent / "outside.tgz").write_bytes(packed(chart_files()))
    assert (await refused(root, path)).code == "chart-escape"


@pytest.mark.parametrize("to", ["file://../../outside", "file:///etc", "file://../../../../etc"])
async def test_a_dependency_by_path_cannot_leave_the_checkout(root: Path, to: str) -> None:
    write(
        root / "web", chart_files(more=f"dependencies: [{{name: x, version: 1.0.0, repository: '{to}'}}]\n")
    )
    assert (await refused(root)).code == "chart-escape"


async def test_pipes_are_refused_without_being_opened(root: Path) -> None:
    os.mkfifo(root / "web/pipe")
    error = await refused(root)
    assert (error.code, str(error.where)) == ("chart-escape", "web/pipe")


@pytest.mark.parametrize("to", ["gone", "loop"])
async def test_a_symlink_that_leads_nowhere_is_refused(root: Path, to: str) -> None:
    (root / "web/loop").symlink_to(to)
    assert (await refused(root)).code == "chart-escape"


async def test_symlinks_in_a_circle_end_at_the_bound(root: Path) -> None:
    (root / "web/a").symlink_to(".")
    (root / "web/b").symlink_to(".")
    started = time.perf_counter()
    assert (await refused(root)).code == "chart-invalid"
    assert time.perf_counter() - started < 20


async def test_a_chart_of_too_many_files_is_refused(root: Path) -> None:
    (root / "web/many").mkdir()
    for n in range(MAX_FILES + 1):
        (root / f"web/many/{n}").touch()
    assert "more than 5000 files" in (await refused(root)).what


async def test_a_chart_of_too_many_bytes_is_refused(root: Path) -> None:
    for name in ("one", "two"):
        with (root / "web" / name).open("wb") as file:
            file.truncate(MAX_BYTES // 2 + 1)
    assert (await refused(root)).code == "chart-invalid"


@pytest.mark.parametrize(
    "bad",
    [
        member("web/../../evil"),
        member("../evil"),
        member("/etc/evil"),
        member("web\\..\\evil"),
        member("web/link", tarfile.SYMTYPE, "/etc/passwd"),
        member("web/link", tarfile.LNKTYPE, "../../etc/passwd"),
        member("web/device", tarfile.CHRTYPE),
        member("web/pipe", tarfile.FIFOTYPE),
    ],
    ids=lambda one: f"{one.name} {one.type.decode()}",
)
async def test_an_archive_with_a_member_that_leads_out_is_refused(root: Path, bad: tarfile.TarInfo) -> None:
    (root / "web.tgz").write_bytes(packed(chart_files(), "web", bad))
    assert (await refused(root, "web.tgz")).code == "chart-escape"


def test_a_gzip_bomb_ends_at_the_bound() -> None:
    bomb = packed(chart_files(), "web", member("web/zeros", size=MAX_UNPACKED + 1))
    assert len(bomb) < 200_000
    with pytest.raises(AuthorError, match="unpacks to more than 100 MB") as caught:
        inspect(bomb, "web.tgz")
    assert caught.value.code == "chart-invalid"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not gzip",
        gzip.compress(b"not tar"),
        packed(chart_files())[:200],
        packed({}),
        packed({"x": "y"}),
    ],
    ids=["empty", "no gzip", "no tar", "cut off", "nothing in it", "no Chart.yaml"],
)
def test_what_is_no_chart_archive_is_refused(data: bytes) -> None:
    with pytest.raises(AuthorError) as caught:
        inspect(data, "web.tgz")
    assert caught.value.code == "chart-invalid"


def test_an_archive_with_two_directories_or_a_yaml_bomb_is_refused() -> None:
    bomb = "a0: &a0 [1, 1]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 60))
    for data in (packed(chart_files(), "web", member("other/file")), packed({"Chart.yaml": bomb})):
        with pytest.raises(AuthorError) as caught:
            inspect(data, "web.tgz")
        assert caught.value.code == "chart-invalid"


def test_an_archive_that_lacks_a_chart_that_it_needs_is_refused() -> None:
    files = chart_files(more="dependencies: [{name: b, version: 1.0.0, repository: 'https://x.example'}]\n")
    with pytest.raises(AuthorError, match="lacks the charts that it needs: b") as caught:
        inspect(packed(files), "web.tgz")
    assert caught.value.code == "chart-dependency"
