"""What every adapter of Helm says of itself: whether it is there, and which Helm it is."""

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self

from bot.core.planned import EngineInfo


class Present(ABC):
    """Something that finds its Helm when it is started; `available` and `info` are the ports' own."""

    _info: EngineInfo | None = None

    @abstractmethod
    async def start(self) -> None:
        """Finds Helm and keeps which one it is in `_info`. Raises RuntimeError where it is not to be had."""

    async def available(self) -> EngineInfo | None:
        """Which Helm answers here; None where there is none that can be used."""
        try:
            await self.start()
        except RuntimeError:
            return None
        return self.info

    @property
    def info(self) -> EngineInfo:
        """Which Helm this is. Raises RuntimeError before `start`."""
        if self._info is None:
            raise RuntimeError("Helm was not started")
        return self._info


class Closing(Present):
    """One that holds processes: a context that starts it and closes it."""

    @abstractmethod
    async def close(self) -> None:
        """Ends what runs."""

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
