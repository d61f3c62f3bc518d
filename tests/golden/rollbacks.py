"""Rollbacks to write about: previews with and without a seal, and the notes that follow them."""

from dataclasses import replace

from bot.core.deploy.release_report import ReleaseReport
from bot.core.model import Finding, Level
from bot.core.notes.deploy import DeployReport
from bot.core.notes.rollback import OFFER, REVERTED, revert_link
from bot.core.planned import Plan, Rollback
from tests.golden.plans import SEAL, plan, release, replicas

BACK = Rollback("web/podinfo", 2)
CODE = "4be1f00d"
_WAY = release(
    chart_from="6.14.1",
    chart_to="6.7.0",
    objects=(replicas(2, 1),),
    findings=(
        Finding(
            Level.INFO,
            "rollback-leaves-crds",
            "The chart goes from 6.14.1 back to 6.7.0, and Helm never touches what a chart has in crds/: "
            "those CRDs stay as they are.",
            "Where the chart has any, compare them with those of version 6.7.0.",
        ),
    ),
)
_REFUSED = Finding(
    Level.ERROR,
    "immutable-field",
    "Deployment web/podinfo: spec.selector cannot be changed.",
    "Delete the object first, or go another way.",
)
PREVIEWS: dict[str, Plan] = {
    "sealed": plan(_WAY, rollback=BACK),
    "refused": plan(replace(_WAY, findings=(_REFUSED,)), seal=None, rollback=BACK),
    "as it is already": plan(release(action="none"), rollback=BACK),
}
_ABOUT = DeployReport("production", "running", merge_sha="c" * 40, seal=SEAL, back=BACK, run="run-7-0badcafe")
_DONE = (ReleaseReport("web/podinfo", "rollback", "applied", 3.2, 4),)
_FAILED = (ReleaseReport("web/podinfo", "rollback", "failed", 3.2, None, "a hook failed"),)
REPORTS: dict[str, DeployReport] = {
    "held": replace(
        _ABOUT,
        state="held",
        run="",
        reason="max locked the target at 2026-11-23 09:30 UTC: an exam.",
        way_out="A maintainer releases it with /helm unlock. It does not start by itself: then a maintainer "
        "says /helm deploy in this thread.",
    ),
    "done": replace(
        _ABOUT,
        state="rolled back",
        releases=_DONE,
        lines=("web/podinfo runs podinfo 6.7.0.",),
        way_out=OFFER.format(name="web/podinfo"),
    ),
    "done with a revert": replace(
        _ABOUT,
        state="rolled back",
        releases=_DONE,
        lines=(
            "web/podinfo runs podinfo 6.7.0.",
            REVERTED,
        ),
        links=(revert_link("https://gitlab.example.com/ops/cluster/-/merge_requests/8"),),
    ),
    "failed": replace(
        _ABOUT,
        state="failed",
        reason="web/podinfo failed.",
        releases=_FAILED,
        log="Error: a hook failed",
        way_out="Mend the cause. A maintainer says /helm deploy to try this one again.",
    ),
}
