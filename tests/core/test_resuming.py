"""What is left of a sealed plan when the process that applied it died."""

from dataclasses import replace

from bot.core.deploy.resuming import done_already
from bot.core.model import Finding, Level
from bot.core.planned import EngineInfo, Plan, ReleaseAction, ReleasePlan


def release(name: str, action: ReleaseAction = "upgrade", digest: str = "") -> ReleasePlan:
    return ReleasePlan(name, "shop", action, "web", "1.0.0", "2.0.0", 1, digest=digest or f"sha256:{name}")


def plan(*releases: ReleasePlan) -> Plan:
    return Plan("production", "abc", True, "sha256:1", EngineInfo("helm-cli", "4.2.3"), "1.36", releases)


SEALED = plan(release("a"), release("b"), release("c", "uninstall"), release("d", "none"))


def test_what_is_as_wanted_is_done_and_the_rest_is_as_it_was() -> None:
    present = plan(release("a", "none"), release("b"), release("c", "uninstall"), release("d", "none"))
    assert done_already(SEALED, present) == frozenset({"shop/a"})


def test_nothing_done_and_all_done_are_both_known() -> None:
    assert done_already(SEALED, SEALED) == frozenset()
    everything = plan(*(replace(one, action="none") for one in SEALED.releases))
    assert done_already(SEALED, everything) == frozenset({"shop/a", "shop/b", "shop/c"})


def test_a_release_at_something_else_stops_everything() -> None:
    halfway = plan(release("a", "none"), release("b", digest="sha256:other"), *SEALED.releases[2:])
    assert done_already(SEALED, halfway) is None
    otherwise = plan(release("a"), release("b", "install"), *SEALED.releases[2:])
    assert done_already(SEALED, otherwise) is None


def test_another_release_that_would_change_stops_everything() -> None:
    assert done_already(SEALED, plan(*SEALED.releases, release("e"))) is None
    drifted = plan(*SEALED.releases[:3], release("d"))
    assert done_already(SEALED, drifted) is None


def test_a_plan_that_is_not_whole_says_nothing() -> None:
    assert done_already(SEALED, replace(SEALED, complete=False)) is None
    finding = Finding(Level.ERROR, "release-pending", "Revision 2 of shop/a is pending-upgrade.")
    assert done_already(SEALED, replace(SEALED, findings=(finding,))) is None
    assert done_already(SEALED, plan(*SEALED.releases[:2])) is None
