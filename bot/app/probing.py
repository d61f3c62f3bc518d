"""Ask the probes of a target, before and after a deploy."""

import asyncio
from collections.abc import Mapping

import structlog

from bot.app.ports.probing import Probes
from bot.app.together import together
from bot.core.model import Target
from bot.core.verify.probes import ProbeResult, Reading, judged
from bot.core.verify.rules import Probe, PromProbe

log = structlog.get_logger()


class Probing:
    """All probes of a target at once; one that does not pass is asked again, as its configuration says."""

    def __init__(self, probes: Probes) -> None:
        self._probes = probes

    async def before(self, target: Target) -> dict[str, Reading]:
        """The values of before the deploy, by name, of those that compare. Each is asked once."""
        wanted = [it for it in target.verify.probes if isinstance(it, PromProbe) and it.compare]
        readings = await together(self._probes.ask(probe) for probe in wanted)
        return {probe.name: reading for probe, reading in zip(wanted, readings, strict=True)}

    async def after(self, target: Target, before: Mapping[str, Reading]) -> tuple[ProbeResult, ...]:
        """What each probe says, in the order of the configuration."""
        asked = (self._result(probe, before.get(probe.name)) for probe in target.verify.probes)
        results = tuple(await together(asked))
        for one in results:
            log.info("probe.asked", probe=one.name, state=one.state)
        return results

    async def _result(self, probe: Probe, before: Reading | None) -> ProbeResult:
        result = judged(probe, await self._probes.ask(probe), before)
        for _ in range(probe.asking.attempts - 1):
            if result.state == "passed":
                break
            await asyncio.sleep(probe.asking.pause)
            result = judged(probe, await self._probes.ask(probe), before)
        return result
