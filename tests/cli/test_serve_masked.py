"""What the service logs of trouble quotes others: charts, clusters, exceptions. No secret is in it."""

import os
import subprocess
import sys
from pathlib import Path

from tests.cli.conftest import write
from tests.test_config import ENVIRON, MINIMAL

PAIRED = "Zq7paired8Lw"
SCRIPT = f"""\
import structlog
from pathlib import Path
from bot.cli.serve import serve
print(serve(config=Path("purser.yaml")))
log = structlog.get_logger()
log.warning("work.failed", reason="login with password={PAIRED}")
try:
    raise ValueError("a manifest says token: {PAIRED}")
except ValueError:
    log.exception("symptoms.failed")
"""


def test_no_secret_is_in_what_is_logged_of_trouble(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where a folder has to be")
    write(tmp_path, {"purser.yaml": f"{MINIMAL}data_dir: {tmp_path}/data\n"})
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**ENVIRON, "PATH": os.environ["PATH"], "HOME": str(tmp_path)},
        check=True,
    )
    assert run.stdout == "1\n"
    assert "password=‹masked:" in run.stderr
    assert "symptoms.failed" in run.stderr
    assert "a manifest says token: ‹masked:" in run.stderr
    assert PAIRED not in run.stderr
