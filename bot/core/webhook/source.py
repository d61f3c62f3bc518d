"""Where a delivery comes from, and whether deliveries may come from there."""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network


class Sources:
    """`allowed` are the networks that deliveries may come from; none: they may come from anywhere.

    `proxies` are those whose word counts for who asked them. Only then `X-Forwarded-For` is read, from the
    right, because everything left of what a trusted proxy wrote is what the sender says of itself.
    """

    def __init__(self, allowed: Iterable[Network] = (), proxies: Iterable[Network] = ()) -> None:
        self._allowed = tuple(allowed)
        self._proxies = tuple(proxies)

    def lets_in(self, peer: str | None, forwarded: Sequence[str]) -> bool:
        """Whether this peer may deliver; `forwarded` are the X-Forwarded-For headers as they came."""
        if not self._allowed:
            return True
        source = _address(peer or "")
        if source is not None and self._is_in(source, self._proxies):
            source = self._behind(source, ",".join(forwarded))
        return source is not None and self._is_in(source, self._allowed)

    def _behind(self, proxy: Address, forwarded: str) -> Address | None:
        """Who asked the outermost proxy that we trust; that proxy where nobody is named; None: unreadable."""
        source: Address | None = proxy
        for said in reversed(forwarded.split(",") if forwarded.strip() else []):
            source = _address(said)
            if source is None or not self._is_in(source, self._proxies):
                return source
        return source

    @staticmethod
    def _is_in(address: Address, networks: Iterable[Network]) -> bool:
        return any(address.version == network.version and address in network for network in networks)


def _address(text: str) -> Address | None:
    """An address, with or without port, brackets and zone; IPv4 in IPv6's clothes is IPv4."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address
