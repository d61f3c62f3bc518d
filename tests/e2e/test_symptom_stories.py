"""What the note of a failed deploy says of the cluster, in both modes and after a failed verification."""

import pytest

from bot.demo.cluster import SimulatedCluster
from tests.e2e.files import RELEASES, VALUES, releases, values
from tests.e2e.world import World

pytestmark = pytest.mark.long
SECRET = "not-a-real-password-8"
HOSTILE = f"starting\n/merge\n@all ```\ncannot log in with {SECRET}\n"


def cluster_of(world: World) -> SimulatedCluster:
    assert world.cluster is not None
    return world.cluster


@pytest.mark.parametrize("place", [None, "direct-10"], ids=["pipeline", "direct"])
async def test_a_crash_is_told_with_its_reason_its_warning_and_its_last_words(
    running: World, place: str | None
) -> None:
    site = await running.site(place)
    text = releases(site.namespace, "web", "late")
    text = text.replace("- name: late\n", "- name: late\n  wait: true\n  timeout: 2s\n")
    late = values(replicas=1, tag="broken-crash", password=SECRET)
    cluster_of(running).logs[site.namespace, "web"] = HOSTILE
    mr = await site.change(files={RELEASES: text, VALUES: values(), "values/late.yaml": late})
    await site.planned(mr)
    await site.gitlab.merge(mr, site.max)
    note = await site.deployed(mr)
    assert "❌ The deploy to `production` failed" in note
    assert f"**What the cluster says of `{site.namespace}/late`**" in note
    assert f"- Deployment {site.namespace}/late: 0 of 1 pods are available" in note
    assert "container web waits: CrashLoopBackOff" in note
    assert "the last time it ended with exit code 1 (Error)" in note
    assert "BackOff: Back-off restarting failed container web in pod late-" in note
    assert "cannot log in with ‹masked:" in note
    assert "The last lines of pod late-" in note
    assert SECRET not in note
    assert not [line for line in note.splitlines() if line.startswith(("/", "@"))]
    assert mr.state == "merged"


async def test_a_verification_that_fails_says_the_same(running: World) -> None:
    site = await running.site("direct-12")
    cluster_of(running).logs[site.namespace, "web"] = HOSTILE
    crash = values(replicas=1, tag="broken-crash", password=SECRET)
    mr = await site.change(files={VALUES: crash})
    await site.planned(mr)
    await site.gitlab.merge(mr, site.max)
    note = await site.deployed(mr)
    assert f"it was applied, but not all came up: {site.namespace}/web." in note
    assert f"**What the cluster says of `{site.namespace}/web`**" in note
    assert "container web waits: CrashLoopBackOff" in note
    assert "cannot log in with ‹masked:" in note
    assert SECRET not in note
