"""Projects whose target has a gate, one for each story that needs one."""

from collections.abc import Mapping

ONE_APPROVAL = {"approvals": 1, "required": True}
GATES: Mapping[str, Mapping[str, object]] = {
    **{f"reviewed-{number}": ONE_APPROVAL for number in range(12)},
    "counted": ONE_APPROVAL,
    **{f"owned-{number}": {"paths": {"values/**": ["max"]}} for number in range(2)},
    "frozen": {"freeze": [{"start": "* * * * *", "duration": "1d", "reason": "the fair"}]},
    "strict": {"pipeline": True, "threads": True, "undiverged": True},
}
DIRECT: Mapping[str, Mapping[str, object]] = {
    **{f"direct-{number}": {"deploy": {"mode": "direct"}} for number in range(13)},
    "impatient": {"deploy": {"runner_patience": 0}},
    **{f"own-job-{number}": {"deploy": {"job": "sync"}} for number in range(7)},
    "crds-direct": {"deploy": {"mode": "direct", "crds": "upgrade"}},
    "crds-pipeline": {"deploy": {"crds": "upgrade"}},
    "direct-one-by-one": {"deploy": {"mode": "direct", "parallel": 1}},
}
"""Projects that the bot deploys by itself, and one whose runners have to be quick."""
