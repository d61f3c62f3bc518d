"""How a target is verified after a deploy, in the configuration."""

import re
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from bot.config.fields import WebAddress
from bot.config.secrets import Secret
from bot.config.strict import Strict
from bot.core.verify.rules import Asking, HttpProbe, Operator, Probe, PromProbe, VerifyRules

_UNITS = {"s": 1, "m": 60, "h": 3600}
_LONGEST = 24 * 3600
_THRESHOLD = re.compile(r"(<=|>=|==|!=|<|>)\s*([+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)")


def _seconds(given: Any) -> Any:
    if isinstance(given, int | float) and not isinstance(given, bool) and given == 0:
        return 0.0
    found = re.fullmatch(r"(\d{1,6})([smh])", given) if isinstance(given, str) else None
    if found is None or int(found[1]) * _UNITS[found[2]] > _LONGEST:
        raise PydanticCustomError("value", "expected a duration such as 30s, 10m or 1h, a day at most")
    return float(int(found[1]) * _UNITS[found[2]])


def _threshold(given: Any) -> Any:
    if not isinstance(given, str) or not _THRESHOLD.fullmatch(given.strip()):
        raise PydanticCustomError("value", "expected a comparison with a number, such as '<= 0.5'")
    return given.strip()


def _page_address(given: str) -> str:
    parts = urlsplit(given)
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.fragment:
        raise PydanticCustomError("value", "expected an address such as https://shop.example.com/health")
    if parts.username or parts.password:
        raise PydanticCustomError("value", "an address without user and password is expected: use token")
    return given


Seconds = Annotated[
    float,
    BeforeValidator(_seconds),
    WithJsonSchema({"anyOf": [{"type": "string", "examples": ["30s", "10m", "1h"]}, {"const": 0}]}),
]
Threshold = Annotated[
    str, BeforeValidator(_threshold), WithJsonSchema({"type": "string", "examples": ["<= 0.5"]})
]
PageAddress = Annotated[str, AfterValidator(_page_address)]


class _Probe(Strict):
    name: str = Field(min_length=1, max_length=60, description="name in the note")
    required: bool = Field(
        default=False, description="whether the verification fails when it cannot be asked"
    )
    timeout: float = Field(default=10, gt=0, le=60, description="seconds that one try may take")
    attempts: int = Field(default=3, ge=1, le=10, description="tries until it counts as not passed")
    pause: float = Field(default=2, ge=0, le=60, description="seconds between two tries")
    token: Secret | None = Field(default=None, description="bearer token that is sent")
    ca_file: Path | None = Field(
        default=None, description="PEM file of the authority to trust; unset: what the system trusts"
    )

    @property
    def _asking(self) -> Asking:
        token = self.token.get_secret_value if self.token else None
        ca_file = str(self.ca_file) if self.ca_file else None
        return Asking(self.timeout, self.attempts, self.pause, token, ca_file)


class Http(_Probe):
    """A page that has to answer."""

    kind: Literal["http"] = Field(description="http: a GET")
    url: PageAddress = Field(description="what is asked")
    status: int = Field(default=200, ge=100, le=599, description="status that is expected")
    contains: str = Field(default="", max_length=1000, description="text that the answer has to hold")

    @property
    def probe(self) -> Probe:
        """As the use cases know it."""
        return HttpProbe(self.name, self.url, self.status, self.contains, self.required, self._asking)


class Promql(_Probe):
    """A query of Prometheus whose value has to be within a bound."""

    kind: Literal["promql"] = Field(description="promql: a query of Prometheus")
    prometheus: WebAddress = Field(description="Prometheus's address, without /api/v1")
    query: str = Field(min_length=1, max_length=2000, description="PromQL that gives one value")
    expect: Threshold = Field(description="what holds for a good value: <, <=, >, >=, ==, != and a number")
    compare: Literal["none", "before"] = Field(
        default="none",
        description="before: expect is about the growth since before the deploy, and the note shows both",
    )

    @property
    def probe(self) -> Probe:
        """As the use cases know it."""
        found = _THRESHOLD.fullmatch(self.expect)
        if found is None:
            raise ValueError(self.expect)
        operator: Operator = found[1]  # type: ignore[assignment]  # one of the pattern's own
        compare = self.compare == "before"
        more = (compare, self.required, self._asking)
        return PromProbe(self.name, self.prometheus, self.query, operator, float(found[2]), *more)


def _names(given: tuple[Http | Promql, ...]) -> tuple[Http | Promql, ...]:
    names = [one.name for one in given]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise PydanticCustomError(
            "value", "each probe needs a name of its own; twice: {names}", {"names": ", ".join(twice)}
        )
    return given


Probes = Annotated[tuple[Annotated[Http | Promql, Field(discriminator="kind")], ...], AfterValidator(_names)]


class Verify(Strict):
    """What is looked at after a deploy, and for how long."""

    deadline: Seconds = Field(
        default=600.0, description="how long the cluster may take until it is as planned: 30s, 10m, 1h"
    )
    settle: Seconds = Field(
        default=0.0, description="how long after the deploy probes are asked first, so that rates have moved"
    )
    probes: Probes = Field(
        default=(), max_length=20, description="what is asked besides, when the cluster is as planned"
    )

    @property
    def rules(self) -> VerifyRules:
        """As the use cases know them."""
        return VerifyRules(self.deadline, self.settle, tuple(one.probe for one in self.probes))

    @property
    def secrets(self) -> tuple[str, ...]:
        """The tokens, for the log's scrubber."""
        return tuple(one.token.get_secret_value() for one in self.probes if one.token is not None)
