"""The gate of a target in the configuration."""

import re
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from croniter import croniter
from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from bot.config.fields import Role
from bot.config.strict import Strict
from bot.core.gate.rules import GateRules, OwnedPath, Window
from bot.core.globs import problem_of

_UNITS = {"m": 1, "h": 60, "d": 24 * 60}
_LONGEST = 366 * 24 * 60


def _cron(given: str) -> str:
    if len(given.split()) != 5 or not croniter.is_valid(given):
        raise PydanticCustomError("value", "expected five fields of cron, such as 0 18 * * 5")
    return given


def _minutes(given: object) -> object:
    found = re.fullmatch(r"([1-9]\d{0,5})([mhd])", given) if isinstance(given, str) else None
    minutes = int(found[1]) * _UNITS[found[2]] if found else 0
    if not 0 < minutes <= _LONGEST:
        raise PydanticCustomError("value", "expected a duration such as 90m, 12h or 2d, a year at most")
    return minutes


def _zone(given: str) -> str:
    try:
        ZoneInfo(given)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise PydanticCustomError("value", "expected a time zone such as Europe/Berlin or UTC") from None
    return given


def _owned(given: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    for pattern in given:
        if problem := problem_of([pattern]):
            raise PydanticCustomError("value", "{problem}", {"problem": problem})
    return given


Cron = Annotated[str, AfterValidator(_cron)]
Duration = Annotated[
    int, BeforeValidator(_minutes), WithJsonSchema({"type": "string", "examples": ["90m", "12h", "2d"]})
]
Zone = Annotated[str, AfterValidator(_zone)]


class Freeze(Strict):
    """A time in which nothing is deployed."""

    start: Cron = Field(description="cron, five fields: when it begins")
    duration: Duration = Field(description="how long it lasts: 90m, 12h, 2d")
    time_zone: Zone = Field(default="UTC", description="time zone of start, such as Europe/Berlin")
    reason: str = Field(default="", max_length=200, description="why, for the note")


class Gate(Strict):
    """What a merge needs before it deploys, besides a plan that would work."""

    required: bool = Field(
        default=False,
        description="true: its status fails while approvals are missing; false: it only says so",
    )
    approvals: int = Field(default=0, ge=0, le=20, description="how many must have approved the plan")
    approver_role: Role = Field(
        default=Role.MAINTAINER, description="the least role of somebody whose approval counts"
    )
    allow_author: bool = Field(default=False, description="whether the author's approval counts")
    allow_committers: bool = Field(
        default=False, description="whether approvals count of those who committed or pushed to it"
    )
    paths: Annotated[dict[str, tuple[str, ...]], AfterValidator(_owned)] = Field(
        default_factory=dict,
        description="pattern of files, as in .gitignore: who (usernames, roles) must approve their changes",
    )
    pipeline: bool = Field(
        default=False, description="whether the last commit's pipeline must have succeeded"
    )
    threads: bool = Field(default=False, description="whether every thread must be resolved")
    undiverged: bool = Field(
        default=False, description="whether the branch must have had all of its target branch"
    )
    freeze: tuple[Freeze, ...] = Field(default=(), description="times in which nothing is deployed")

    @property
    def rules(self) -> GateRules:
        """As the gate knows them."""
        return GateRules(
            approvals=self.approvals,
            approver_role=self.approver_role.value,
            allow_author=self.allow_author,
            allow_committers=self.allow_committers,
            paths=tuple(OwnedPath(glob, owners) for glob, owners in self.paths.items()),
            pipeline=self.pipeline,
            threads=self.threads,
            undiverged=self.undiverged,
            freeze=tuple(Window(it.start, it.duration, it.time_zone, it.reason) for it in self.freeze),
            required=self.required,
        )
