"""What the bot of a run has kept."""

import json
import sqlite3
from contextlib import closing
from typing import Any

from tests.chaos.place import Place


def rows(place: Place, query: str, database: str = "purser.db") -> list[tuple[Any, ...]]:
    """What the bot's database says, or the engine's."""
    with closing(sqlite3.connect(f"file:{place.data}/{database}?mode=ro", uri=True, timeout=30)) as opened:
        return opened.execute(query).fetchall()


def unplanned(place: Place) -> set[tuple[int, str, str]]:
    """Merge request, target and head that were said to have no plan: a conflict, no change, or cancelled."""
    told = rows(place, "SELECT iid, facts FROM trail WHERE kind IN ('unplanned', 'cancel')")
    found = ((iid, json.loads(text)) for iid, text in told)
    return {(iid, facts["target"], facts["head"]) for iid, facts in found if "head" in facts}


def untouched(place: Place) -> set[tuple[int, str]]:
    """Merge request and target where the gate found that the merge changes nothing there: no note says so.

    That it changes nothing indeed shows in the end, when the cluster is held against Git.
    """
    told = rows(place, "SELECT iid, facts FROM trail WHERE kind = 'gate'")
    found = ((iid, json.loads(text)) for iid, text in told)
    return {(iid, facts["target"]) for iid, facts in found if facts["decision"] == "nothing"}
