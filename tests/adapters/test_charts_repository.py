"""Charts of HTTP repositories."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from bot.adapters.charts.cache import ChartCache
from bot.adapters.checkout import DirectoryCheckout
from bot.core.errors import AuthorError, TransientError
from bot.core.model import ChartInRepository
from bot.core.release import LocalChart
from tests.adapters.charts_script import Served, chart_files, packed, serving, sha256

DATA = packed(chart_files())


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    async with serving() as one:
        one.chart("web", "1.2.3", DATA)
        yield one


def source(served: Served, name: str = "web", version: str = "1.2.3") -> ChartInRepository:
    return ChartInRepository(f"{served.url}/charts", name, version)


async def fetch(cache: ChartCache, one: ChartInRepository, *hosts: str) -> LocalChart:
    return await cache.fetch(one, DirectoryCheckout("."), hosts)


def content(chart: LocalChart) -> bytes:
    return Path(chart.path).read_bytes()


def damage(chart: LocalChart) -> None:
    Path(chart.path).write_bytes(DATA[:50])


def lose(chart: LocalChart) -> None:
    Path(chart.path).unlink()


async def test_a_chart_is_found_in_the_index_and_kept_by_its_digest(served: Served, tmp_path: Path) -> None:
    chart = await fetch(ChartCache(tmp_path), source(served), served.host)
    assert (chart.name, chart.version, chart.digest) == ("web", "1.2.3", f"sha256:{sha256(DATA)}")
    assert Path(chart.path) == tmp_path / "sha256" / f"{sha256(DATA)}.tgz"
    assert served.paths == ["/charts/index.yaml", "/charts/web-1.2.3.tgz"]


async def test_a_kept_chart_needs_no_network_in_another_process_too(served: Served, tmp_path: Path) -> None:
    first = await fetch(ChartCache(tmp_path), source(served), served.host)
    served.answers.clear()
    assert await fetch(ChartCache(tmp_path), source(served), served.host) == first
    assert len(served.asked) == 2


async def test_a_kept_chart_still_asks_for_its_host_to_be_allowed(served: Served, tmp_path: Path) -> None:
    cache = ChartCache(tmp_path)
    await fetch(cache, source(served), served.host)
    with pytest.raises(AuthorError) as caught:
        await fetch(cache, source(served), "charts.example.com")
    assert caught.value.code == "chart-host-refused"


async def test_many_who_ask_at_once_fetch_once(served: Served, tmp_path: Path) -> None:
    cache = ChartCache(tmp_path)
    charts = await asyncio.gather(*(fetch(cache, source(served), served.host) for _ in range(20)))
    assert len({chart.path for chart in charts}) == 1
    assert len(served.asked) == 2


async def test_a_damaged_file_is_fetched_again(served: Served, tmp_path: Path) -> None:
    chart = await fetch(ChartCache(tmp_path), source(served), served.host)
    damage(chart)
    again = await fetch(ChartCache(tmp_path), source(served), served.host)
    assert content(again) == DATA


async def test_a_version_that_changed_upstream_is_refused(served: Served, tmp_path: Path) -> None:
    chart = await fetch(ChartCache(tmp_path), source(served), served.host)
    lose(chart)
    served.chart("web", "1.2.3", packed(chart_files(more="description: other\n")))
    with pytest.raises(AuthorError, match="other bytes than when this version was fetched first") as caught:
        await fetch(ChartCache(tmp_path, index_ttl=0), source(served), served.host)
    assert caught.value.code == "chart-digest"


async def test_bytes_that_do_not_match_the_index_are_refused(served: Served, tmp_path: Path) -> None:
    served.chart("web", "1.2.3", DATA, digest="0" * 64)
    with pytest.raises(AuthorError) as caught:
        await fetch(ChartCache(tmp_path), source(served), served.host)
    assert caught.value.code == "chart-digest"
    assert not list((tmp_path / "sha256").iterdir())


async def test_a_chart_that_calls_itself_otherwise_is_refused(served: Served, tmp_path: Path) -> None:
    served.chart("web", "1.2.3", packed(chart_files("web", "6.6.6")))
    with pytest.raises(AuthorError, match=r"calls itself web 6\.6\.6") as caught:
        await fetch(ChartCache(tmp_path), source(served), served.host)
    assert caught.value.code == "chart-invalid"


async def test_an_index_is_asked_for_again_only_where_it_lacks_the_version(
    served: Served, tmp_path: Path
) -> None:
    cache = ChartCache(tmp_path)
    await fetch(cache, source(served), served.host)
    served.chart("web", "2.0.0", packed(chart_files("web", "2.0.0")))
    assert (await fetch(cache, source(served, version="2.0.0"), served.host)).version == "2.0.0"
    assert served.asked[2].headers["If-None-Match"] == '"one"'


async def test_an_unchanged_index_is_confirmed_by_its_tag(served: Served, tmp_path: Path) -> None:
    cache = ChartCache(tmp_path, index_ttl=0)
    await fetch(cache, source(served), served.host)
    (tmp_path / "pins").joinpath(next((tmp_path / "pins").iterdir()).name).unlink()
    served.give("/charts/index.yaml", b"", 304)
    assert (await fetch(cache, source(served), served.host)).version == "1.2.3"


@pytest.mark.parametrize(
    ("name", "version", "said"),
    [
        ("webb", "1.2.3", "Did you mean `web`?"),
        ("web", "1.2.4", "It has 1.2.3."),
        ("v", "1.2.3", "Check the chart's name and the repository's address."),
    ],
)
async def test_a_chart_that_the_index_lacks_gets_a_hint(
    served: Served, tmp_path: Path, name: str, version: str, said: str
) -> None:
    with pytest.raises(AuthorError) as caught:
        await fetch(ChartCache(tmp_path), source(served, name, version), served.host)
    assert (caught.value.code, caught.value.fix) == ("chart-not-found", said)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("<html>", "chart-invalid"),
        ("", "chart-invalid"),
        ("entries: [", "chart-invalid"),
        ("- a\n", "chart-invalid"),
        ("apiVersion: v1\nentries: []\n", "chart-invalid"),
        ("apiVersion: v1\nentries: {}\n", "chart-not-found"),
        ("entries: {web: [{version: 1.2.3, urls: [x], digest: 0}]}\n", "chart-invalid"),
        ("entries: {web: 3}\n", "chart-not-found"),
        ("entries: {web: [3, {version: 1.2.3}]}\n", "chart-not-found"),
        ("entries: {web: [{version: 1.2.3, urls: ['ftp://x/y.tgz']}]}\n", "chart-host-refused"),
        ("entries:\n  web: " + "[" * 5000, "chart-invalid"),
        (b"\xff\xfe", "chart-invalid"),
    ],
)
async def test_an_index_that_is_none_is_the_authors_to_mend(
    served: Served, tmp_path: Path, body: bytes | str, code: str
) -> None:
    served.give("/charts/index.yaml", body)
    with pytest.raises(AuthorError) as caught:
        await fetch(ChartCache(tmp_path), source(served), served.host)
    assert caught.value.code == code


async def test_an_index_that_was_packed_unasked_is_read(served: Served, tmp_path: Path) -> None:
    index = f"entries: {{web: [{{version: v1.2.3, urls: ['{served.url}/charts/web-1.2.3.tgz']}}]}}\n"
    served.give("/charts/index.yaml", gzip.compress(index.encode()))
    assert (await fetch(ChartCache(tmp_path), source(served), served.host)).name == "web"


@pytest.mark.parametrize(
    ("status", "kind"), [(404, AuthorError), (401, AuthorError), (403, AuthorError), (500, TransientError)]
)
async def test_a_repository_that_refuses_is_told_apart_from_one_that_fails(
    served: Served, tmp_path: Path, status: int, kind: type[Exception]
) -> None:
    served.give("/charts/index.yaml", b"secret words", status)
    with pytest.raises(kind) as caught:
        await fetch(ChartCache(tmp_path), source(served), served.host)
    assert "secret words" not in str(caught.value)


async def test_a_repository_that_asks_for_patience_gets_it(served: Served, tmp_path: Path) -> None:
    served.give("/charts/index.yaml", b"", 429, Retry_After="7")
    with pytest.raises(TransientError) as caught:
        await fetch(ChartCache(tmp_path), source(served), served.host)
    assert caught.value.retry_after == 7.0


async def test_a_repository_that_is_gone_is_nobodys_fault(tmp_path: Path) -> None:
    async with serving() as gone:
        one = source(gone)
    with pytest.raises(TransientError, match=r"127\.0\.0\.1 did not answer"):
        await fetch(ChartCache(tmp_path), one, gone.host)


async def test_an_answer_without_end_stops_at_the_limit(served: Served, tmp_path: Path) -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(500):
            await response.write(b"\0" * 100_000)
        return response

    served.answers["/charts/web-1.2.3.tgz"] = endless
    with pytest.raises(AuthorError, match="larger than 20 MB") as caught:
        await fetch(ChartCache(tmp_path), source(served), served.host)
    assert caught.value.code == "chart-invalid"
