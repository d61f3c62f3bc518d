"""A note twice as long costs twice as much, whatever it is made of."""

import pytest

from bot.core.command import parse
from tests.fuzz.steps import steps

PIECES = (
    "`", "` ``", "/helm ", "/helm a\n", ">", "> x\n", ">>>\n", "<", "```\n", "a\n`b\n", "<!--\n", "<x\n\n",
    "<pre>\n", "\u200b/helm", " ", "\n",
)  # fmt: skip


def growing_ticks(length: int) -> str:
    """Runs of back ticks of which none closes another, and then as many single ones as fit."""
    runs = " ".join("`" * count for count in range(2, int(length**0.5)))
    return runs + " `" * ((length - len(runs)) // 2)


@pytest.mark.parametrize("piece", PIECES, ids=repr)
def test_a_note_of_the_same_over_and_over_is_read_in_steps_by_its_length(piece: str) -> None:
    once, twice = steps(parse, (piece * 4_000)[:4_000]), steps(parse, (piece * 8_000)[:8_000])
    assert twice <= 2.2 * once + 100


def test_back_ticks_that_close_nothing_cost_no_more_than_others() -> None:
    once, twice = steps(parse, growing_ticks(10_000)), steps(parse, growing_ticks(20_000))
    assert twice <= 2.2 * once + 100
