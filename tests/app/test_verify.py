"""One look after a deploy, and the probes."""

from dataclasses import replace
from typing import Any, cast

import pytest

from bot.app.deploy.verifying import longest_wait
from bot.app.ports import Checkout
from bot.app.probing import Probing
from bot.core.model import Target
from bot.core.verify.outcome import Verdict
from bot.core.verify.probes import Answered, Measured, NoAnswer
from bot.core.verify.rules import Asking, HttpProbe, PromProbe, VerifyRules
from bot.core.verify.words import reason
from tests.app.planning import stored
from tests.app.verifying import (
    CHANGED,
    FAILED,
    SETTINGS,
    WAITS,
    WEB,
    Answers,
    Scene,
    plan_of,
    release_plan,
)

QUICK = Asking(timeout=30, attempts=3, pause=0)
TREE = cast(Checkout, None)
APPLIED = plan_of(release_plan())


async def look(scene: Scene, plan: Any = APPLIED, *, is_last: bool = False) -> Verdict:
    return await scene.verifier.look(Target("production", "ops/shop"), plan, TREE, is_last=is_last)


async def test_a_cluster_as_planned_is_good_and_only_what_has_a_state_is_asked() -> None:
    scene = Scene()
    verdict = await look(scene)
    assert (verdict.settled, verdict.good, verdict.left) == (True, True, ())
    assert verdict.lines == ("apps/web runs web 1.0.0.", "Rollouts are done, and a fresh plan is empty.")
    assert (verdict.releases[0].revision, verdict.releases[0].ready) == (2, 1)
    assert scene.cluster.asked == [WEB]
    assert SETTINGS not in scene.cluster.asked


@pytest.mark.parametrize(
    ("live", "said"),
    [
        (None, "apps/web is not there."),
        (stored("web", "blue", 1), "apps/web is still at revision 1."),
        (stored("web", "blue", 2, "failed"), "apps/web is failed at revision 2."),
        (stored("web", "blue", 2, "pending-upgrade"), "apps/web is pending-upgrade at revision 2."),
        (
            replace(stored("web", "blue", 2), chart_version="0.9.0"),
            "apps/web runs chart version 0.9.0, not 1.0.0.",
        ),
    ],
    ids=["gone", "an older revision", "failed", "pending", "another chart"],
)
async def test_a_release_at_another_revision_ends_it_without_a_plan(live: Any, said: str) -> None:
    scene = Scene()
    scene.cluster.live = live
    verdict = await look(scene)
    assert (verdict.settled, verdict.good, verdict.lines) == (True, False, (said,))
    assert (scene.fresh.made, scene.cluster.asked) == (0, [])


async def test_an_uninstalled_release_has_to_be_gone() -> None:
    scene = Scene()
    gone = plan_of(release_plan("uninstall", chart_to=None))
    assert (await look(scene, gone)).lines == ("apps/web is still there.",)
    scene.cluster.live = None
    assert (await look(scene, gone)).good


async def test_releases_that_the_deploy_did_not_touch_are_not_judged() -> None:
    scene = Scene()
    scene.cluster.states["Deployment"] = FAILED
    assert (await look(scene, plan_of(release_plan("none")))).good


async def test_no_plan_is_made_while_a_rollout_is_waited_for_but_at_the_last_look() -> None:
    scene = Scene()
    scene.cluster.states["Deployment"] = WAITS
    verdict = await look(scene)
    assert (verdict.settled, verdict.left, scene.fresh.made) == (False, None, 0)
    assert verdict.lines == ("apps/web: Deployment apps/web: 1 of 2 pods are available",)
    last = await look(scene, is_last=True)
    assert (last.good, last.left, scene.fresh.made) == (False, (), 1)
    assert reason(last, 600) == "it was applied, but not all is ready after 10 minutes: apps/web."


async def test_a_failed_object_ends_it_at_once() -> None:
    scene = Scene()
    scene.cluster.states["Deployment"] = FAILED
    verdict = await look(scene)
    assert (verdict.settled, verdict.good, scene.fresh.made) == (True, False, 0)
    assert verdict.lines == ("apps/web: Deployment apps/web: ImagePullBackOff",)
    assert reason(verdict, 600) == "it was applied, but not all came up: apps/web."


