"""How much a big company does. No figure of one is at hand: this is our assumption, made openly.

A company whose clusters are all deployed from GitLab, a few hundred engineers: of its projects that the bot
looks after, 120 merge requests a working day of eight hours. Each is pushed to twice more, once without a
change of the plan; it has two edits that mean nothing to us, two comments and one command; three of four are
merged and deployed, the others closed. Each target is swept every five minutes and looked at for drift daily.
"""

from datetime import timedelta

MERGE_REQUESTS = 120
DAY = timedelta(hours=8)
MERGED = 0.75
SWEEP = timedelta(minutes=5)
TIMES = 20
"""So many times the company is what the bot is put to."""

COMMANDS = (
    "/helm plan", "/helm diff web", "/helm status", "/helm history web", "/helm help", "/helm drift",
)  # fmt: skip


def gap(times: float) -> float:
    """Seconds from one merge request to the next, on average."""
    return DAY.total_seconds() / MERGE_REQUESTS / times
