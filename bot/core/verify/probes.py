"""What a probe was told, and what that means."""

import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, assert_never

from bot.core.verify.rules import HttpProbe, Operator, Probe, PromProbe

ProbeState: TypeAlias = Literal["passed", "failed", "unknown"]


@dataclass(frozen=True, slots=True)
class Answered:
    """What an HTTP server answered. `contains`: whether the text that was looked for is in the body."""

    status: int
    contains: bool = True


@dataclass(frozen=True, slots=True)
class Measured:
    """The one value of a query; never NaN."""

    value: float


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """There was none that counts; `why` is plain text."""

    why: str


Reading: TypeAlias = Answered | Measured | NoAnswer


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What a probe says of a deploy, in plain texts.

    `expected` is what has to be, `before` and `after` what was (empty where nobody asked), `why` the reason
    where it did not pass.
    """

    name: str
    state: ProbeState
    expected: str
    after: str
    before: str = ""
    why: str = ""
    required: bool = False

    @property
    def is_bad(self) -> bool:
        """Whether the verification fails for it."""
        return self.state == "failed" or (self.state == "unknown" and self.required)


def judged(probe: Probe, reading: Reading, before: Reading | None = None) -> ProbeResult:
    """What the reading means; `before` is the one from before the deploy, for a probe that compares."""
    match probe:
        case HttpProbe():
            return _of_http(probe, reading)
        case PromProbe():
            return _of_query(probe, reading, before)
        case _ as unknown:
            assert_never(unknown)


def reading_of(value: Mapping[str, Any]) -> Reading:
    """The inverse of `to_facts`. Raises KeyError for anything else."""
    return NoAnswer(str(value["why"])) if value["value"] is None else Measured(float(value["value"]))


def to_facts(name: str, reading: Reading) -> dict[str, Any]:
    """A value from before the deploy as JSON: {name, value, why}; infinities are texts."""
    match reading:
        case Measured(value):
            return {"name": name, "value": value if math.isfinite(value) else str(value), "why": ""}
        case Answered(status):
            return {"name": name, "value": None, "why": f"HTTP {status}"}
        case NoAnswer(why):
            return {"name": name, "value": None, "why": why}
        case _ as unknown:
            assert_never(unknown)


def _of_http(probe: HttpProbe, reading: Reading) -> ProbeResult:
    text = f" with {probe.contains!r}" if probe.contains else ""
    expected = f"HTTP {probe.status}{text}"

    def result(state: ProbeState, after: str, why: str = "") -> ProbeResult:
        return ProbeResult(probe.name, state, expected, after, "", why, probe.required)

    match reading:
        case Answered(status) if status != probe.status:
            return result("failed", f"HTTP {status}", f"it was answered with {status}, not {probe.status}")
        case Answered(status, contains=False):
            return result("failed", f"HTTP {status}", f"the answer does not hold {probe.contains!r}")
        case Answered(status):
            return result("passed", f"HTTP {status}")
        case NoAnswer(why):
            # Whoever cannot be reached does not do what he should.
            return result("failed", "no answer", why)
        case Measured(value):
            return result("unknown", number(value), "it was answered with a value")
        case _ as unknown:
            assert_never(unknown)


def _of_query(probe: PromProbe, reading: Reading, before: Reading | None) -> ProbeResult:
    bound = f"{probe.operator} {number(probe.threshold)}"
    expected = f"growth {bound}" if probe.compare else bound
    then = (number(before.value) if isinstance(before, Measured) else "unknown") if probe.compare else ""

    def result(state: ProbeState, after: str, why: str = "") -> ProbeResult:
        return ProbeResult(probe.name, state, expected, after, then, why, probe.required)

    if not isinstance(reading, Measured):
        why = reading.why if isinstance(reading, NoAnswer) else "it was answered without a value"
        return result("unknown", "unknown", why)
    now, held = reading.value, reading.value
    if probe.compare:
        if not isinstance(before, Measured):
            why = before.why if isinstance(before, NoAnswer) else "it was not asked then"
            return result("unknown", number(now), f"there is no value from before the deploy: {why}")
        held = now - before.value
        if math.isnan(held):
            return result("unknown", number(now), "the growth of an infinite value is no number")
    if _HOLDS[probe.operator](held, probe.threshold):
        return result("passed", number(now))
    grown = f"it has grown by {number(held)}" if probe.compare else f"it is {number(held)}"
    return result("failed", number(now), f"{grown}, expected {bound}")


def number(value: float) -> str:
    """A value as people read it: six significant digits."""
    return f"{value:.6g}"


_HOLDS: Mapping[Operator, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