async def test_what_a_fresh_plan_would_change_is_named_with_its_path() -> None:
    scene = Scene()
    scene.fresh.plan = CHANGED
    verdict = await look(scene)
    assert (verdict.settled, verdict.good) == (True, False)
    assert verdict.left == ("apps/web would still be changed: update Deployment apps/web at /spec/replicas.",)


async def test_a_plan_that_cannot_be_made_is_tried_again() -> None:
    scene = Scene()
    scene.fresh.plan = plan_of(complete=False)
    verdict = await look(scene)
    assert (verdict.settled, verdict.good, verdict.unread) == (
        False,
        False,
        ("A fresh plan could not be made.",),
    )


async def test_a_cluster_that_does_not_answer_is_asked_again() -> None:
    scene = Scene()
    scene.cluster.reachable = False
    verdict = await look(scene)
    assert not verdict.settled
    assert verdict.lines == ("The cluster could not be read: the API server did not answer.",)


PAGE = HttpProbe("page", "http://page", asking=QUICK)
DROPS = PromProbe("drops", "http://prometheus", "sum(x)", "<=", 1.0, compare=True, asking=QUICK)
ALERTS = PromProbe("alerts", "http://prometheus", "sum(y)", "==", 0.0, asking=QUICK)


def target_of(*probes: Any) -> Target:
    return Target("production", "ops/shop", verify=VerifyRules(probes=probes))


async def test_only_probes_that_compare_are_asked_before_the_deploy_and_once() -> None:
    answers = Answers({"drops": [NoAnswer("the connection was refused")]})
    before = await Probing(answers).before(target_of(PAGE, DROPS, ALERTS))
    assert before == {"drops": NoAnswer("the connection was refused")}
    assert answers.asked == ["drops"]


async def test_a_probe_that_does_not_pass_is_asked_again_and_then_no_more() -> None:
    answers = Answers({"page": [Answered(503), Answered(200)], "alerts": [Measured(1)]})
    page, alerts = await Probing(answers).after(target_of(PAGE, ALERTS), {})
    assert (page.state, alerts.state, alerts.why) == ("passed", "failed", "it is 1, expected == 0")
    assert sorted(answers.asked) == ["alerts"] * 3 + ["page"] * 2


@pytest.mark.parametrize(
    ("before", "after", "state", "shown"),
    [
        (Measured(40.0), Measured(40.5), "passed", "40 → 40.5"),
        (Measured(0.0), Measured(1.5), "failed", "0 → 1.5"),
        (Measured(float("inf")), Measured(float("inf")), "unknown", "inf → inf"),
        (NoAnswer("it was down"), Measured(0.0), "unknown", "unknown → 0"),
        (None, Measured(0.0), "unknown", "unknown → 0"),
        (Measured(0.0), NoAnswer("it is down"), "unknown", "0 → unknown"),
    ],
    ids=[
        "it may be high when it was before",
        "what has grown too much fails",
        "the growth of infinity is unknown",
        "without a value from before it is unknown",
        "never asked before, it is unknown",
        "without a value now it is unknown",
    ],
)
async def test_a_probe_that_compares_judges_the_growth(
    before: Any, after: Any, state: str, shown: str
) -> None:
    answers = Answers({"drops": [after]})
    [found] = await Probing(answers).after(target_of(DROPS), {"drops": before} if before else {})
    assert (found.state, f"{found.before} → {found.after}") == (state, shown)


async def test_what_cannot_be_asked_fails_only_where_it_is_required() -> None:
    strict = replace(ALERTS, name="strict", required=True)
    lax, hard = await Probing(Answers()).after(target_of(ALERTS, strict), {})
    assert (lax.state, lax.is_bad) == ("unknown", False)
    assert (hard.state, hard.is_bad) == ("unknown", True)


def test_looks_become_rarer_and_are_bounded() -> None:
    looks, moment = 0, 0.0
    while moment < 600:
        moment += longest_wait(moment)
        looks += 1
    assert looks < 70
    assert (longest_wait(0), longest_wait(100), longest_wait(1e6)) == (3.0, 10.0, 15.0)
