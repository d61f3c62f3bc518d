"""A job's log as GitLab stores it: masked, with sections and, on 19.x, time and stream mark before each
line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from bot.demo.gitlab.ci_state import Job


class Trace:
    """Lines appear in `job.trace` as they are written; secrets are replaced line by line."""

    def __init__(self, job: Job, now: Callable[[], datetime], secrets: Sequence[str], stamps: bool) -> None:
        self.job = job
        self.now = now
        self.secrets = sorted((s.encode() for s in secrets if s), key=len, reverse=True)
        self.stamps = stamps
        self._rest = b""

    def write(self, chunk: bytes) -> None:
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in lines:
            self._line(line)

    def flush(self) -> None:
        """Ends a line that was left open."""
        if self._rest:
            self._line(self._rest)
            self._rest = b""

    def say(self, text: str) -> None:
        """A line of the runner's own."""
        self._line(text.encode())

    @contextmanager
    def section(self, name: str, title: str) -> Iterator[None]:
        """A part of the log that GitLab's page folds."""
        self._line(
            f"section_start:{int(self.now().timestamp())}:{name}\r\x1b[0K\x1b[0K\x1b[36;1m{title}\x1b[0;m".encode()
        )
        try:
            yield
        finally:
            self._line(f"section_end:{int(self.now().timestamp())}:{name}\r\x1b[0K".encode())

    def _line(self, line: bytes) -> None:
        for secret in self.secrets:
            line = line.replace(secret, b"[MASKED]")
        mark = self.now().strftime("%Y-%m-%dT%H:%M:%S.%fZ 00O ").encode() if self.stamps else b""
        self.job.trace += mark + line + b"\n"
