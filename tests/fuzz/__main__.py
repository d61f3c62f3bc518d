"""`python -m tests.fuzz --seconds 600`: every check of `checks`, led by coverage (atheris), and a table.

Inputs that broke something are kept in build/fuzz/<check>/crash-*; each becomes a fixed test, then it is
mended.
"""

import argparse
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz.checks import CHECKS
from tests.fuzz.mutating import TOKENS

PLACE = Path("build/fuzz")
_DONE = re.compile(r"^Done (\d+) (?:runs )?in (\d+) second", re.MULTILINE)
_COVERED = re.compile(r"cov: (\d+)")
_LAST = re.compile(r"^#(\d+)\s", re.MULTILINE)


@dataclass(frozen=True)
class Ran:
    """What one check's run ended with; `broken` names the input that broke it."""

    check: str
    executions: int
    covered: int
    broken: str


def main() -> int:
    """Exit status 1 where something broke."""
    asked = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    asked.add_argument("checks", nargs="*", default=list(CHECKS), help=f"of {', '.join(CHECKS)}")
    asked.add_argument("--seconds", type=int, default=600, help="for all of them together")
    given = asked.parse_args()
    PLACE.mkdir(parents=True, exist_ok=True)
    (PLACE / "tokens").write_text("".join(f"{_quoted(token)}\n" for token in TOKENS), encoding="ascii")
    ran = [_run(name, max(1, given.seconds // len(given.checks))) for name in given.checks]
    print(f"{'check':<12} {'executions':>12} {'covered':>8}  broken by")
    for one in ran:
        print(f"{one.check:<12} {one.executions:>12,} {one.covered:>8,}  {one.broken or '-'}")
    return 1 if any(one.broken for one in ran) else 0


def _run(name: str, seconds: int) -> Ran:
    corpus = PLACE / name / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(CHECKS[name].seeds):
        (corpus / f"seed-{number}").write_bytes(seed.encode())
    command = [
        sys.executable, "-m", "tests.fuzz.one", name, str(corpus), f"-max_total_time={seconds}",
        f"-dict={PLACE / 'tokens'}", f"-artifact_prefix={PLACE / name}/", "-timeout=20", "-rss_limit_mb=2048",
        "-max_len=20000",
    ]  # fmt: skip
    ended = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    said = ended.stdout + ended.stderr
    (PLACE / name / "said").write_text(said, encoding="utf-8")
    counts = [int(done[1]) for done in _DONE.finditer(said)] or [int(n) for n in _LAST.findall(said)] or [0]
    covered = [int(n) for n in _COVERED.findall(said)] or [0]
    kept = re.search(r"Test unit written to (\S+)", said)
    broken = (
        kept[1] if kept else "" if ended.returncode == 0 else f"exit {ended.returncode}, {PLACE / name}/said"
    )
    return Ran(name, counts[-1], covered[-1], broken)


def _quoted(token: str) -> str:
    return '"' + "".join(f"\\x{byte:02x}" for byte in token.encode(errors="surrogatepass")) + '"'


if __name__ == "__main__":
    sys.exit(main())
