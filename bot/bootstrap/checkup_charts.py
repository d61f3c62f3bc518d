"""Look at the hosts of charts: whether they answer, and take what the configuration tells them."""

import asyncio
import shlex
from collections.abc import Sequence
from typing import Final

from bot.adapters.catalogue import load_catalogue
from bot.adapters.charts.http import ChartHttp
from bot.adapters.charts.registry import authorized
from bot.config import Charts
from bot.core.chart_credential import ChartCredential, place
from bot.core.diagnosis import Diagnosis, ill, unsure, well
from bot.core.errors import AuthorError, TransientError

_PAGE: Final = 64 * 1024
_DOORS: Final = ("/v2/", "/index.yaml", "/")
"""What a registry and a repository ask a credential for."""


async def chart_signs(charts: Charts) -> list[Diagnosis]:
    """Whether each allowed host answers, at an address where charts may be, and takes its credential."""
    hosts, logins = charts.allowed_hosts, charts.logins
    private = {one.host for one in logins}
    open_to_all = [host for host in hosts if place(host) not in private]
    catalogues = [str(charts.catalogue)] if charts.catalogue else []
    known = [*hosts, *load_catalogue(catalogues).hosts] if logins else []
    asked = [_host(host, hosts) for host in open_to_all]
    return list(await asyncio.gather(*asked, *(_private(one, charts, known) for one in logins)))


async def _host(host: str, allowed: Sequence[str]) -> Diagnosis:
    schemes = ("https", "http") if host.rpartition(":")[2].isdigit() else ("https",)
    said = ""
    for scheme in schemes:
        try:
            async with ChartHttp(allowed, {}) as http:
                await http.get(f"{scheme}://{host}/", limit=_PAGE)
        except AuthorError as error:
            if error.code == "chart-host-refused":
                return ill("charts", host, error.what, error.fix)
        except TransientError as error:
            said = error.what
            continue
        return well("charts", host, "The host answers.")
    mend = f"curl --head https://{host}/ (from here), or take it out of charts.allowed_hosts"
    return ill("charts", host, f"The host does not answer: {said}.", mend)


async def _private(login: ChartCredential, charts: Charts, allowed: Sequence[str]) -> Diagnosis:
    """What the host says to its credential."""
    host = login.host.removesuffix(":443")
    if login.host not in map(place, allowed):
        mend = f"Add {host} to charts.allowed_hosts, or take its entry out of charts.credentials."
        return ill("charts", host, "It has a credential, but charts may not come from it.", mend)
    try:
        async with ChartHttp(allowed, {one.host: one for one in charts.logins}) as http:
            said = [await _door(http, f"https://{host}{door}") for door in _DOORS]
    except AuthorError as error:
        return ill("charts", host, error.what, error.fix)
    except TransientError as error:
        mend = f"curl --head https://{host}/ (from here), or take it out of charts.credentials"
        return ill("charts", host, f"The host does not answer: {error.what}", mend)
    if any(said):
        return well("charts", host, "The host answers, and refuses its credential nowhere that was asked.")
    return unsure(
        "charts",
        host,
        f"It answers, but neither of {', '.join(_DOORS)} says whether it takes its credential.",
        f"Ask where a repository of yours lies: curl --head --user {shlex.quote(login.username)} "
        f"https://{host}/PATH/index.yaml (from here; 200 is well)",
    )


async def _door(http: ChartHttp, address: str) -> bool:
    """Whether it is open to the credential; one that is shut to everybody (403, 404) says nothing.

    Raises AuthorError where the credential is refused.
    """
    try:
        answer, _ = await authorized(http, address, {}, _PAGE, "")
    except AuthorError as error:
        if _of_the_token(error, address):
            raise
        return error.code == "chart-invalid"
    if answer.status == 401:
        raise http.forbidden(answer)
    return answer.status == 200


def _of_the_token(error: AuthorError, address: str) -> bool:
    """Whether the refusal came from where a registry sends for a token, and not from the door itself."""
    if error.code == "chart-host-refused":
        return address.endswith(_DOORS[0])
    return error.code == "chart-credential" and str(error.where) != address
