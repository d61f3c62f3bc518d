"""How long the code of a rollback may be confirmed, whatever becomes of the machine's clock meanwhile."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from bot.adapters.memory import MemoryStore
from bot.app.plan.keeping import to_keep
from bot.app.rollback.asking import Previews
from bot.core.errors import AuthorError
from bot.core.model import Target
from bot.core.planned import Rollback
from bot.core.trail.facts import document_digest
from tests.app.deploying import SEALED
from tests.app.sweeping import HEAD, PROJECT, change

AT = datetime(2026, 11, 23, 13, tzinfo=UTC)
CODE = "0badcafe"
TARGET = Target("production", PROJECT)
JUMPS = [timedelta(), timedelta(hours=2), timedelta(hours=-2)]


class Machine:
    """Its clock, which somebody sets."""

    def __init__(self) -> None:
        self.now = AT

    def __call__(self) -> datetime:
        return self.now


async def shown(machine: Machine, asked_at: datetime | None) -> Previews:
    """What `show` leaves of a rollback."""
    store, mr, nobody = MemoryStore(machine), change(), cast(Any, None)
    stored = to_keep(SEALED, mr, TARGET, HEAD, AT)
    document = {**stored.document, "rollback": {"release": "apps/web", "revision": 1}}
    number = await store.add_plan(replace(stored, document=document))
    back = Rollback("apps/web", 1)
    facts = {"target": TARGET.name, "by": "max", "release": back.release, "revision": back.revision}
    facts |= {"seal": SEALED.seal, "code": CODE, "revert": False, "recover": False, "plan": number}
    facts |= {"document": document_digest(document)}
    facts |= {"asked_at": asked_at.isoformat()} if asked_at else {}
    await store.record("rollback.previewed", PROJECT, mr.iid, facts, once="one")
    return Previews(nobody, nobody, nobody, nobody, nobody, nobody, store, machine)


@pytest.mark.parametrize("jump", JUMPS, ids=str)
@pytest.mark.parametrize(("minutes", "late"), [(0, False), (59, False), (61, True), (180, True)])
async def test_a_code_holds_for_an_hour_of_gitlab_s_clock_however_ours_jumps(
    jump: timedelta, minutes: int, late: bool
) -> None:
    machine = Machine()
    previews = await shown(machine, AT)
    said = AT + timedelta(minutes=minutes)
    machine.now = said + jump
    if not late:
        assert (await previews.find(change(), CODE.upper(), said)).target == TARGET.name
        return
    with pytest.raises(AuthorError) as caught:
        await previews.find(change(), CODE, said)
    assert caught.value.code == "late-code"


@pytest.mark.parametrize(("minutes", "late"), [(59, False), (61, True)])
async def test_where_gitlab_gave_no_time_our_own_clock_says_how_old_a_code_is(
    minutes: int, late: bool
) -> None:
    machine = Machine()
    previews = await shown(machine, None)
    machine.now = AT + timedelta(minutes=minutes)
    if not late:
        assert (await previews.find(change(), CODE, machine.now)).target == TARGET.name
        return
    with pytest.raises(AuthorError, match="older than an hour"):
        await previews.find(change(), CODE, machine.now)


async def test_a_code_that_was_not_shown_is_unknown() -> None:
    previews = await shown(Machine(), AT)
    with pytest.raises(AuthorError) as caught:
        await previews.find(change(), "0badf00d", AT)
    assert caught.value.code == "unknown-code"
