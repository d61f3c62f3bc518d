"""The trail of real deployments: a deploy note's head holds, and the story has every answer."""

import asyncio
import html
from pathlib import Path

import pytest

from bot.cli.app import run
from bot.core.trail.chain import heads_in
from tests.e2e.site import Site, seal_of
from tests.e2e.waiting import until
from tests.e2e.world import world

pytestmark = pytest.mark.long


async def deployed(site: Site) -> tuple[int, str, str]:
    """A merge request from its plan to its deploy: its number, its seal, its deploy note."""
    mr = await site.change()
    seal = seal_of(await site.planned(mr))
    await site.gitlab.merge(mr, site.max)
    note = await site.deployed(mr)
    assert "✅ Deployed to `production` and verified" in note
    return mr.iid, seal, note


@pytest.mark.parametrize(
    ("place", "ran"),
    [(None, "job purser-apply"), ("direct-0", "ended: applied; log sha256:")],
    ids=["pipeline", "direct"],
)
async def test_the_trail_of_a_deployment_is_whole(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    place: str | None,
    ran: str,
) -> None:
    async with world(tmp_path, targets={"direct-0": {"deploy": {"mode": "direct"}}}) as running:
        site = await running.site(place) if place else await running.site()
        iid, seal, note = await deployed(site)
        await until(lambda: running.bot.facts("deploy.ended"), "the entry that follows the note")
        for name, value in running.secrets.items():
            monkeypatch.setenv(name, value)
        config = ["--config", str(tmp_path / "purser.yaml")]

        async def purser(*arguments: str) -> str:
            capsys.readouterr()
            assert await asyncio.to_thread(run, ["trail", *arguments, *config]) == 0
            return html.unescape(capsys.readouterr().out)

        assert len(heads_in(note)) == 1
        assert "All well: " in await purser("verify", "--note", note)
        flags = ("--project", site.project.path, "--merge-request", str(iid), "--format", "markdown")
        story = await purser("export", *flags)
    assert f"merge request {iid} to production: deployed and verified" in story
    for said in ("ada: Planned commit", "install ", f"deploy, seal {seal}", "max: Merged as commit", ran):
        assert said in story
    assert "log sha256:" in story
    assert "Rollouts are done, and a fresh plan is empty." in story
    assert story.count("nothing on record") == 1  # this target asks for no approval
