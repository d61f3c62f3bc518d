"""A group's hook beside the project's: GitLab reports each event twice, and each thing happens once."""

from pathlib import Path

import pytest

from bot.core.notes.marks import reply_marker
from tests.e2e.waiting import until
from tests.e2e.world import world

pytestmark = [pytest.mark.long, pytest.mark.timeout(240)]


async def test_plan_command_and_deploy_of_two_hooks_happen_once(tmp_path: Path) -> None:
    async with world(tmp_path) as running:
        site = await running.site()
        [of_the_group] = running.gitlab.world.hooks.values()
        running.gitlab.add_hook(site.project, of_the_group.url, token=running.secrets["HOOK_TOKEN"])

        merge_request = await site.change()
        await site.planned(merge_request)
        asked, _ = await site.command(merge_request, site.max, "/helm status")
        again, _ = await site.command(merge_request, site.max, "/helm plan")
        await site.gitlab.merge(merge_request, site.max)
        assert "verified" in await site.deployed(merge_request)
        await site.settled(merge_request)

        def heard() -> bool:
            took, known = (_results(running.bot.lines, word) for word in ("work.queued", "work.known"))
            return took >= 5 and not known

        await until(heard, "the work of each event, once")
        for note in (asked, again):
            replies = [it for it in merge_request.notes if it.body.startswith(reply_marker(note.id))]
            assert len(replies) == 1
        assert len(site.plan_notes(merge_request)) == len(site.deploy_notes(merge_request)) == 1
        assert len(site.apply_pipelines()) == 1
        assert site.plans_made() == 2


def _results(lines: list[str], event: str) -> int:
    return sum(f'"{event}"' in line for line in lines)
