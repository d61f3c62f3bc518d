"""Ranks what a release plan would do, and names what a reviewer must not overlook.

Works on planned objects alone, masked as they are. Each rule looks at one object before and after; what was
so before is not said again.
"""

from collections.abc import Callable
from dataclasses import replace

from bot.core.model import Finding, Level, Risk
from bot.core.planned import ObjectPlan, ReleasePlan
from bot.core.risk.access import access
from bot.core.risk.workloads import workloads

_ORDER = (Risk.NONE, Risk.LOW, Risk.MEDIUM, Risk.HIGH)
Noticed = tuple[Risk, Finding]
_RULES: tuple[Callable[[ObjectPlan], list[Noticed]], ...] = (access, workloads)

_DATA = frozenset(
    {"PersistentVolumeClaim", "PersistentVolume", "StatefulSet", "Namespace", "CustomResourceDefinition"}
)
_RUNNING = frozenset({"Deployment", "DaemonSet", "Service", "Ingress", "Secret", "Job", "CronJob", "Pod"})
_GUARDS = ("falco", "cilium", "kyverno", "gatekeeper", "tetragon", "neuvector", "trivy-operator")


def worst(*risks: Risk) -> Risk:
    """The highest of these; none where there are none."""
    return max(risks, key=_ORDER.index, default=Risk.NONE)


def assess(plan: ReleasePlan) -> ReleasePlan:
    """The plan with its risk, and with a warning for everything of note in it."""
    noticed = [*_of_release(plan), *(one for planned in plan.objects for one in _of_object(planned))]
    risks = [risk for risk, _ in noticed] + [_plainly(planned) for planned in plan.objects]
    if any(finding.code == "cascade" for finding in plan.findings):
        risks.append(Risk.HIGH)
    if _major(plan.chart_from) != _major(plan.chart_to) and plan.action == "upgrade":
        risks.append(Risk.MEDIUM)
    findings = (*plan.findings, *(finding for _, finding in noticed))
    return replace(plan, risk=worst(*risks), findings=tuple(dict.fromkeys(findings)))


def _of_release(plan: ReleasePlan) -> list[Noticed]:
    if plan.action != "uninstall":
        return []
    if guard := next((name for name in _GUARDS if plan.chart_name.startswith(name)), None):
        says = f"{plan.key}: {guard} is uninstalled, and what it watched or enforced is so no more."
        return [(Risk.HIGH, Finding(Level.WARNING, "guard-removed", says))]
    return []


def _of_object(planned: ObjectPlan) -> list[Noticed]:
    if planned.action == "unchanged":
        return []
    found = [one for rule in _RULES for one in rule(planned)]
    if planned.action == "delete" and planned.ref.kind in _DATA and planned.hook is None:
        says = f"{planned.ref} is deleted, with the data in it or behind it."
        fix = "Make sure that there is a copy, or keep it with the annotation helm.sh/resource-policy: keep."
        found.append((Risk.HIGH, Finding(Level.WARNING, "data-deleted", says, fix, planned.ref)))
    return found


def _plainly(planned: ObjectPlan) -> Risk:
    """What the action alone is worth."""
    match planned.action:
        case "unchanged":
            return Risk.NONE
        case "delete" if planned.hook is None and planned.ref.kind in _RUNNING:
            return Risk.MEDIUM
        case _:
            return Risk.LOW


def _major(version: str | None) -> str:
    return (version or "").lstrip("v").partition(".")[0]
