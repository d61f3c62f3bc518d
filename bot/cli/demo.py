"""`purser demo`: the whole flow on loopback, for a newcomer."""

import asyncio
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from bot.demo.story import play
from bot.log import configure


def demo(
    *,
    once: Annotated[bool, Parameter(help="tell the story without help, and end", negative="")] = False,
    kubeconfig: Annotated[
        Path | None, Parameter(help="use this real cluster instead of a simulated one")
    ] = None,
    port: Annotated[
        int, Parameter(help="port of the look-alike GitLab on 127.0.0.1; 0 takes a free one")
    ] = 0,
) -> int:
    """Shows a merge request planned, merged, deployed and verified: no account, no cluster, loopback only.

    Exit codes: 0 the story ended well, 1 not.

    Example: purser demo --once
    """
    configure("console", "warning", ())

    def say(text: str) -> None:
        print(text, flush=True)

    good = asyncio.run(play(once=once, kubeconfig=kubeconfig, port=port, say=say))
    return 0 if good else 1
