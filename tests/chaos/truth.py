"""What must be true when all is quiet; each check gives what is wrong, as sentences."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import yaml

from bot.adapters.store.database import open_database
from bot.adapters.store.sql import SqlStore
from bot.core.helm_record import stored_release
from bot.core.notes.marks import deploy_marker, reply_marker
from bot.core.trail.chain import heads_in
from bot.core.trail.check import Chain
from bot.demo.gitlab import MergeRequest
from tests.chaos.kept import rows, unplanned, untouched
from tests.chaos.people import Done
from tests.chaos.place import RELEASES, TARGETS, Place

END = ("✅", "❌", "⏸️")
KEPT = ("helm.sh/release.v1",)


def unrest(place: Place, done: Done) -> list[str]:
    """What is still to come: nothing, once all is quiet."""
    found = []
    for mr, note in done.ordered:
        if not _answers(mr, note.id) or len(note.awards) < 2:
            found.append(f"!{mr.iid}: {note.body} of note {note.id} has no answer")
    for iid, target, state in rows(place, "SELECT iid, target, state FROM deployments"):
        if state in ("waiting", "running", "verifying"):
            found.append(f"!{iid}: the deployment to {target} is {state}")
    nothing = untouched(place)
    for mr in done.merged:
        for target in done.opened[mr.iid][1]:
            if (mr.iid, target) in nothing:
                continue
            titles = [it.body.splitlines()[2] for it in _deploy_notes(mr, target)]
            if not titles or not any(sign in titles[0] for sign in END):
                found.append(f"!{mr.iid}: the note of the deploy to {target} says {titles or 'nothing'}")
    without = unplanned(place)
    for mr, concerned in done.opened.values():
        if mr.state == "opened":
            found += [
                f"!{mr.iid}: the head has no status for {target}"
                for target in concerned
                if not place.sites[target].statuses(mr.head) and (mr.iid, target, mr.head) not in without
            ]
    under_way = "SELECT workflow_uuid FROM workflow_status WHERE status IN ('PENDING', 'ENQUEUED', 'DELAYED')"
    waiting = rows(place, under_way, "purser-engine.db")
    return found + [f"work is under way: {one}" for (one,) in waiting]


async def untrue(place: Place, done: Done) -> list[str]:
    """Everything that is wrong, in the quiet."""
    checks = (_doubled_notes, _answered_once, _statuses, _revisions, _pipelines, _words)
    return [
        *(said for check in checks for said in check(place, done)),
        *[said for target in TARGETS for said in await _as_last_deployed(place, target)],
        *await _trail(place, done),
    ]


async def unlike(place: Place, target: str, ref: str) -> list[str]:
    """Where the cluster differs from Git at this commit."""
    site, cluster = place.sites[target], place.world.cluster
    assert cluster is not None
    repo = place.world.gitlab.world.repository(site.project)
    found = {
        it["metadata"]["name"]: it["data"]["color"] for it in cluster.objects("ConfigMap", site.namespace)
    }
    wanted = {}
    for release in RELEASES:
        text = await repo.read(ref, f"{TARGETS[target]}values/{release}.yaml")
        assert text is not None
        wanted[release] = yaml.safe_load(text)["color"]
    return [] if found == wanted else [f"{target} has {found}, Git at {ref[:8]} says {wanted}"]


def revisions(place: Place, target: str) -> list[tuple[str, int, str, str]]:
    """Name, revision, status and run of each of Helm's records."""
    site, cluster = place.sites[target], place.world.cluster
    assert cluster is not None
    kept = [it for it in cluster.objects("Secret", site.namespace) if it["type"] in KEPT]
    found = [(stored_release(it), it["metadata"]["labels"].get("purser.io/run", "")) for it in kept]
    return sorted((it.name, it.revision, it.status, run) for it, run in found)


def _deploy_notes(mr: MergeRequest, target: str) -> list[Any]:
    return [it for it in mr.notes if it.body.startswith(deploy_marker(target))]


def _answers(mr: MergeRequest, number: int) -> list[Any]:
    return [it for it in mr.notes if it.body.startswith(reply_marker(number))]


def _doubled_notes(place: Place, done: Done) -> Iterator[str]:
    for mr, _ in done.opened.values():
        marks = Counter(it.body.splitlines()[0] for it in mr.notes if it.author is place.one.purser)
        yield from (f"!{mr.iid} has {times} notes {mark}" for mark, times in marks.items() if times > 1)


