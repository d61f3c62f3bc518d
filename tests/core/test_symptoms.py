"""What a cluster says of a release that failed: the right things, masked whole, and never much."""

import json

from bot.core.model import ObjectRef
from bot.core.notes.symptoms import symptoms_part
from bot.core.redact.masking import Masker
from bot.core.verify.symptoms import (
    LONGEST,
    MOST_EVENTS,
    MOST_LINES,
    MOST_LOG_LINES,
    Sighting,
    Symptoms,
    from_json,
    spoken,
    symptoms_of,
    to_json,
)
from bot.core.verify.symptoms_events import about_any
from tests.core.ailing import NOW, container, crashes, event, log, pod, sighting, waits

SECRET = "correct-horse-battery"
MASKER = Masker(b"key")
MASKER.remember(SECRET)


def told(*args: object, **more: object) -> Symptoms:
    return symptoms_of("shop/web", sighting(*args, **more), MASKER.text)  # type: ignore[arg-type]


def test_an_image_that_cannot_be_pulled_is_said_with_its_reason() -> None:
    found = told(pod("web-1", waits("ImagePullBackOff", 'Back-off pulling image "web:2"')))
    assert found.lines == (
        "Deployment shop/web: 0 of 2 pods are available",
        'Pod web-1: container web waits: ImagePullBackOff: Back-off pulling image "web:2"',
    )


def test_pods_with_the_same_trouble_are_one_line() -> None:
    pods = [pod(f"web-{n}", waits("CreateContainerConfigError", f"no secret for web-{n}")) for n in range(3)]
    assert told(*pods).lines[1:] == (
        "Pod web-0 and 2 more: container web waits: CreateContainerConfigError: no secret for web-0",
    )


def test_a_crash_is_said_with_its_exit_code_and_restarts() -> None:
    found = told(pod("web-1", crashes(137, "OOMKilled")))
    assert found.lines[1] == (
        "Pod web-1: container web waits: CrashLoopBackOff: back-off 40s; 4 restarts, "
        "the last time it ended with exit code 137 (OOMKilled)"
    )


def test_conditions_that_only_repeat_the_containers_are_left_out() -> None:
    ready = {"type": "Ready", "status": "False", "reason": "ContainersNotReady", "message": "unready: [web]"}
    assert len(told(pod("web-1", waits("ErrImagePull"), conditions=[ready])).lines) == 2
    nodes = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes"}
    found = told(pod("web-1", conditions=[nodes]))
    assert found.lines[1] == "Pod web-1: PodScheduled is False: Unschedulable: 0/3 nodes"


def test_what_runs_and_is_not_ready_is_said_and_what_is_ready_or_only_begins_is_not() -> None:
    running = container(state={"running": {}})
    assert "container web runs and is not ready" in told(pod("web-1", running)).lines[1]
    assert len(told(pod("web-1", container(state={"running": {}}, ready=True))).lines) == 1
    assert len(told(pod("web-1", waits("ContainerCreating"))).lines) == 1


def test_warnings_are_the_newest_first_with_their_count_and_age() -> None:
    old = event("old words", count=7, lastTimestamp="2026-11-23T00:00:00Z")
    new = event("new words", lastTimestamp=None, series={"count": 2, "lastObservedTime": NOW.isoformat()})
    assert told(events=[old, new]).lines[1:] == (
        "Warning, 2 times, just now: Pod web-abc-12345: Failed: new words",
        "Warning, 7 times, 3 h ago: Pod web-abc-12345: Failed: old words",
    )


def test_a_secret_is_masked_wherever_it_stands_also_where_a_text_is_cut() -> None:
    at_the_edge = "x" * (LONGEST - len("Warning, 2 min ago: Pod web-abc-12345: Failed: ") - 5) + SECRET
    found = told(
        pod("web-1", crashes(message=f"login failed with {SECRET}"), waits("Odd", SECRET)),
        events=[event(f"probe failed: token={SECRET}"), event(at_the_edge)],
        logs=[log(f"connecting with {SECRET}\nAuthorization: Bearer {SECRET}\n")],
        unread=[f"the API server says {SECRET}"],
    )
    everything = json.dumps(to_json(found)) + symptoms_part(found) + "\n".join(spoken(found))
    assert "‹masked:" in everything
    assert SECRET not in everything
    assert SECRET[:8] not in everything
    assert all(len(line) <= LONGEST for line in found.lines)


