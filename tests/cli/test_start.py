"""What a start of the command line costs: what a command does not need is not imported."""

import subprocess
import sys

HEAVY = ("bot.config", "pydantic", "croniter", "sqlalchemy", "dbos")
_ASK = "import sys, bot.cli.plan, bot.cli.apply; print(*(it for it in sys.argv[1:] if it in sys.modules))"


def test_a_plan_without_a_configuration_imports_nothing_that_reads_one() -> None:
    asked = subprocess.run(
        [sys.executable, "-c", _ASK, *HEAVY], capture_output=True, text=True, check=True, timeout=120
    )
    assert asked.stdout.split() == []
