"""Real charts, where PURSER_REAL_CHARTS names a folder of them (tests/cluster/real_charts.py says how)."""

import os
from pathlib import Path

import pytest

from tests.cluster.control_plane import ControlPlane
from tests.cluster.real_charts import RealChart

_CHARTS = os.environ.get("PURSER_REAL_CHARTS", "")
NAMES = sorted(path.name.removesuffix("-a") for path in Path(_CHARTS).glob("*-a")) if _CHARTS else []


@pytest.mark.skipif(not NAMES, reason="PURSER_REAL_CHARTS names no folder with charts")
@pytest.mark.parametrize("name", NAMES or ["none"])
async def test_a_real_chart_is_planned_as_it_is_deployed(helm: Path, tmp_path: Path, name: str) -> None:
    # A cluster for each: charts leave CRDs behind, and cluster-wide names meet.
    with ControlPlane.start() as plane:
        told = await RealChart(plane, helm, tmp_path, name).live(Path(_CHARTS))
    print("\n" + "\n".join(step.line for step in told))
    assert {step.step: step.wrong for step in told if step.wrong} == {}