def _answered_once(place: Place, done: Done) -> Iterator[str]:
    for mr, note in done.ordered:
        names = [it.name for it in note.awards]
        # Each target has its say about a plan: one may be made before the merge, and one come too late.
        most = len(TARGETS) if note.body.startswith("/helm plan") else 1
        if names[:1] != ["eyes"] or not 1 <= len(names) - 1 <= most:
            yield f"!{mr.iid}: note {note.id} has the reactions {names}"


def _statuses(place: Place, done: Done) -> Iterator[str]:
    without = unplanned(place)
    for mr, concerned in done.opened.values():
        for target in concerned:
            if (mr.iid, target, mr.head) in without:
                continue
            states = [it.status for it in place.sites[target].statuses(mr.head)]
            if mr.state == "opened" and (len(states) != 1 or states[0] not in ("success", "failed")):
                yield f"!{mr.iid} has the statuses {states} for {target}"


def _revisions(place: Place, done: Done) -> Iterator[str]:
    """One revision of a release for each run, and none that no entry of the trail speaks of."""
    seals = _seals(place)
    for target in TARGETS:
        of = revisions(place, target)
        runs = Counter((name, run) for name, _, _, run in of)
        yield from (
            f"{target}: {run} made {n} revisions of {name}" for (name, run), n in runs.items() if n > 1
        )
        yield from (f"{target}: {run} of {name} is in no trail" for name, run in runs if run not in seals)
        good = Counter(
            (name, seals[run])
            for name, _, status, run in of
            if run in seals and status in ("deployed", "superseded")
        )
        yield from (
            f"{target}: {n} revisions of {name} have the seal {s}" for (name, s), n in good.items() if n > 1
        )


def _seals(place: Place) -> dict[str, str]:
    """The seal of each run that the trail or GitLab knows; a job is of a pipeline of the trail."""
    found, pipelines = {}, {}
    for kind, text in rows(place, "SELECT kind, facts FROM trail WHERE kind IN ('run', 'pipeline')"):
        facts = json.loads(text)
        if kind == "run":
            found[facts["run"]] = facts["seal"]
        else:
            pipelines[facts["pipeline"]] = facts["seal"]
    for pipeline in place.one.apply_pipelines():
        seal = pipelines.get(pipeline.id)
        found |= {f"job-{job.id}": seal for job in place.one.jobs(pipeline) if seal}
    return found


def _pipelines(place: Place, done: Done) -> Iterator[str]:
    """None that the bot made and forgot."""
    known = {
        json.loads(text)["pipeline"]
        for (text,) in rows(place, "SELECT facts FROM trail WHERE kind IN ('pipeline', 'pipeline.elsewhere')")
    }
    for pipeline in place.one.apply_pipelines():
        if pipeline.id not in known:
            yield f"pipeline {pipeline.id} is in no trail"


def _words(place: Place, done: Done) -> Iterator[str]:
    for line in place.world.bot.lines:
        entry = json.loads(line) if line.startswith("{") else {}
        if not entry or "exception" in entry:
            yield f"the bot said: {line[:3000]}"


async def _as_last_deployed(place: Place, target: str) -> list[str]:
    """Where the last that ended for the target succeeded, the cluster is what that merge commit says."""
    query = "SELECT iid, facts FROM trail WHERE kind IN ('deploy.ended', 'run', 'pipeline') ORDER BY id"
    ended = [
        (iid, facts) for iid, text in rows(place, query) if (facts := json.loads(text))["target"] == target
    ]
    if not ended or ended[-1][1].get("state") != "succeeded":
        return []
    [(sha,)] = rows(
        place,
        f"SELECT merge_sha FROM deployments WHERE iid = {int(ended[-1][0])} AND target = '{target}'",
    )
    return await unlike(place, target, sha)


async def _trail(place: Place, done: Done) -> list[str]:
    """What `purser trail verify` finds, with every head that a note names."""
    notes = "\n".join(it.body for mr, _ in done.opened.values() for it in mr.notes)
    chain = Chain(heads_in(notes))
    engine = await open_database(f"sqlite:///{place.data}/purser.db")
    try:
        async for entry in SqlStore(engine).stream():
            chain.add(entry)
    finally:
        await engine.dispose()
    return [f"the trail: {problem}" for problem in chain.verdict().problems]
