"""A run of mode `direct`, as the process that it is: its log and its report say no secret of its target."""

import json
import subprocess
import sys
from pathlib import Path

from bot.app.plan.keeping import to_keep
from bot.app.ports.running import RunOrder
from bot.bootstrap.direct_run import ARGV, order_of
from bot.bootstrap.tools import Settings
from bot.core.model import Target
from tests.app.deploying import NOW, SEALED
from tests.app.sweeping import HEAD, PROJECT, change

VARIABLE, PAIRED = "Zq7variable9Kx", "Zq7paired8Lw"


def told(folder: Path, helm: str) -> str:
    """The order of a run whose target has a secret variable, and an empty tree for it."""
    target = Target("production", PROJECT, variables={"LOGIN": VARIABLE})
    (folder / "tree").mkdir()
    order = RunOrder("run-1", target, str(SEALED.seal), to_keep(SEALED, change(), target, HEAD, NOW).document)
    settings = Settings(folder / "cache", b"key", secrets=[VARIABLE])
    return json.dumps(order_of(order, folder / "tree", HEAD, settings, ("cli", helm)))


def test_what_a_run_could_not_do_is_masked_in_its_log_and_in_its_report(tmp_path: Path) -> None:
    order = told(tmp_path, f"{VARIABLE}-password={PAIRED}")
    run = subprocess.run(ARGV, input=order, capture_output=True, text=True, cwd=tmp_path, check=True)
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    for said in (run.stdout, str(report)):
        assert "There is no program ‹masked" in said
        assert VARIABLE not in said
        assert PAIRED not in said


def test_what_is_logged_beside_it_is_masked_too(tmp_path: Path) -> None:
    """Standard error is the same log: a library, or we, may quote what a chart or a cluster said."""
    order = told(tmp_path, "helm")
    said = f"login {VARIABLE} or password={PAIRED}\x1b[2J"
    script = (
        "import logging, structlog; from bot.bootstrap.direct_run import main; main(); "
        f"structlog.get_logger().warning('symptoms.failed', said={said!r}); "
        f"logging.getLogger('kubernetes').error({said!r}); structlog.get_logger().info('chart.fetched')"
    )
    argv = [sys.executable, "-c", script]
    run = subprocess.run(argv, input=order, capture_output=True, text=True, cwd=tmp_path, check=True)
    log = run.stdout + run.stderr
    assert log.count("login ‹masked:") == 2
    for hidden in (VARIABLE, PAIRED, "\x1b", "chart.fetched"):
        assert hidden not in log
