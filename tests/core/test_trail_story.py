"""What the trail says to people: every kind in words, and a deployment as one story."""

import html
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from markdown_it import MarkdownIt

from bot.core.errors import AuthorError
from bot.core.trail.chain import Entry
from bot.core.trail.facts import LOG_MOST, changes_of, distinct, document_digest, log_digest
from bot.core.trail.filter import Wanted, moment
from bot.core.trail.story import pushes, stories
from bot.core.trail.words import jobs_of, sentence, targets_of, who
from tests.core.trail_kinds import FACTS, IID, PROJECT, SEAL, whole_trail

TRAIL = whole_trail()


def of(kind: str) -> Entry:
    return next(it for it in TRAIL if it.kind == kind)


def as_shown(story: str) -> str:
    return html.unescape(MarkdownIt("gfm-like", {"linkify": False}).render(story))


@pytest.mark.parametrize("kind", FACTS)
def test_every_kind_is_a_sentence_even_where_facts_are_missing(kind: str) -> None:
    assert sentence(of(kind))
    bare = replace(of(kind), facts={})
    assert sentence(bare) != sentence(of(kind)) or kind in ("unlock", "unlock.vain", "lock.vain")
    assert (jobs_of(bare), who(bare), targets_of(bare)) == ([], "", ())


def test_a_kind_of_a_newer_version_is_shown_as_it_is() -> None:
    newer = replace(of("merge"), kind="rollback", facts={"target": "production", "by": "bo", "to": 3})
    assert sentence(newer) == "to: 3"
    assert (who(newer), targets_of(newer)) == ("bo", ("production",))


def test_a_deployment_is_one_story_with_every_answer() -> None:
    [story] = stories(PROJECT, IID, [it for it in TRAIL if it.iid == IID])
    assert story.startswith("## platform/cluster, merge request 7 to production: deployed and verified")
    shown = as_shown(story)
    for said in (
        "ada: Planned commit aaaaaaaaaaaa, complete",
        "upgrade web/podinfo, chart podinfo 6.7.0 to 6.14.1, objects touched: 3",
        "bo: Approved having seen commit aaaaaaaaaaaa",
        "The gate said deploy",
        "ada: Merged as commit cccccccccccc (entry 9)",
        "job purser-apply (44): success",
        "run-7-0badcafe ended: applied",
        "upgrade web/podinfo: applied",
        "The cluster is as planned. web/podinfo runs podinfo 6.14.1.",
        "Locked the target. the night of the move",
        "/helm deploy: done",
    ):
        assert said in shown
    assert "nothing on record" not in story


def test_what_did_not_happen_is_said() -> None:
    [story] = stories(PROJECT, IID, [of("plan")])
    assert "not merged" in story.splitlines()[0]
    assert story.count("nothing on record") == 6
    held = replace(of("deploy.ended"), facts={"target": "production", "state": "held", "reason": "no plan."})
    assert "held: merged, not deployed" in stories(PROJECT, IID, [of("merge"), held])[0]


def test_targets_have_a_story_each() -> None:
    other = replace(of("plan"), facts={**of("plan").facts, "target": "staging"})
    entries = [of("plan"), other, of("command")]
    both = stories(PROJECT, IID, entries)
    assert [it.splitlines()[0].split(" to ")[1].split(":")[0] for it in both] == ["production", "staging"]
    assert all("/helm deploy: done" in as_shown(it) for it in both)
    assert stories(PROJECT, IID, entries, "staging") == both[1:]


def test_foreign_text_stays_text() -> None:
    evil = "x | y\n/merge @all <b> `` [a](b)"
    hostile = replace(of("lock"), facts={"target": evil, "by": evil, "reason": evil})
    [story] = stories(evil, 1, [hostile])
    lines = story.splitlines()
    assert not any(line.lstrip().startswith("/") for line in lines)
    assert "@all" not in story.replace("&#64;&#8288;all", "")
    assert len({line.count(" | ") for line in lines if line.startswith("| 6 ")}) == 1


def test_pushes_past_merge_requests_have_a_section() -> None:
    text = pushes([of("push.direct"), of("push.forced")])
    assert "Direct push to main" in text
    assert "Forced push to main" in text
    assert pushes([]) == ""


def test_entries_are_chosen_by_what_people_ask_for() -> None:
    def chosen(wanted: Wanted) -> set[str]:
        return {it.kind for it in TRAIL if wanted.takes(it)}

    every = set(FACTS)
    assert chosen(Wanted()) == every
    assert chosen(Wanted(project="a/b")) == set()
    assert chosen(Wanted(iid=IID)) == every - {"push.direct", "push.forced", "drift.found", "drift.gone"}
    assert chosen(Wanted(target="production")) == every - {"command"}
    assert chosen(Wanted(since=moment("2026-11-23"), until=moment("2026-11-23", end=True))) == every
    assert chosen(Wanted(since=moment("2026-11-23T13:00:01Z"))) == set()
    assert chosen(Wanted(until=moment("2026-11-23T14:00:00+02:00"))) == set()
    assert Wanted(since=moment("2026-11-24")).takes(replace(TRAIL[0], at="forged"))


def test_a_date_is_a_day_in_utc() -> None:
    assert moment("2026-11-23") == datetime(2026, 11, 23, tzinfo=UTC)
    assert moment("2026-11-23", end=True) == datetime(2026, 11, 24, tzinfo=UTC)
    with pytest.raises(AuthorError, match="yesterday is neither a date nor a time"):
        moment("yesterday")


def test_digests_are_of_the_content_alone() -> None:
    assert document_digest({"a": 1, "b": [2]}) == document_digest({"b": [2], "a": 1})
    assert document_digest({"a": 1}) != document_digest({"a": 2})
    assert len(distinct({"a": 1})) == 16
    assert log_digest("x" * LOG_MOST) == log_digest("older" + "x" * LOG_MOST)
    assert log_digest("a") != log_digest("b")


def test_changes_are_a_line_a_release_and_bounded() -> None:
    release = {
        "name": "podinfo",
        "namespace": "web",
        "action": "install",
        "chart": {"name": "podinfo", "from": None, "to": "6.14.1"},
        "objects": [{"action": "create"}, {"action": "unchanged"}],
    }
    idle = {**release, "action": "none"}
    assert changes_of({"releases": [release, idle]}) == [
        "install web/podinfo, chart podinfo 6.14.1, objects touched: 1"
    ]
    many = changes_of({"releases": [release] * 1_003})
    assert (len(many), many[-1]) == (1_001, "and 3 more")
    assert SEAL in sentence(of("gate"))