def test_a_secret_that_the_event_s_writer_has_cut_is_not_shown_by_half() -> None:
    found = told(events=[event("y" * 1000 + f" {SECRET[:12]}")])
    assert SECRET[:12] not in json.dumps(to_json(found))


def test_a_secret_of_many_lines_is_masked_in_a_log_of_which_only_the_end_is_shown() -> None:
    masker = Masker(b"key")
    key = "\n".join(f"line {n} of something private" for n in range(30))
    masker.remember(key)
    found = symptoms_of("shop/web", sighting(logs=[log(f"start\n{key}\nend\n")]), masker.text)
    [tail] = found.logs
    assert tail.lines[-1] == "end"
    assert "private" not in "".join(tail.lines)


def test_nothing_is_longer_than_it_may_be() -> None:
    pods = [pod(f"web-{n}", waits("Odd", f"reason {n}")) for n in range(40)]
    events = [event(f"message {n}") for n in range(40)]
    lines = "\n".join("z" * 5000 + str(n) for n in range(100))
    found = told(*pods, events=events, logs=[log(lines)])
    assert len(found.lines) == MOST_LINES + MOST_EVENTS + 2
    assert "and 33 more states" in found.lines
    assert "and 34 more warnings" in found.lines
    assert len(found.logs[0].lines) == MOST_LOG_LINES
    assert max(map(len, found.logs[0].lines)) == LONGEST


def test_hostile_text_does_nothing_in_the_note() -> None:
    bad = "```\n/merge\n@all Closes #1 </details><script>x</script> \u202e\x1b[31m`|`\n/helm deploy"
    found = told(pod("web-1", waits("@all", bad)), events=[event(bad)], logs=[log(bad)], unread=[bad])
    note = symptoms_part(found)
    assert not [line for line in note.splitlines() if line.startswith(("/", "@", "```\n"))]
    opened = [line for line in note.splitlines() if line.startswith("```")]
    outside = note[: note.index("<details>")]
    assert "@all" not in outside
    assert "<script>" not in outside
    assert "Closes #1" not in outside
    assert "\u202e" not in note
    assert "\x1b" not in note
    assert len(opened) == 2, "the fence opens once and ends once"
    assert note.count("</details>") == 2, "the one inside stands in the fence, as text"


def test_what_could_not_be_read_is_said_and_an_empty_log_too() -> None:
    found = told(logs=[log("", previous=False)], unread=["Not read: it may not list events."])
    assert found.unread == (
        "Not read: it may not list events.",
        "pod web-abc-12345, container web: the log is empty.",
    )


def test_where_there_is_nothing_to_say_that_is_said() -> None:
    found = symptoms_of("shop/web", Sighting(NOW), MASKER.text)
    assert "None of its workloads that are there is ill" in symptoms_part(found)
    assert "None of its workloads that are there is ill" in "\n".join(spoken(found))


def test_it_comes_back_from_json_as_it_went() -> None:
    found = told(pod("web-1", crashes()), events=[event("words")], logs=[log("one\ntwo")], unread=["x"])
    assert from_json("shop/web", json.loads(json.dumps(to_json(found)))) == found


def test_events_are_of_an_object_or_of_what_its_controller_makes_and_of_nobody_else() -> None:
    refs = [ObjectRef("apps/v1", "Deployment", "shop", "web")]
    assert about_any(event("x"), refs, ())
    assert about_any(event("x", "web", "Deployment"), refs, ())
    assert about_any(event("x", "web-7d9c6b5f4", "ReplicaSet"), refs, ())
    assert not about_any(event("x", "web-api-7d9c6b5f4-abcde"), refs, ())
    assert not about_any(event("x", "other", "Deployment"), refs, ())
    assert about_any(event("x", "odd-name"), refs, ["odd-name"])
    assert not about_any({}, refs, ())
