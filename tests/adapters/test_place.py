"""The fence of a process that may have lost its place to others."""

import math

import pytest

from bot.adapters.engine.place import Fence, PlaceLost


def test_who_lost_its_place_may_not_go_on_and_whoever_has_it_may() -> None:
    fence = Fence()
    fence.check()  # nobody watches it: there are no others
    fence.allow(Fence.now() + 3600)
    assert fence.is_open
    fence.check()
    fence.allow(0)
    assert not fence.is_open
    with pytest.raises(PlaceLost):
        fence.check()
    fence.allow(math.inf)
    fence.check()


def test_a_place_that_nobody_renewed_is_lost_by_itself() -> None:
    fence = Fence()
    fence.allow(Fence.now())
    with pytest.raises(PlaceLost):
        fence.check()
