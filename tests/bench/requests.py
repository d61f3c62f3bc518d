"""How many requests to GitLab a plan costs: counts, which are the same on every machine."""

from pathlib import Path

from tests.bench.table import Row
from tests.e2e import api_requests
from tests.e2e.world import world

GATE = {"approvals": 1, "required": True, "undiverged": True}


async def requests(folder: Path) -> list[Row]:
    """Without a gate, and with one that asks for an approval and an undiverged branch."""
    rows = []
    async with world(folder, places=1, gates={"gated": GATE}) as made:
        for name, place in (("no gate", None), ("a gate that asks for an approval", "gated")):
            site = await made.site(place)
            first = await api_requests.of_first_plan(site)
            again = await api_requests.of_unchanged_plan(site)
            cells = {"first plan": str(first), "unchanged re-plan": str(again)}
            rows.append(Row(f"requests to GitLab's API, {name}", 1, cells))
    return rows
