"""Plans twice in one process: `python -m tests.bench.resident CHECKOUT KUBECONFIG FOLDER COUNT`."""

import asyncio
import json
import sys
import time
from pathlib import Path

from bot.bootstrap.tools import Settings, open_checkout, tools
from bot.core.model import Target


async def main() -> None:
    """Prints {"cold": seconds, "warm": seconds}; what a first connection takes is paid before."""
    checkout, kubeconfig, folder, count = sys.argv[1:5]
    target = Target("bench", "", kubeconfig=kubeconfig)
    place = Path(folder)
    settings = Settings(cache=place / "charts", key=b"k" * 32, memory=place / "memory")
    found = {}
    async with tools(settings) as wired:
        async with wired.clusters.open(target) as cluster:
            await cluster.capabilities()
        for how in ("cold", "warm"):
            began = time.perf_counter()
            prepared = await wired.planner.prepare(target, open_checkout(Path(checkout)))
            found[how] = time.perf_counter() - began
            assert prepared.plan.seal
            assert len(prepared.plan.releases) == int(count)
    print(json.dumps(found))


if __name__ == "__main__":
    asyncio.run(main())
