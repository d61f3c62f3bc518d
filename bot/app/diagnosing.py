"""Ask a cluster what it has to say of releases that failed, and mask it."""

import asyncio
from collections.abc import Iterable, Sequence

import structlog

from bot.app.ports import Clusters
from bot.app.ports.witness import Witness
from bot.core.errors import AuthorError, ClusterForbids, ClusterUnreachable
from bot.core.model import ObjectRef, Target
from bot.core.planned import ObjectPlan, ReleasePlan
from bot.core.redact.masking import Masker
from bot.core.rehearsal.survey import stored_objects
from bot.core.release import StoredRelease
from bot.core.verify.symptoms import Symptoms, symptoms_of

log = structlog.get_logger()

MOST_RELEASES = 3
SECONDS = 30.0
"""For one release, with what is read to mask it."""


class Diagnosing:
    """What it gives is an addition to a report: it says what could not be looked at, and never raises."""

    def __init__(self, clusters: Clusters, witness: Witness) -> None:
        self._clusters = clusters
        self._witness = witness

    async def __call__(
        self, target: Target, releases: Sequence[ReleasePlan], masker: Masker
    ) -> tuple[Symptoms, ...]:
        """Of each of these releases; the masker learns their secrets."""
        found = [await self._guarded(target, release, masker) for release in releases[:MOST_RELEASES]]
        left = [
            Symptoms(one.key, unread=(f"More than {MOST_RELEASES} went wrong; it was not looked at.",))
            for one in releases[MOST_RELEASES:]
        ]
        return (*found, *left)

    async def _guarded(self, target: Target, release: ReleasePlan, masker: Masker) -> Symptoms:
        try:
            async with asyncio.timeout(SECONDS):
                return await self._one(target, release, masker)
        except TimeoutError:
            why = f"it did not answer within {SECONDS:.0f} seconds"
        except (AuthorError, ClusterForbids, ClusterUnreachable) as error:
            # Without its records nobody knows the release's secrets, so nothing of it can be shown.
            why = masker.text(error.what)
        except Exception:
            log.exception("symptoms.failed", release=release.key)
            why = "Purser itself failed; its log says why"
        return Symptoms(release.key, unread=(f"The cluster could not be asked: {why}",))

    async def _one(self, target: Target, release: ReleasePlan, masker: Masker) -> Symptoms:
        await self._learn(target, release, masker)
        seen = await self._witness.look(target, _refs(release.objects))
        return await asyncio.to_thread(symptoms_of, release.key, seen, masker.text)

    async def _learn(self, target: Target, release: ReleasePlan, masker: Masker) -> None:
        """The secrets of the revisions that run."""
        async with self._clusters.open(target) as cluster:
            live = await cluster.release(release.namespace, release.name)
        for stored in (live.base, live.newest) if live else ():
            await asyncio.to_thread(_teach, masker, stored)


def _teach(masker: Masker, stored: StoredRelease) -> None:
    masker.value(dict(stored.values))
    for manifest in (*stored_objects(stored), *(hook.manifest for hook in stored.hooks)):
        masker.learn(manifest)


def _refs(objects: Iterable[ObjectPlan]) -> list[ObjectRef]:
    """What is there afterwards, and what was changed first."""
    stays = [one for one in objects if one.action != "delete"]
    stays.sort(key=lambda one: one.action == "unchanged")
    return list(dict.fromkeys(one.ref for one in stays))
