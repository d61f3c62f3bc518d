"""Which hosts charts may come from, and which addresses those may have.

An entry `charts.example.com` allows https on its usual port, at a public address. An entry with a port,
`charts.corp.example:8443`, allows that port with https and http, and a private address too: whoever writes it
knows the machine. Loopback and link-local addresses (metadata services) are taken only from an entry that is
itself such an address, or `localhost`.
"""

import ipaddress
import socket
from collections.abc import Collection
from typing import Final

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from yarl import URL

from bot.core.errors import AuthorError

_PORTS: Final = {"https": 443, "http": 80}


def checked_url(address: str | URL, allowed: Collection[str]) -> URL:
    """The address as a URL whose host, port and scheme are allowed.

    Raises AuthorError (`chart-host-refused`).
    """
    try:
        url = URL(address)
        host, port = (url.host or "").lower(), url.port
    except ValueError:
        raise _refused("This is no address of a chart.", "Correct the address.") from None
    if url.scheme not in _PORTS or not host:
        raise _refused(
            f"Charts are not fetched by {url.scheme or 'such an address'}.", "Use an https:// address."
        )
    if url.user or url.password or url.raw_user:
        raise _refused(
            f"The address on {host} carries credentials.",
            "Take them out, and let an administrator add them to charts.credentials.",
        )
    entries = {entry.lower() for entry in allowed}
    if f"{_bracketed(host)}:{port}" in entries:
        return url
    if url.scheme == "https" and port == _PORTS["https"] and host in entries:
        if _literal(host) is not None:
            _check_address(host, host, with_port=False)
        return url
    if host in entries:
        raise _refused(
            f"{host} is allowed only for https on port 443, and this is {url.scheme} on port {port}.",
            f"Use https, or let an administrator allow `{_bracketed(host)}:{port}`.",
        )
    raise _refused(
        f"Charts may not come from {_bracketed(host)}:{port}.",
        "Let an administrator allow the host for charts, or bring the chart into the checkout.",
    )


def place_of(url: URL) -> str:
    """`host:port` in lower case."""
    return f"{_bracketed((url.host or '').lower())}:{url.port}"


class CheckedResolver(AbstractResolver):
    """Resolves names and refuses addresses that the allow-list does not vouch for.

    What it gives is what is connected to: a name cannot mean one address when checked, another when used.
    """

    def __init__(self, allowed: Collection[str]) -> None:
        self._ports = {entry.lower() for entry in allowed if entry.rpartition(":")[2].isdigit()}
        self._system = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._system.resolve(host, port, family)
        for one in found:
            if host.lower() != "localhost":
                _check_address(one["host"], host, with_port=f"{host.lower()}:{port}" in self._ports)
        return found

    async def close(self) -> None:
        await self._system.close()


def _check_address(address: str, host: str, *, with_port: bool) -> None:
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    if ip.is_loopback or ip.is_link_local or ip.is_multicast or ip.is_unspecified:
        raise _refused(f"{host} stands for {ip}, where no chart repository may be.", "Correct the address.")
    if not ip.is_global and not with_port:
        raise _refused(
            f"{host} stands for {ip}, an address of a private network.",
            f"If it should, let an administrator allow it with its port, as `{host}:443`.",
        )


def _literal(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _refused(what: str, fix: str) -> AuthorError:
    return AuthorError(what, fix=fix, code="chart-host-refused")
