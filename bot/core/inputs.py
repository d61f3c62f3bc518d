"""Keys over everything that a rendering, and the verdict about a release, come from."""

import hashlib
from typing import Any

from bot.core.model import DesiredRelease
from bot.core.objects import canonical
from bot.core.planned import EngineInfo
from bot.core.release import Capabilities, LocalChart

FORMAT = 1
"""Goes up when renderings are read, or releases are compared, by other rules: what was kept is void then."""


def capabilities_digest(capabilities: Capabilities) -> str:
    """One digest for what `.Capabilities` say."""
    return _digest([capabilities.kube_version, capabilities.api_versions])


def rendering_key(
    desired: DesiredRelease,
    chart: LocalChart,
    engine: EngineInfo,
    capabilities: str,
    *,
    revision: int,
    is_upgrade: bool,
) -> str:
    """The key of a rendering: equal keys, equal renderings (random values aside).

    `capabilities` is their digest; `revision` and `is_upgrade` are what `.Release` will say.
    """
    return _digest(
        {
            "format": FORMAT,
            "engine": [engine.name, engine.version],
            "chart": [chart.digest, chart.name, chart.version],
            "capabilities": capabilities,
            "release": [desired.namespace, desired.name, revision, is_upgrade],
            "values": desired.values,
        }
    )


def standing_key(rendering: str, newest: tuple[int, str, str], *, upgrades_crds: bool = False) -> str:
    """The key of the verdict that a release is deployed as desired.

    `newest` are revision, status and resource version of the newest record in the cluster. Where its CRDs are
    upgraded with it that verdict is another one.
    """
    return _digest([rendering, *newest, *(["crds"] if upgrades_crds else [])])


def _digest(value: Any) -> str:
    return hashlib.sha256(canonical(value).encode(errors="surrogatepass")).hexdigest()
