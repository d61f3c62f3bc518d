"""Where charts may come from."""

import socket
from pathlib import Path

import pytest
from aiohttp.resolver import ThreadedResolver

from bot.adapters.charts.cache import ChartCache
from bot.adapters.charts.hosts import CheckedResolver, checked_url
from bot.adapters.checkout import DirectoryCheckout
from bot.core.errors import AuthorError, PurserError
from bot.core.model import ChartInRepository
from tests.adapters.charts_script import Served, chart_files, packed, serving

DATA = packed(chart_files())


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("https://charts.example.com/x", "charts.example.com"),
        ("https://Charts.Example.com/x", "charts.example.com"),
        ("https://charts.example.com/x", "CHARTS.example.com"),
        ("http://127.0.0.1:8080/x", "127.0.0.1:8080"),
        ("https://charts.example.com:8443/x", "charts.example.com:8443"),
        ("http://[::1]:8080/x", "[::1]:8080"),
    ],
)
def test_an_allowed_host_is_let_through(address: str, allowed: str) -> None:
    assert checked_url(address, [allowed]).path == "/x"


@pytest.mark.parametrize(
    ("address", "allowed", "said"),
    [
        ("https://evil.example.com/x", "charts.example.com", "may not come from evil.example.com:443"),
        ("https://charts.example.com.evil.net/x", "charts.example.com", "may not come from"),
        ("https://evilcharts.example.com/x", "charts.example.com", "may not come from"),
        ("http://charts.example.com/x", "charts.example.com", "allowed only for https on port 443"),
        ("https://charts.example.com:8443/x", "charts.example.com", "allowed only for https on port 443"),
        ("https://u:p@charts.example.com/x", "charts.example.com", "carries credentials"),
        ("https://charts.example.com@evil.net/x", "charts.example.com", "carries credentials"),
        ("https://charts.example.com\\@evil.net/x", "charts.example.com", "no address"),
        ("file:///etc/passwd", "charts.example.com", "not fetched by file"),
        ("ftp://charts.example.com/x", "charts.example.com", "not fetched by ftp"),
        ("https://", "charts.example.com", "no address|not fetched"),
        ("http://[::1", "charts.example.com", "no address of a chart"),
        ("https://169.254.169.254/latest", "169.254.169.254", "where no chart repository may be"),
        ("https://10.0.0.1/x", "10.0.0.1", "an address of a private network"),
    ],
)
def test_anything_else_is_refused(address: str, allowed: str, said: str) -> None:
    with pytest.raises(AuthorError, match=said) as caught:
        checked_url(address, [allowed])
    assert caught.value.code == "chart-host-refused"
    assert caught.value.fix
    assert "u:p" not in str(caught.value)


@pytest.mark.parametrize("name", ["0x7f.1", "2130706433", "ip6-localhost", "127.1"])
async def test_a_name_for_this_machine_is_refused_even_when_it_is_listed(name: str) -> None:
    try:
        socket.getaddrinfo(name, 443)
    except OSError:
        pytest.skip("this machine does not know the name")
    with pytest.raises(AuthorError, match="where no chart repository may be"):
        await CheckedResolver([name, f"{name}:443"]).resolve(name, 443)


async def test_localhost_is_what_it_says() -> None:
    found = await CheckedResolver(["localhost:8080"]).resolve("localhost", 8080)
    assert found == await ThreadedResolver().resolve("localhost", 8080)


@pytest.fixture
async def two(tmp_path: Path):  # type: ignore[no-untyped-def]
    async with serving() as first, serving() as second:
        first.chart("web", "1.2.3", DATA)
        second.give("/web.tgz", DATA)
        yield first, second, ChartCache(tmp_path)


async def fetched(cache: ChartCache, served: Served, *hosts: str) -> str:
    source = ChartInRepository(f"{served.url}/charts", "web", "1.2.3")
    return (await cache.fetch(source, DirectoryCheckout("."), hosts)).name


async def test_a_redirect_to_an_allowed_host_is_followed(two: tuple[Served, Served, ChartCache]) -> None:
    first, second, cache = two
    first.redirect("/charts/web-1.2.3.tgz", f"{second.url}/web.tgz?signature=abc%2Fdef")
    assert await fetched(cache, first, first.host, second.host) == "web"
    assert second.asked[0].raw_path == "/web.tgz?signature=abc%2Fdef"


@pytest.mark.parametrize("path", ["/charts/web-1.2.3.tgz", "/charts/index.yaml"])
async def test_a_redirect_to_another_host_is_refused_without_asking_it(
    two: tuple[Served, Served, ChartCache], path: str
) -> None:
    first, second, cache = two
    first.redirect(path, f"{second.url}/web.tgz")
    with pytest.raises(AuthorError, match=f"may not come from {second.host}") as caught:
        await fetched(cache, first, first.host)
    assert caught.value.code == "chart-host-refused"
    assert second.asked == []


@pytest.mark.parametrize(
    "to",
    ["http://169.254.169.254/latest/meta-data", "file:///etc/passwd", "//evil.example.com/x", "http://[::1"],
)
async def test_a_redirect_to_where_nothing_may_be_is_refused(
    two: tuple[Served, Served, ChartCache], to: str
) -> None:
    first, _, cache = two
    first.redirect("/charts/index.yaml", to)
    with pytest.raises(PurserError, match=r"may not come|not fetched by|redirects without"):
        await fetched(cache, first, first.host)
    assert len(first.asked) == 1


async def test_a_redirect_in_a_circle_ends(two: tuple[Served, Served, ChartCache]) -> None:
    first, _, cache = two
    first.redirect("/charts/index.yaml", "/charts/index.yaml")
    with pytest.raises(AuthorError, match="redirects more than 5 times"):
        await fetched(cache, first, first.host)
    assert len(first.asked) == 6


async def test_the_index_cannot_name_another_host(two: tuple[Served, Served, ChartCache]) -> None:
    first, second, cache = two
    first.chart("web", "1.2.3", DATA, url=f"{second.url}/web.tgz")
    with pytest.raises(AuthorError) as caught:
        await fetched(cache, first, first.host)
    assert caught.value.code == "chart-host-refused"
    assert second.asked == []
