"""Whatever comes to the door is answered 202 or refused as the sender's mistake."""

import asyncio
import json
from contextlib import AsyncExitStack
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.entry.door import TOKEN, Door, open_door, opened

EVENTS = ["Merge Request Hook", "Note Hook", "Pipeline Hook", "Job Hook", "Push Hook", "Deployment Hook", "x"]
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
fields = st.sampled_from(
    [*sorted(opened()["object_attributes"]), "oldrev", "note", "id", "noteable_type", "ref"]
)


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    """JSON of any kind; an event of our project with anything in its fields; bytes."""
    match draw(st.sampled_from(["json", "ours", "bytes"])):
        case "json":
            return json.dumps(draw(json_values)).encode()
        case "ours":
            payload: dict[str, Any] = opened()
            payload["object_attributes"] |= draw(st.dictionaries(fields, json_values, max_size=4))
            payload |= draw(st.dictionaries(st.sampled_from(["changes", "user", "commit"]), json_values))
            return json.dumps(payload).encode()
    return draw(st.binary(max_size=200))


def test_no_json_whatever_makes_anything_but_202_or_a_refusal() -> None:
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        door: Door = runner.run(stack.enter_async_context(open_door()))

        @settings(deadline=None, max_examples=150)
        @given(st.sampled_from(EVENTS), bodies(), st.booleans())
        def answered(event: str, body: bytes, knows_the_token: bool) -> None:
            headers = {"X-Gitlab-Token": TOKEN if knows_the_token else "no", "X-Gitlab-Event": event}
            status, word = runner.run(door.knock(data=body, headers=headers))
            if knows_the_token:
                assert (status, word) in {
                    (202, "accepted"), (202, "known"), (202, "ignored"), (400, "not-json"),
                }  # fmt: skip
            else:
                assert (status, word) == (401, "unauthentic")

        try:
            answered()
            assert door.counted("unavailable") == 0
        finally:
            runner.run(stack.aclose())
