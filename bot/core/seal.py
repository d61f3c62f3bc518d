"""Seals: digests over what would be applied and what it starts from.

Independent of time, of masks and of where files lie: a merged commit yields the seal of the plan that was
approved, as long as neither the rendering nor the release in the cluster moved.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

from bot.core.model import DesiredRelease, Manifest
from bot.core.noise import Noise, hook_facts
from bot.core.objects import canonical
from bot.core.planned import Plan
from bot.core.release import Hook, LiveRelease, Rendered, StoredRelease


def release_digest(
    desired: DesiredRelease,
    *,
    rendered: Rendered | None,
    noise: Noise,
    live: LiveRelease | None,
    chart_digest: str = "",
) -> str:
    """`sha256:<hex>` of a release: objects, hooks, CRDs, chart, values, options; the revisions that stand.

    `rendered` None is an uninstallation.
    """
    crds = ["upgrade-crds"] if desired.upgrade_crds and rendered and rendered.crds else []
    return _digest(
        {
            "release": [desired.namespace, desired.name],
            "options": [desired.create_namespace, desired.force_conflicts, desired.take_ownership, *crds],
            "values": desired.values if rendered else None,
            "chart": [rendered.chart_name, rendered.chart_version, chart_digest] if rendered else None,
            "objects": [noise.without(m) for m in rendered.objects] if rendered else None,
            "hooks": [_hook(h, noise) for h in rendered.hooks] if rendered else None,
            "crds": [noise.without(m) for m in rendered.crds] if rendered else None,
            "base": _revision(live.base) if live else None,
            "newest": _revision(live.newest) if live else None,
        }
    )


def _hook(hook: Hook, noise: Noise) -> tuple[Manifest, Any]:
    return (noise.without(hook.manifest), hook_facts(hook))


def _revision(stored: StoredRelease) -> Mapping[str, Any]:
    return {
        "revision": stored.revision,
        "status": stored.status,
        "chart": [stored.chart_name, stored.chart_version],
        "values": stored.values,
        "manifest": stored.manifest,
        "hooks": [(hook.manifest, hook_facts(hook)) for hook in stored.hooks],
        "method": stored.apply_method,
    }


def seal(plan: Plan) -> str | None:
    """`sha256:<hex>` over a plan's target and the releases that change, in any order.

    None where the plan is incomplete, an error finding stands, or a release could not be digested.
    """
    changing = [release for release in plan.releases if release.action != "none"]
    if not plan.complete or plan.has_errors or any(not release.digest for release in changing):
        return None
    parts = sorted((release.namespace, release.name, release.action, release.digest) for release in changing)
    back = {"rollback": [plan.rollback.release, plan.rollback.revision]} if plan.rollback else {}
    return _digest({"target": plan.target, "releases": parts, **back})


def _digest(value: Any) -> str:
    return "sha256:" + hashlib.sha256(canonical(value).encode(errors="surrogatepass")).hexdigest()
