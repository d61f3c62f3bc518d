"""Runner."""

from __future__ import annotations

from bot.demo.gitlab.world import World


class Runner:
    def __init__(self, world: World, environment: dict[str, str]) -> None:
        self.world = world
        self.environment = environment

    def start(self) -> None: ...

    async def stop(self) -> None: ...
