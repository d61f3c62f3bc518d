"""A masker remembers each text that it saw: none lives longer than the note that it was made for."""

import gc
from typing import Any, cast
from weakref import WeakSet

from bot.app.deploy.reverting import Reverting
from bot.app.deploy.telling import Telling
from bot.app.failure import TellFailure
from bot.core.errors import AuthorError
from bot.core.model import Target
from bot.core.notes.deploy import DeployReport
from bot.core.notes.marks import deploy_marker
from bot.core.redact.masking import Masker
from bot.core.work import DeployWork
from tests.app.deploying import Deploying
from tests.app.sweeping import PROJECT

NOTES = 20
TARGET = Target("production", PROJECT)


class _Maskers:
    """Makes them, and knows which are still there."""

    def __init__(self) -> None:
        self.made = 0
        self._there: WeakSet[Masker] = WeakSet()

    def __call__(self) -> Masker:
        masker = Masker(b"key")
        self.made += 1
        self._there.add(masker)
        return masker

    @property
    def left(self) -> int:
        gc.collect()
        return len(self._there)


async def test_nothing_of_what_deploy_notes_said_is_held_when_they_are_written() -> None:
    story, maskers = Deploying(TARGET), _Maskers()
    telling = Telling(cast(Any, story.forge), story.store, maskers, Reverting(cast(Any, None), story.store))
    for number in range(NOTES):
        lines = (f"the cluster has {number} now", f"password=hunter{number}42")
        await telling.say(story.forge.mr, DeployReport("production", "failed", lines=lines))
    note = story.forge.notes[deploy_marker("production")]
    assert f"the cluster has {NOTES - 1} now" in note
    assert "hunter" not in note
    assert (maskers.made, maskers.left) == (NOTES, 0)


async def test_nothing_of_what_failed_is_held_when_it_is_told() -> None:
    story, maskers = Deploying(TARGET), _Maskers()
    told = TellFailure(cast(Any, story.forge), story.store, maskers)
    for number in range(NOTES):
        error = AuthorError(
            f"release {number} has token=abcdef{number}9x", fix="Mend it.", code="chart-invalid"
        )
        await told(DeployWork(PROJECT, 1, "production", str(number)), error)
    note = story.forge.notes[deploy_marker("production")]
    assert f"release {NOTES - 1}" in note
    assert "abcdef" not in note
    assert (maskers.made, maskers.left) == (NOTES, 0)
