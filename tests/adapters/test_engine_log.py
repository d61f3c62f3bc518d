"""What of the engine's own log is news."""

import logging

import pytest
from dbos._error import DBOSAwaitedWorkflowCancelledError

from bot.adapters.engine.database import quiet
from bot.adapters.engine.queue import ENDED_BY_US
from bot.adapters.engine.runner import WorkFailed


def record_of(error: Exception) -> logging.LogRecord:
    failure = (type(error), error, None)
    return logging.LogRecord("dbos", logging.ERROR, "", 0, "Exception in workflow", (), failure)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (WorkFailed("ValueError"), False),
        (DBOSAwaitedWorkflowCancelledError("plan:ops/shop:1:production:abc:opened#1"), False),
        (ValueError("a fault of ours"), True),
    ],
    ids=["work that ended badly", "a plan that a newer push took back as it was to begin", "anything else"],
)
def test_only_what_nobody_told_yet_is_told(error: Exception, told: bool) -> None:
    quiet(*ENDED_BY_US)
    assert bool(logging.getLogger("dbos").filter(record_of(error))) is told
