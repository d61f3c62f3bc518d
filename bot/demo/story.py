"""The story that `purser demo` tells: a merge request is opened, planned, merged, deployed and verified."""

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from bot.core.notes.marks import deploy_marker, plan_marker
from bot.demo.gitlab import MergeRequest
from bot.demo.stage import TARGET, Stage, stage

PATIENCE = 120.0
"""Seconds for each chapter; on an idle machine each takes a few."""

ENDED = ("✅", "❌", "⏸️")
BRANCH = "harden-the-ingress"
CHANGES = {
    ".gitlab/managed-apps/config.yaml": (
        "# Which applications this cluster runs.\n"
        "ingress:\n  installed: true\n"
        "prometheus:\n  installed: true\n"
        "falco:\n  installed: false\n"
    ),
    ".gitlab/managed-apps/ingress/values.yaml": "replicaCount: 3\nwaf:\n  enabled: true\n  blocking: true\n",
    ".gitlab/managed-apps/prometheus/values.yaml": (
        "retention: 30d\nremoteWrite:\n  password: not-a-real-password-2\n"
    ),
}
DESCRIPTION = "The WAF blocks from now on, metrics are kept for a month, and Falco goes."


async def play(*, once: bool, kubeconfig: Path | None, port: int, say: Callable[[str], None]) -> bool:
    """Tells the story; `once` without anybody's help. True where it ended with a verified deploy."""
    with tempfile.TemporaryDirectory(prefix="purser-demo-") as folder:
        async with stage(Path(folder), say, kubeconfig, port) as world:
            mr = await _open(world)
            say(f"A merge request is open: {world.gitlab.url}/{world.project.path}/-/merge_requests/{mr.iid}")
            note = await _note(mr, plan_marker(TARGET), lambda body: True)
            say("\nThe plan, as Purser commented it:\n")
            say(note)
            if not once:
                await _wait_for_merge(world, mr, say)
            else:
                await world.gitlab.merge(mr, world.maintainer)
            say("Merged. A pipeline deploys exactly that plan …")
            note = await _note(mr, deploy_marker(TARGET), _ended)
            say("\nThe deploy, as Purser commented it:\n")
            say(note)
            if not once:
                say("Press Ctrl-C to end the demo.")
                await _forever()
            return "✅" in note


async def _open(world: Stage) -> MergeRequest:
    await world.gitlab.push(world.project, BRANCH, CHANGES, world.author, message="Harden the ingress")
    return await world.gitlab.open_merge_request(
        world.project, BRANCH, world.author, title="Harden the ingress", description=DESCRIPTION
    )


async def _note(mr: MergeRequest, marker: str, enough: Callable[[str], bool]) -> str:
    async with asyncio.timeout(PATIENCE):
        while True:
            for note in mr.notes:
                if note.body.startswith(marker) and enough(note.body):
                    return note.body
            await asyncio.sleep(0.1)


def _ended(body: str) -> bool:
    title = next(line for line in body.splitlines() if line.startswith("### "))
    return any(mark in title for mark in ENDED)


async def _wait_for_merge(world: Stage, mr: MergeRequest, say: Callable[[str], None]) -> None:
    say("Merge it in the browser (as max), or press Enter here.")
    async with _pressed() as enter:
        while mr.state != "merged" and not enter.is_set():  # noqa: ASYNC110 - a browser sets no event
            await asyncio.sleep(0.1)
    if mr.state != "merged":
        await world.gitlab.merge(mr, world.maintainer)


@asynccontextmanager
async def _pressed() -> AsyncIterator[asyncio.Event]:
    """An event that is set when a line comes in; never where there is no terminal."""
    event = asyncio.Event()
    if not sys.stdin.isatty():
        yield event
        return
    loop = asyncio.get_running_loop()
    loop.add_reader(sys.stdin.fileno(), event.set)
    try:
        yield event
    finally:
        loop.remove_reader(sys.stdin.fileno())


async def _forever() -> None:
    await asyncio.Event().wait()
