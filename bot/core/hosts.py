"""The hosts that a checkout's releases name as sources of their charts."""

from collections.abc import Iterable
from urllib.parse import urlsplit

from bot.core.model import ChartInCheckout, ChartInRegistry, ChartInRepository, DesiredRelease


def named_hosts(releases: Iterable[DesiredRelease]) -> tuple[str, ...]:
    """`host` or `host:port` of each repository and registry, sorted, each once."""
    found: set[str] = set()
    for release in releases:
        match release.chart:
            case ChartInRepository(repository=address) | ChartInRegistry(reference=address):
                found.add(urlsplit(address).netloc.rpartition("@")[2].lower())
            case ChartInCheckout():
                continue
    return tuple(sorted(found - {""}))
