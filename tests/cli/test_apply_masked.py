"""What `purser apply` says, and what is logged beside it to standard error: the job's log has both."""

import os
import subprocess
import sys
from pathlib import Path

from tests.cli.conftest import write

VARIABLE, PAIRED = "Zq7variable9Kx", "Zq7paired8Lw"
CONFIG = f"""\
version: 1
gitlab: {{url: "https://gitlab.example.com", token: {{env: TOKEN}}}}
webhook: {{token: {{env: TOKEN}}}}
projects:
  - path: ops/cluster
    targets:
      - {{name: production, kubeconfig: "no-{VARIABLE}", variables: {{LOGIN_PASSWORD: "{VARIABLE}"}}}}
"""
SAID = f"login {VARIABLE} or password={PAIRED}"
SCRIPT = f"""\
import logging, structlog
from pathlib import Path
from bot.cli.apply import apply
from bot.cli.options import TargetOptions
try:
    apply(Path("checkout"), seal="sha256:0", options=TargetOptions(config=Path("purser.yaml")))
except Exception as error:
    print(type(error).__name__)
structlog.get_logger().warning("symptoms.failed", said={SAID!r})
logging.getLogger("kubernetes").error({SAID!r})
"""


def test_no_secret_of_the_target_is_in_what_is_said_and_logged(tmp_path: Path) -> None:
    write(tmp_path, {"purser.yaml": CONFIG, "checkout/releases.yaml": "version: 1\nreleases: []\n"})
    environment = {"TOKEN": "glpat-" + "x" * 20, "HOME": str(tmp_path)}
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**environment, "PATH": os.environ["PATH"], "LANG": "C.UTF-8"},
        check=True,
    )
    log = run.stdout + run.stderr
    assert "Refused: the seal" in run.stdout, log
    assert "no-‹masked:" in run.stdout
    assert run.stderr.count("login ‹masked:") == 2
    assert VARIABLE not in log
    assert PAIRED not in log
