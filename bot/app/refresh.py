"""Say anew how the gate of an open merge request stands, without planning again."""

import structlog

from bot.app.gate import Gatekeeper
from bot.app.plan.status import tell_status
from bot.app.ports import Forge, Store
from bot.core.document import from_document
from bot.core.model import Target
from bot.core.notes.gate import gate_section, gate_words, with_section
from bot.core.notes.marks import plan_marker
from bot.core.work import Done, GateWork, Outcome

log = structlog.get_logger()


class RefreshGate:
    """Edits the gate's section of the plan note, and the status."""

    def __init__(self, forge: Forge, store: Store, gatekeeper: Gatekeeper) -> None:
        self._forge = forge
        self._store = store
        self._gatekeeper = gatekeeper

    async def __call__(self, work: GateWork, target: Target) -> Outcome:
        """Where there is no plan of the head yet, the plan that is to come says it."""
        mr = await self._forge.merge_request(work.project, work.iid)
        stored = await self._store.newest_plan(work.project, work.iid, target.name)
        if mr is None or mr.state != "opened" or stored is None or stored.head != mr.head:
            log.info("gate.skipped", reason="no plan of an open merge request's head")
            return Done()
        looked = await self._gatekeeper.look(mr, target, stored)
        marker = plan_marker(target.name)
        notes = await self._forge.own_notes(mr.project, mr.iid)
        note = next((it for it in notes if it.body.startswith(marker)), None)
        if note is None:
            return Done()
        body = with_section(note.body, gate_section(looked.facts, looked.differences, looked.diffs))
        note_id = await self._forge.upsert_note(mr.project, mr.iid, marker, body)
        await tell_status(self._forge, mr, target, note_id, from_document(stored.document), looked.facts)
        log.info("gate.told", gate=gate_words(looked.facts))
        return Done()
