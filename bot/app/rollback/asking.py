"""Previews of rollbacks: made, kept under a code, found again by it, and compared with what is now."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.app.apply.recovering import Left, Recovery
from bot.app.plan.keeping import to_keep
from bot.app.plan.planner import Planner
from bot.app.ports import Clock, Clusters, Forge, MergeRequest, Note, Repositories, Store, StoredPlan
from bot.app.ports.keeping import MOST_ENTRIES
from bot.app.rollback.planner import code_of, listed, nothing_to_do, previous
from bot.core.document import from_document, rollback_of
from bot.core.errors import AuthorError, TransientError
from bot.core.layouts import Catalogue, read
from bot.core.model import Target
from bot.core.planned import Plan, Rollback
from bot.core.trail.facts import document_digest

VALID_FOR = timedelta(hours=1)
"""How long a code may be confirmed, if nothing moves before."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Who wants to go back where. `revert`: with a merge request that takes the merge back in Git.

    `recover`: as if what a crash left pending had failed.
    """

    mr: MergeRequest
    target: Target
    note: Note
    back: Rollback
    revert: bool = False
    recover: bool = False


@dataclass(frozen=True, slots=True)
class Shown:
    """The plan of a way back, and what it takes for failed. `code` is empty without anything to confirm."""

    plan: Plan
    code: str
    left: tuple[Left, ...] = ()


@dataclass(frozen=True, slots=True)
class Kept:
    """A preview that was shown, by its code."""

    back: Rollback
    target: str
    stored: StoredPlan
    revert: bool
    recover: bool


class Previews:
    """Makes previews on the tip of the branch that a target deploys from."""

    def __init__(
        self,
        forge: Forge,
        repositories: Repositories,
        clusters: Clusters,
        catalogue: Catalogue,
        planner: Callable[[Rollback], Planner],
        recovery: Callable[[Rollback], Recovery],
        store: Store,
        clock: Clock,
    ) -> None:
        self._forge = forge
        self._repositories = repositories
        self._clusters = clusters
        self._catalogue = catalogue
        self._planner = planner
        self._recovery = recovery
        self._store = store
        self._clock = clock

    async def resolve(self, mr: MergeRequest, target: Target, wanted: str, revision: int | None) -> Rollback:
        """Which release is meant, and where it goes back to. Raises AuthorError, and as Cluster does."""
        async with self._repositories.at(mr.project, mr.target_branch, await self._tip(mr)) as tree:
            desired = listed(read(tree, target, self._catalogue).releases, wanted)
        if revision is None:
            async with self._clusters.open(target) as cluster:
                revision = await previous(cluster, desired)
        return Rollback(desired.key, revision)

    async def show(self, asked: Asked) -> Shown:
        """Plans it and keeps what there is to confirm."""
        mr, target = asked.mr, asked.target
        sha = await self._tip(mr)
        plan, left = await self.plan(mr, target, asked.back, sha, recover=asked.recover)
        if plan.seal is None or nothing_to_do(plan):
            return Shown(plan, "", left)
        code = code_of(mr.project, mr.iid, plan)
        stored = to_keep(plan, mr, target, sha, self._clock(), asked.note.id)
        plan_id = await self._store.add_plan(stored)
        facts = {
            "target": target.name,
            "by": asked.note.author,
            "release": asked.back.release,
            "revision": asked.back.revision,
            "seal": plan.seal,
            "code": code,
            "revert": asked.revert,
            "recover": asked.recover,
            "plan": plan_id,
            "document": document_digest(stored.document),
            "asked_at": asked.note.created_at.isoformat() if asked.note.created_at else None,
        }
        once = f"rollback.previewed:{asked.note.id}:{asked.back}:{target.name}"
        await self._store.record("rollback.previewed", mr.project, mr.iid, facts, once=once)
        return Shown(plan, code, left)

    async def plan(
        self, mr: MergeRequest, target: Target, back: Rollback, sha: str, *, recover: bool
    ) -> tuple[Plan, tuple[Left, ...]]:
        """The way back as it is now, and what it takes for failed."""
        async with self._repositories.at(mr.project, mr.target_branch, sha) as tree:
            if recover:
                prepared, left = await self._recovery(back).prepare(target, tree)
                return prepared.plan, left
            return (await self._planner(back).prepare(target, tree)).plan, ()

    async def find(self, mr: MergeRequest, code: str, said: datetime | None) -> Kept:
        """What was shown in this thread under a code, which somebody `said` again at that time of GitLab's.

        Raises AuthorError (`unknown-code`, `late-code`).
        """
        entries = await self._store.recent("rollback.previewed", mr.project, MOST_ENTRIES)
        mine = (it for it in entries if it["iid"] == mr.iid and it["facts"].get("code") == code.lower())
        entry = next(mine, None)
        if entry is None:
            raise AuthorError(
                f"No rollback was shown in this thread under the code {code}.",
                fix="Say /helm rollback RELEASE [REVISION]: its answer has the code.",
                code="unknown-code",
            )
        if _age(entry, said, self._clock()) > VALID_FOR:
            raise AuthorError(
                f"The code {code} is older than an hour.",
                fix="Say /helm rollback again and look at what it shows now.",
                code="late-code",
            )
        facts = entry["facts"]
        stored = await self._store.plan(int(facts["plan"]))
        back = rollback_of(stored.document) if stored else None
        if stored is None or back is None:
            raise LookupError("a preview that was shown is kept")
        return Kept(back, str(facts["target"]), stored, bool(facts["revert"]), bool(facts.get("recover")))

    async def again(self, kept: Kept, mr: MergeRequest, target: Target) -> tuple[Plan, Plan, str]:
        """What was shown, what it would be now, and the commit that this was found at."""
        sha = await self._tip(mr)
        plan, _ = await self.plan(mr, target, kept.back, sha, recover=kept.recover)
        return from_document(kept.stored.document), plan, sha

    async def _tip(self, mr: MergeRequest) -> str:
        tip = await self._forge.branch_tip(mr.project, mr.target_branch)
        if tip is None:
            raise TransientError(f"The branch {mr.target_branch} has no commit.")
        return tip


def _age(entry: Mapping[str, Any], said: datetime | None, now: datetime) -> timedelta:
    """How long a preview was there when its code was said.

    By GitLab's clock, which both notes have: ours may have been set meanwhile. By ours where it says none.
    """
    asked = entry["facts"].get("asked_at")
    if asked and said:
        return said - datetime.fromisoformat(str(asked))
    return now - datetime.fromisoformat(str(entry["at"]))
