"""`purser doctor` on an installation: what it finds, and the one thing that is wrong."""

import json
import socket

from tests.cli.installation import Installation

Checks = list[dict[str, str]]


async def examine(site: Installation, *flags: str) -> tuple[int, Checks]:
    ran = await site.purser("doctor", "--output", "json", *flags)
    found = json.loads(ran.out)
    assert found["well"] == (ran.code == 0)
    return ran.code, found["checks"]


async def only_ill(site: Installation, *flags: str) -> dict[str, str]:
    """The one thing that is wrong; fails where there is none, or another."""
    code, checks = await examine(site, *flags)
    bad = [it for it in checks if it["state"] == "ill"]
    assert (code, [it["area"] for it in bad]) == (1, [bad[0]["area"]] if bad else "nothing")
    assert bad[0]["mend"]
    return bad[0]


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
