"""GitLab and its repositories, in our words. Each docstring is the contract; one suite tests it."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol, TypeAlias

from bot.app.ports.jobs import Job, Jobs, Pipeline
from bot.app.ports.rendering import Checkout
from bot.core.gate.approvals import Person

MergeRequestState: TypeAlias = Literal["opened", "closed", "merged", "locked"]
DeploymentState: TypeAlias = Literal["running", "success", "failed", "canceled"]
StatusState: TypeAlias = Literal["pending", "running", "success", "failed", "canceled"]


@dataclass(frozen=True, slots=True)
class MergeRequest:
    """A merge request as the forge has it now. Shas are full hex.

    `merge_sha` is what the target branch got, once merged. `empty`: its branch has no commit that the target
    branch lacks, as far as the forge has looked (never in a list).
    """

    project: str
    project_id: int
    iid: int
    state: MergeRequestState
    title: str
    author: str
    draft: bool
    source_project_id: int
    source_branch: str
    target_branch: str
    head: str
    merge_sha: str | None
    head_pipeline_id: int | None
    web_url: str
    merged_by: str | None = None
    updated_at: str = ""
    conflicts: bool = False
    threads_resolved: bool = True
    empty: bool = False

    @property
    def from_fork(self) -> bool:
        """Whether the source branch is in another project."""
        return self.source_project_id != self.project_id


@dataclass(frozen=True, slots=True)
class Note:
    """A note of a merge request. `author` is a username."""

    id: int
    discussion_id: str
    author: str
    author_id: int
    body: str
    system: bool = False
    internal: bool = False
    edited: bool = False
    created_at: datetime | None = None
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Approver:
    """Somebody who approves of a merge request; `at` where GitLab says when."""

    person: Person
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Wrote:
    """The names and e-mail addresses that a merge request's commits give for authors and committers."""

    names: frozenset[str]
    emails: frozenset[str]


@dataclass(frozen=True, slots=True)
class Issue:
    """An issue of ours, with the marker in its body."""

    iid: int
    opened: bool
    body: str
    web_url: str


