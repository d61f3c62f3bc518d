"""How a deploy to a target is verified, as configured."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Operator: TypeAlias = Literal["<", "<=", ">", ">=", "==", "!="]


@dataclass(frozen=True, slots=True)
class Asking:
    """How something is asked: at most `attempts` times, `pause` seconds apart, `timeout` seconds each.

    `token` gives the bearer token of now. `ca_file` is a PEM file of the authority to trust instead of the
    system's.
    """

    timeout: float = 10.0
    attempts: int = 3
    pause: float = 2.0
    token: Callable[[], str] | None = field(default=None, repr=False, compare=False)
    ca_file: str | None = None


@dataclass(frozen=True, slots=True)
class HttpProbe:
    """A GET that has to be answered with `status`, and with `contains` in the body unless it is empty."""

    name: str
    url: str
    status: int = 200
    contains: str = ""
    required: bool = False
    asking: Asking = field(default_factory=Asking)


@dataclass(frozen=True, slots=True)
class PromProbe:
    """A PromQL query whose one value has to be `operator` `threshold`.

    With `compare`, the value of before the deploy is taken as well, and it is the growth since then (after
    minus before) that has to be so. `required`: when there is no value, the verification fails.
    """

    name: str
    prometheus: str
    query: str
    operator: Operator
    threshold: float
    compare: bool = False
    required: bool = False
    asking: Asking = field(default_factory=Asking)


Probe: TypeAlias = HttpProbe | PromProbe


@dataclass(frozen=True, slots=True)
class VerifyRules:
    """`deadline` and `settle` are seconds since it was applied: when to give up, when to ask probes first."""

    deadline: float = 600.0
    settle: float = 0.0
    probes: tuple[Probe, ...] = ()
