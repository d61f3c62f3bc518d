"""Plans again and again in one process: `python -m tests.bench.service CHECKOUT KUBECONFIG FOLDER COUNT`."""

import asyncio
import json
import sys
import time
from pathlib import Path

import psutil

from bot.bootstrap.collecting import collect_rarely, open_few_heaps
from bot.bootstrap.tools import Settings, open_checkout, tools
from bot.core.model import Target

TIMES = ("cold", "warm", "warm, third time")


async def main() -> None:
    """Prints [{"how", "wall", "cpu", "requests"}]; what a first connection takes is paid before.

    CPU and memory are those of this process and its render workers, requests those that it sent.
    """
    open_few_heaps()
    collect_rarely()
    checkout, kubeconfig, folder, count = sys.argv[1:5]
    target = Target("bench", "", kubeconfig=kubeconfig)
    place = Path(folder)
    settings = Settings(cache=place / "charts", key=b"k" * 32, memory=place / "memory")
    found = []
    async with tools(settings) as wired:
        async with wired.clusters.open(target) as cluster:
            await cluster.capabilities()
        counted = getattr(wired.clusters, "requests", {})
        seals = set()
        for how in TIMES:
            began, used, sent = time.perf_counter(), _cpu(), sum(counted.values())
            prepared = await wired.planner.prepare(target, open_checkout(Path(checkout)))
            assert len(prepared.plan.releases) == int(count)
            seals.add(prepared.plan.seal)
            found.append(
                {
                    "how": how,
                    "wall": time.perf_counter() - began,
                    "cpu": _cpu() - used,
                    "requests": sum(counted.values()) - sent,
                }
            )
        assert len(seals) == 1, "plans of the same inputs have different seals"
        assert None not in seals, "a plan could not be made"
    print(json.dumps(found))


def _cpu() -> float:
    """Of this process and its children, those included that have ended."""
    own = psutil.Process().cpu_times()
    living = sum(sum(child.cpu_times()[:2]) for child in psutil.Process().children(recursive=True))
    return own.user + own.system + own.children_user + own.children_system + living


if __name__ == "__main__":
    asyncio.run(main())