class Forge(Jobs, Protocol):
    """GitLab, as far as we need it.

    All calls raise TransientError (time-out, 5xx, 429 after retries, not JSON; also where GitLab shuts us
    out: 401, 403, a project that we may not see), ForgeRefused (other 4xx) and, where something is not there,
    give None. `project` is the path with namespace.
    """

    async def me(self) -> str:
        """Our own username (cached)."""
        ...

    async def merge_request(self, project: str, iid: int) -> MergeRequest | None: ...

    async def merge_requests(self, project: str, updated_after: datetime) -> AsyncIterator[MergeRequest]:
        """Those updated since, oldest first, every page; their `head_pipeline_id` is None (lists lack it)."""
        ...

    async def merge_ref(self, project: str, iid: int) -> str | None:
        """The commit that the target branch would have, of the head as it is now.

        None while GitLab computes it, on a conflict, and when there is nothing (left) to merge.
        """
        ...

    async def default_branch(self, project: str) -> str: ...

    async def access_level(self, project: str, user_id: int) -> int:
        """GitLab's number (30 developer, 40 maintainer); 0 for no member or a blocked user."""
        ...

    async def notes(self, project: str, iid: int) -> list[Note]:
        """Every note, every page, oldest first."""
        ...

    async def own_notes(self, project: str, iid: int) -> list[Note]:
        """Our own notes, every page, oldest first."""
        ...

    async def note(self, project: str, iid: int, note_id: int) -> Note | None:
        """One note; its `discussion_id` may be empty, as GitLab does not say it here."""
        ...

    async def upsert_note(self, project: str, iid: int, marker: str, body: str) -> int:
        """One note of ours per marker: found on every page by marker and author, edited in place, else made.

        An unchanged body is not sent again. Gives the note's id. Raises ForgeRefused (`note-swallowed`) where
        GitLab took the whole body for quick actions.
        """
        ...

    async def reply(self, project: str, iid: int, discussion_id: str, marker: str, body: str) -> int:
        """A note in that discussion, once per marker (an existing one is edited).

        Raises ForgeRefused (`not-found`) where the discussion is gone.
        """
        ...

    async def react(self, project: str, iid: int, note_id: int, emoji: str) -> None:
        """Our award emoji on a note; there already is fine."""
        ...

    async def set_status(
        self,
        project: str,
        sha: str,
        *,
        name: str,
        state: StatusState,
        description: str,
        url: str | None = None,
        pipeline_id: int | None = None,
    ) -> None:
        """A commit status. The same again, and GitLab's refused self-transitions, are fine."""
        ...

    async def find_pipeline(self, project: str, sha: str, seal: str, target: str) -> Pipeline | None:
        """The newest pipeline of ours on `sha` that was given this seal and target (inputs or variables).

        Inputs cannot be read back: those are known by the name of a job, `purser-apply <target> <seal>`, the
        seal whole or by its first digits (8 or more). A name without one matches any seal.
        """
        ...

    async def create_pipeline(self, project: str, ref: str, sha: str, inputs: Mapping[str, str]) -> Pipeline:
        """A pipeline on `ref`, which must be at `sha`, with inputs PURSER_*, else as variables.

        One of this seal and target that has not ended is given instead of a second one. Raises ForgeRefused:
        `ref-moved` (the branch is past `sha`), `no-pipeline` (no CI file, or none of its jobs wants to run),
        `inputs-refused`, `variables-refused`.
        """
        ...

    async def pipeline(self, project: str, pipeline_id: int) -> Pipeline | None: ...

    async def pipelines(self, project: str, sha: str) -> list[Pipeline]: ...

    async def jobs(self, project: str, pipeline_id: int) -> list[Job]:
        """The latest of each job's tries."""
        ...

    async def cancel_pipeline(self, project: str, pipeline_id: int) -> None:
        """Asks GitLab to stop it; one that has ended or is gone is fine."""
        ...

    async def approvers(self, project: str, iid: int) -> list[Approver]:
        """Who approves now, on every tier, whatever GitLab itself makes of it."""
        ...

    async def wrote(self, project: str, iid: int) -> Wrote:
        """Whom the commits of a merge request name, every page."""
        ...

    async def changed_paths(self, project: str, iid: int, head: str) -> frozenset[str] | None:
        """Old and new paths of the files that a merge request changes up to `head`, every page.

        None where they are too many for GitLab to name all of them. Raises TransientError while GitLab has
        not compared that head yet.
        """
        ...

    async def description(self, project: str, iid: int) -> Note | None:
        """The description as a note of the author's, with the number 0 and no discussion."""
        ...

    async def behind(self, project: str, head: str, tip: str) -> int:
        """How many commits `tip` (a commit or branch) has that `head` lacks."""
        ...

    async def parents(self, project: str, sha: str) -> tuple[str, ...]:
        """A commit's parents, the one that it was put on first; empty where there is no such commit."""
        ...

    async def branch_tip(self, project: str, branch: str) -> str | None: ...

    async def checks(self, project: str, pipeline_id: int) -> str | None:
        """GitLab's word for a pipeline, without what statuses named `purser/…` make of it."""
        ...

    async def merge_requests_of(self, project: str, sha: str) -> list[MergeRequest]:
        """Those that brought this commit; `head_pipeline_id` is None."""
        ...

    async def upsert_issue(self, project: str, marker: str, title: str, body: str) -> str:
        """One open issue of ours per marker, edited or else opened; its web address."""
        ...

    async def issue(self, project: str, marker: str) -> Issue | None:
        """The issue of ours that begins with the marker, open or closed."""
        ...

    async def put_issue(self, project: str, marker: str, title: str, body: str, *, opened: bool) -> str:
        """That issue with this body, opened or closed; made where there is none and it is to be open.

        Its web address, empty where there is none.
        """
        ...

    async def tell_deployment(
        self, project: str, environment: str, ref: str, sha: str, state: DeploymentState
    ) -> None:
        """Our record of a deployment of `sha`: the one under way gets the state, else one is made.

        The same again is fine. Records that jobs of GitLab's made are never touched.
        """
        ...

    async def trace_tail(self, project: str, job_id: int, limit: int) -> str:
        """The last `limit` characters of the job's log, without time stamps and colour codes."""
        ...


class Repositories(Protocol):
    """Git checkouts of the forge's projects."""

    def at(self, project: str, ref: str, sha: str) -> AbstractAsyncContextManager[Checkout]:
        """The tree of `sha`, fetched by `ref`, without hooks, submodules, LFS or filters.

        Raises TransientError while the forge does not have the ref at that commit.
        """
        ...
