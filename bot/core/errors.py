"""Whose error it is decides what happens with it.

AuthorError: somebody wrote or configured something that cannot work; it is shown to them, never retried.
TransientError: nobody's fault and it may pass; it is retried, and said once when it does not pass.
Anything else is a bug of ours: one log line with the traceback, and the note says that we failed.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Where:
    """A place in a checkout or configuration: a path relative to its root and, if known, a line (from 1)."""

    file: str
    line: int | None = None

    def __str__(self) -> str:
        return self.file if self.line is None else f"{self.file}:{self.line}"


class PurserError(Exception):
    """Base of the errors that we raise on purpose."""


class AuthorError(PurserError):
    """What the author of a change or of a configuration has to mend.

    `what` is a sentence without secrets, `where` the place, `fix` what to do next, `code` a stable word for
    scripts (it becomes the finding's code).
    """

    def __init__(
        self, what: str, *, where: Where | None = None, fix: str = "", code: str = "invalid"
    ) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.fix = fix
        self.code = code

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        return f"{place}{self.what}" + (f" {self.fix}" if self.fix else "")


class TransientError(PurserError):
    """Something outside did not answer as it should; trying again later may help.

    `retry_after` is the wait in seconds that the other side asked for, if it did.
    """

    def __init__(self, what: str, *, retry_after: float | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.retry_after = retry_after


class ClusterUnreachable(TransientError):
    """The API server did not answer, or its answer was not one of an API server."""


class ClusterForbids(PurserError):
    """The API server refused our identity or a request of ours (401, 403).

    `what` names the verb, the resource and the namespace that were refused.
    """

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


class ForgeRefused(PurserError):
    """GitLab refused a request of ours: HTTP `status`, its words without secrets, a `code`."""

    def __init__(self, what: str, *, status: int, code: str = "refused") -> None:
        super().__init__(what)
        self.what = what
        self.status = status
        self.code = code


class PipelineElsewhere(ForgeRefused):
    """The branch moved as GitLab made our pipeline: on `sha`, which is newer. It was cancelled."""

    def __init__(self, what: str, pipeline_id: int, sha: str) -> None:
        super().__init__(what, status=409, code="ref-moved")
        self.pipeline_id = pipeline_id
        self.sha = sha
