"""Where deliveries may come from."""

from ipaddress import ip_network

import pytest

from bot.core.webhook.source import Sources

GITLAB = [ip_network("192.0.2.0/24"), ip_network("2001:db8:1::/48")]
PROXIES = [ip_network("10.0.0.0/8"), ip_network("fd00::/8")]


@pytest.mark.parametrize(
    ("peer", "forwarded", "is_in"),
    [
        pytest.param("192.0.2.7", [], True, id="GitLab itself"),
        pytest.param("198.51.100.7", [], False, id="somebody else"),
        pytest.param("2001:db8:1::7", [], True, id="GitLab over IPv6"),
        pytest.param("2001:db8:2::7", [], False, id="somebody else over IPv6"),
        pytest.param("::ffff:192.0.2.7", [], True, id="GitLab's IPv4 address on a socket of both kinds"),
        pytest.param("::ffff:198.51.100.7", [], False, id="somebody else's IPv4 address on such a socket"),
        pytest.param("fe80::1%eth0", [], False, id="an address with a zone"),
        pytest.param(None, [], False, id="no address at all"),
        pytest.param("", [], False, id="an empty address"),
        pytest.param("198.51.100.7", ["192.0.2.7"], False, id="a stranger who says it was GitLab"),
        pytest.param("192.0.2.7", ["198.51.100.7"], True, id="GitLab, whatever the header says"),
        pytest.param("10.0.0.1", ["192.0.2.7"], True, id="GitLab through the proxy"),
        pytest.param("10.0.0.1", ["198.51.100.7"], False, id="a stranger through the proxy"),
        pytest.param("10.0.0.1", ["192.0.2.7, 198.51.100.7"], False, id="a stranger who put GitLab in front"),
        pytest.param("10.0.0.1", ["192.0.2.7", "198.51.100.7"], False, id="the same in two headers"),
        pytest.param("10.0.0.1", ["198.51.100.7, 192.0.2.7"], True, id="GitLab, behind what it was told"),
        pytest.param("10.0.0.1", ["192.0.2.7, 10.0.0.9"], True, id="GitLab through two proxies"),
        pytest.param("10.0.0.1", ["198.51.100.7, 10.0.0.9"], False, id="a stranger through two proxies"),
        pytest.param(
            "10.0.0.1", ["192.0.2.7, 198.51.100.7, 10.0.0.9"], False, id="a stranger who lies to two proxies"
        ),
        pytest.param("10.0.0.1", [], False, id="the proxy in its own name"),
        pytest.param("10.0.0.1", [""], False, id="an empty header"),
        pytest.param("10.0.0.1", ["10.0.0.3"], False, id="nobody but proxies"),
        pytest.param("10.0.0.1", ["192.0.2.7, unknown"], False, id="a proxy that does not say who asked"),
        pytest.param("10.0.0.1", ["192.0.2.7,"], False, id="a header that ends in nothing"),
        pytest.param("10.0.0.1", ["192.0.2.7:4711"], True, id="an address with its port"),
        pytest.param("fd00::1", ["[2001:db8:1::7]:4711"], True, id="an IPv6 address with its port"),
        pytest.param("fd00::1", ['"192.0.2.7"'], False, id="an address in quotes"),
        pytest.param("10.0.0.1", ["x" * 8000], False, id="a long word"),
    ],
)
def test_only_the_named_networks_may_deliver(peer: str | None, forwarded: list[str], is_in: bool) -> None:
    assert Sources(GITLAB, PROXIES).lets_in(peer, forwarded) is is_in


def test_without_trusted_proxies_the_header_counts_for_nothing() -> None:
    assert not Sources(GITLAB).lets_in("10.0.0.1", ["192.0.2.7"])
    assert Sources(GITLAB).lets_in("192.0.2.1", ["198.51.100.7"])


@pytest.mark.parametrize("peer", ["198.51.100.7", "", None])
def test_where_no_network_is_named_everybody_may_try(peer: str | None) -> None:
    assert Sources([], PROXIES).lets_in(peer, ["nonsense"])
