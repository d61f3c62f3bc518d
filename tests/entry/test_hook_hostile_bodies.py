"""Bodies that nobody's GitLab sends: whatever comes, the door answers, and the log has no error."""

import asyncio
import json
from contextlib import AsyncExitStack

import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.entry.door import TOKEN, Door, open_door, opened

EVENTS = ("Merge Request Hook", "Note Hook", "Pipeline Hook", "Job Hook", "Push Hook", "Issue Hook", "", "x")
KINDS = ("merge_request", "note", "pipeline", "build", "push", "issue", "", "\0")
WRONG: tuple[object, ...] = (
    None, True, -1, 2**70, 10**400, 1e308, float("nan"), "", "\0", "x" * 70_000, "\ud800", "\u202e", [], {},
    [[]], {"": {}}, {"iid": {"iid": []}}, "../../etc/passwd", "'; drop table inbox; --", "9" * 400,
)  # fmt: skip
PIECES = (
    b"\0", b"\xff\xfe", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"[" * 5000, b"{\"a\":" * 5000, b"1e999", b"NaN",
    b"\\u0000", b"\\ud83d", b"\"", b",", b"}", b"\n", b"-0", b"9" * 5000, b"\"iid\":1,\"iid\":\"2\",",
    b"\"object_attributes\":[],", b"\"project\":{},\"project\":null,",
)  # fmt: skip


def _payload(kind: str) -> dict[str, object]:
    """One event of our project with every field that any reader of ours looks at."""
    whole: dict[str, object] = opened()
    attributes = {
        **opened()["object_attributes"],
        "id": 5,
        "note": "/helm plan",
        "noteable_type": "MergeRequest",
    }
    attributes |= {
        "oldrev": "b" * 40,
        "ref": "main",
        "sha": "c" * 40,
        "status": "success",
        "updated_at": "now",
    }
    whole |= {"object_kind": kind, "object_attributes": attributes, "merge_request": attributes}
    whole |= {"user": {"username": "ada", "id": 7}, "changes": {"labels": {"previous": [], "current": []}}}
    return whole | {
        "ref": "refs/heads/main",
        "before": "a" * 40,
        "after": "b" * 40,
        "pipeline_id": 3,
        "commits": [{}],
    }


@st.composite
def wrong_types(draw: st.DrawFn) -> bytes:
    """An event with some of its fields, at any depth, of another kind or gone."""
    whole = _payload(draw(st.sampled_from(KINDS)))
    for _ in range(draw(st.integers(1, 4))):
        at: object = whole
        while isinstance(at, dict) and at:
            key = draw(st.sampled_from(sorted(at)))
            if not isinstance(at[key], dict) or draw(st.booleans()):
                at[key] = draw(st.sampled_from(WRONG))
                break
            at = at[key]
    return json.dumps(whole).encode()


@st.composite
def torn(draw: st.DrawFn) -> bytes:
    """An event's bytes with pieces put in, doubled and cut out."""
    body = json.dumps(_payload(draw(st.sampled_from(KINDS)))).encode()
    for _ in range(draw(st.integers(1, 3))):
        start, end = sorted(draw(st.tuples(st.integers(0, len(body)), st.integers(0, len(body)))))
        piece = draw(st.sampled_from(PIECES) | st.binary(max_size=8))
        body = draw(
            st.sampled_from((body[:start] + piece + body[start:], body[:start] + body[end:], body[:end]))
        )
    return body


def test_no_body_whatever_is_an_error_of_ours() -> None:
    bodies = wrong_types() | torn() | st.binary(max_size=300) | st.sampled_from(PIECES)
    with asyncio.Runner() as runner, structlog.testing.capture_logs() as said:
        stack = AsyncExitStack()
        door: Door = runner.run(stack.enter_async_context(open_door()))

        @settings(deadline=None, max_examples=400, derandomize=True, database=None)
        @given(st.sampled_from(EVENTS), bodies)
        def answered(event: str, body: bytes) -> None:
            headers = {"X-Gitlab-Token": TOKEN, "X-Gitlab-Event": event}
            status, word = runner.run(door.knock(data=body, headers=headers))
            assert (status, word) in {
                (202, "accepted"), (202, "known"), (202, "ignored"), (400, "not-json"),
            }  # fmt: skip

        try:
            answered()
        finally:
            runner.run(stack.aclose())
    assert [it for it in said if it["log_level"] in ("warning", "error", "critical")] == []
    assert door.counted("unavailable") == 0
    for result in ("accepted", "ignored", "not-json"):
        assert door.counted(result), f"no body of these was {result}"


@pytest.mark.parametrize(
    "content", ["application/json", "text/plain", "multipart/form-data; boundary=x", "", "é/\xff"]
)
async def test_the_kind_of_content_that_is_claimed_changes_nothing(content: str) -> None:
    headers = {"X-Gitlab-Token": TOKEN, "X-Gitlab-Event": "Merge Request Hook", "Content-Type": content}
    async with open_door() as door:
        assert await door.knock(data=json.dumps(opened()).encode(), headers=headers) == (202, "accepted")
