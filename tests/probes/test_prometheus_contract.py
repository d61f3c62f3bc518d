"""The look-alike answers as Prometheus does: one suite over both."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.adapters.probes import WebProbes
from bot.core.verify.probes import Measured, NoAnswer, Reading
from bot.core.verify.rules import Asking, PromProbe
from tests.probes.prometheus import look_alike, scalar, vector
from tests.probes.real_prometheus import PROGRAM, prometheus

TWO = 'label_replace(vector(1), "n", "a", "", "") or label_replace(vector(2), "n", "b", "", "")'
ANSWERS = {
    "1.5": scalar("1.5"),
    "vector(3)": vector("3"),
    "1/0": scalar("+Inf"),
    "vector(0)/vector(0)": vector("NaN"),
    "nobody_counts_this": vector(),
    "sum(nobody_counts_this) or vector(0)": vector("0"),
    TWO: vector("1", "2"),
    "up[5m]": {"status": "success", "data": {"resultType": "matrix", "result": []}},
}


@pytest.fixture(params=["look-alike", pytest.param("real", marks=pytest.mark.long)])
async def base(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    if request.param == "real":
        if PROGRAM is None:
            pytest.skip("there is no Prometheus")
        async with prometheus(tmp_path) as url:
            yield f"{url}/prometheus"
        return
    async with look_alike() as made:
        made.answers = dict(ANSWERS)
        yield f"{made.url}/prometheus"


async def asked(base: str, query: str) -> Reading:
    return await WebProbes().ask(PromProbe("x", base, query, "==", 0.0, asking=Asking(timeout=30)))


async def test_queries_give_what_they_mean(base: str) -> None:
    """All in one, since a real Prometheus takes seconds to start."""
    assert await asked(base, "1.5") == Measured(1.5)
    assert await asked(base, "vector(3)") == Measured(3.0)
    assert await asked(base, "1/0") == Measured(float("inf"))
    assert await asked(base, "vector(0)/vector(0)") == NoAnswer("the value is not a number (NaN)")
    none = await asked(base, "nobody_counts_this")
    assert none == NoAnswer("the query gives no series; where none means zero, add: or vector(0)")
    assert await asked(base, "sum(nobody_counts_this) or vector(0)") == Measured(0.0)
    two = await asked(base, TWO)
    assert two == NoAnswer("the query gives 2 series; a probe needs one: use sum() or max()")
    assert await asked(base, "up[5m]") == NoAnswer("the query gives a matrix; a probe needs one value")
    wrong = await asked(base, "sum(")
    assert isinstance(wrong, NoAnswer)
    assert wrong.why.startswith("Prometheus says: ")
    assert "parse error" in wrong.why
