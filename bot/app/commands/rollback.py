"""`/helm rollback RELEASE [REVISION] [--target T] [--revert]`: shows what going back would do, and a code.

Nothing is changed by it: `/helm confirm CODE` does that, for as long as what was seen holds.
"""

from dataclasses import dataclass

from bot.app.apply.recovering import pending
from bot.app.commands.request import Answer, Request
from bot.app.deploy.reverting import Reverting
from bot.app.ports import Deployment, MergeRequest, Store
from bot.app.ports.keeping import UNDER_WAY
from bot.app.rollback.asking import Asked, Previews
from bot.core.errors import AuthorError, ClusterForbids, ClusterUnreachable, ForgeRefused
from bot.core.model import Target
from bot.core.notes import markdown as md
from bot.core.notes import rollback as words
from bot.core.planned import Rollback


class PreviewRollback:
    """Plans the way back and keeps what it showed."""

    def __init__(self, previews: Previews, reverting: Reverting, store: Store) -> None:
        self._previews = previews
        self._reverting = reverting
        self._store = store

    async def __call__(self, request: Request) -> Answer:
        """One target, one release. Raises TransientError where GitLab or the cluster do not answer."""
        found = await deployed(request, self._store)
        if isinstance(found, Answer):
            return found
        if "revert" in request.command.options and found.deployment.state == "rolled back":
            return await self._revert(request.mr, found.target)
        wanted, revision = _arguments(request)
        if revision is not None and revision < 1:
            return Answer("A revision is a number from 1 on, as `/helm history` lists them.", good=False)
        try:
            back = await self._previews.resolve(request.mr, found.target, wanted, revision)
        except (AuthorError, ClusterUnreachable, ClusterForbids) as error:
            fix = f" {error.fix}" if isinstance(error, AuthorError) and error.fix else ""
            return Answer(f"{md.code(found.target.name)}: {md.text(f'{error.what}{fix}')}", good=False)
        return await self._show(request, found.target, back)

    async def _show(self, request: Request, target: Target, back: Rollback) -> Answer:
        revert = "revert" in request.command.options
        recover = "recover" in request.command.options
        asked = Asked(request.mr, target, request.note, back, revert, recover)
        shown = await self._previews.show(asked)
        left = pending(shown.left)
        return Answer(words.preview(shown.plan, shown.code, revert=revert, left=left), good=bool(shown.code))

    async def _revert(self, mr: MergeRequest, target: Target) -> Answer:
        try:
            url = await self._reverting.revert(mr, target.name)
        except (AuthorError, ForgeRefused) as error:
            return Answer(f"{md.code(target.name)}: {md.text(words.not_reverted(error.what))}", good=False)
        return Answer(f"{md.code(target.name)}: {words.REVERTED} {url}")


@dataclass(frozen=True, slots=True)
class Found:
    """The target, and the deployment that a merge request made of it."""

    target: Target
    deployment: Deployment


async def deployed(request: Request, store: Store) -> Found | Answer:
    """What a rollback in this thread goes back from, or why there is none."""
    mr = request.mr
    if mr.state != "merged":
        said = "This merge request is not merged, so it deployed nothing. A rollback is said in the thread of"
        return Answer(f"{said} a merge request that was deployed.", good=False)
    if len(request.targets) != 1:
        names = ", ".join(md.code(target.name) for target in request.targets)
        said = f"Name one target with `--target`: {names}." if names else "It deploys to no target."
        return Answer(said, good=False)
    [target] = request.targets
    deployment = await store.deployment(mr.project, mr.iid, target.name)
    if deployment is None:
        said = (
            f"{md.code(target.name)}: this merge request was not deployed to it. Say it in the thread of one"
        )
        return Answer(f"{said} that was.", good=False)
    if deployment.state in UNDER_WAY:
        return still_under_way(target)
    return Found(target, deployment)


def still_under_way(target: Target) -> Answer:
    """That nothing is rolled back now."""
    said = "a deployment is under way; say it again when its note tells how it ended."
    return Answer(f"{md.code(target.name)}: {said}", good=False)


def _arguments(request: Request) -> tuple[str, int | None]:
    wanted, *rest = request.command.args
    if not rest:
        return wanted, None
    return wanted, int(rest[0]) if rest[0].isdecimal() and len(rest[0]) < 9 else 0
