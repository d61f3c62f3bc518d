"""What the cluster says of releases: masked with what their records know, never in the way of a report."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import cast

from bot.app.diagnosing import MOST_RELEASES, Diagnosing
from bot.app.ports import Cluster
from bot.core.errors import ClusterForbids, ClusterUnreachable
from bot.core.model import ObjectRef, Target
from bot.core.notes.symptoms import symptoms_part
from bot.core.planned import ObjectPlan
from bot.core.redact.masking import Masker
from bot.core.release import LiveRelease
from bot.core.verify.symptoms import Sighting
from tests.app.planning import TARGET, stored
from tests.app.verifying import SETTINGS, WEB, release_plan
from tests.core.ailing import event, log, sighting

SECRET = "not-a-real-password-7"
MANIFEST = f"apiVersion: v1\nkind: Secret\nmetadata: {{name: login}}\nstringData: {{password: {SECRET}}}\n"


@dataclass
class World:
    """A cluster that keeps one revision with a Secret in it, and a witness that saw `seen`."""

    seen: Sighting = field(default_factory=sighting)
    fails: Exception | None = None
    unreadable: Exception | None = None
    asked: list[tuple[Target, list[ObjectRef]]] = field(default_factory=list)

    def open(self, target: Target) -> AbstractAsyncContextManager[Cluster]:
        """As the port says."""

        @asynccontextmanager
        async def opened() -> AsyncIterator[Cluster]:
            yield cast(Cluster, self)

        return opened()

    async def release(self, namespace: str, name: str) -> LiveRelease:
        """One revision."""
        if self.unreadable:
            raise self.unreadable
        one = replace(stored(name, "blue"), manifest=MANIFEST)
        return LiveRelease(one, one)

    async def look(self, target: Target, refs: Sequence[ObjectRef]) -> Sighting:
        """What was seen."""
        self.asked.append((target, list(refs)))
        if self.fails:
            raise self.fails
        return self.seen


async def said(world: World, count: int = 1) -> str:
    releases = [release_plan(name=f"web-{n}" if n else "web") for n in range(count)]
    found = await Diagnosing(world, world)(TARGET, releases, Masker(b"key"))
    assert [one.release for one in found] == [one.key for one in releases]
    return "\n".join(symptoms_part(one) for one in found)


async def test_secrets_of_the_revision_that_runs_are_masked_in_events_and_logs() -> None:
    world = World(sighting(events=[event(f"login with {SECRET}")], logs=[log(f"user root, {SECRET}\n")]))
    note = await said(world)
    assert "login with" in note
    assert "user root" in note
    assert SECRET not in note
    assert note.count("masked") == 2


async def test_what_was_changed_is_looked_at_first_and_what_was_deleted_not_at_all() -> None:
    world = World()
    other = ObjectRef("apps/v1", "Deployment", "apps", "other")
    plan = release_plan(
        objects=(ObjectPlan(SETTINGS, "unchanged"), ObjectPlan(other, "delete"), ObjectPlan(WEB, "update"))
    )
    await Diagnosing(world, world)(TARGET, [plan], Masker(b"key"))
    assert world.asked == [(TARGET, [WEB, SETTINGS])]


async def test_without_the_release_s_record_nothing_of_it_is_shown() -> None:
    """Its secrets could not be known then."""
    forbids = ClusterForbids("The API server forbids us to list secrets.")
    world = World(sighting(events=[event(SECRET)]), unreadable=forbids)
    note = await said(world)
    assert "The cluster could not be asked: The API server forbids us to list secrets." in note
    assert SECRET not in note
    assert world.asked == []


async def test_no_failure_of_the_look_is_one_of_the_report() -> None:
    assert "it did not answer" not in await said(World())
    assert "gone" in await said(World(fails=ClusterUnreachable("it is gone")))
    assert "Purser itself failed; its log says why" in await said(World(fails=ZeroDivisionError("a bug")))


async def test_of_many_releases_only_some_are_looked_at_and_that_is_said() -> None:
    world = World()
    note = await said(world, MOST_RELEASES + 2)
    assert len(world.asked) == MOST_RELEASES
    assert note.count("it was not looked at") == 2
