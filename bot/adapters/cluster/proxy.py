"""The proxy that the environment names for an API server, by the rules that kubectl and Helm follow.

HTTP_PROXY and HTTPS_PROXY by scheme, NO_PROXY with names, addresses and networks, and never a proxy for this
machine itself: https://pkg.go.dev/golang.org/x/net/http/httpproxy
"""

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit


def proxy_for(server: str, environment: Mapping[str, str]) -> str | None:
    """The proxy's URL, or None where the server is reached without one."""
    address = urlsplit(server)
    host = address.hostname or ""
    exempt = [entry.strip() for entry in _setting("no_proxy", environment).split(",") if entry.strip()]
    port = address.port or {"http": 80}.get(address.scheme, 443)
    if _is_local(host) or any(_covers(entry, host, port) for entry in exempt):
        return None
    return _setting(f"{address.scheme}_proxy", environment) or None


def _setting(name: str, environment: Mapping[str, str]) -> str:
    return environment.get(name.upper()) or environment.get(name) or ""


def _is_local(host: str) -> bool:
    address = _address(host)
    return host == "localhost" if address is None else address.is_loopback


def _covers(entry: str, host: str, port: int) -> bool:
    name, _, only = entry.rpartition(":") if entry.count(":") == 1 else (entry, "", "")
    if name == "*":
        return True
    if only and only != str(port):
        return False
    address = _address(host)
    if address is None:
        return host == name.lower() or host.endswith(f".{name.lower().lstrip('.')}")
    try:
        return address in ipaddress.ip_network(name, strict=False)
    except ValueError:
        return False


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
