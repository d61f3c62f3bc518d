"""What became of each release of a deploy, as the process that applied it reports."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from bot.core.verify import symptoms
from bot.core.verify.symptoms import Symptoms

ReleaseState: TypeAlias = Literal["applied", "already", "failed", "not started", "stopped", "unchanged"]
RunResult: TypeAlias = Literal["applied", "nothing", "refused", "failed", "unverified", "stopped"]


@dataclass(frozen=True, slots=True)
class ReleaseReport:
    """One release. `already`: an earlier try of the same deploy applied it. `why` is plain text, masked.

    `action` is what the plan says (`install`, `upgrade`, `uninstall`, `none`) or `rollback`. `revision` is
    Helm's new one. `symptoms` are what the cluster says of one that went wrong.
    """

    key: str
    action: str
    state: ReleaseState
    seconds: float = 0.0
    revision: int | None = None
    why: str = ""
    symptoms: Symptoms | None = None


@dataclass(frozen=True, slots=True)
class RunReport:
    """How a run ended: `lines` say why, in plain masked sentences."""

    result: RunResult
    releases: tuple[ReleaseReport, ...] = ()
    lines: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def symptoms(self) -> tuple[Symptoms, ...]:
        """What the cluster says of the releases that went wrong."""
        return tuple(one.symptoms for one in self.releases if one.symptoms is not None)


def to_json(report: RunReport) -> dict[str, Any]:
    """`purser.run/v1`: what `purser apply` leaves beside its log."""
    return {
        "schema": "purser.run/v1",
        "result": report.result,
        "seconds": round(report.seconds, 1),
        "lines": list(report.lines),
        "releases": [_release(one) for one in report.releases],
    }


def _release(report: ReleaseReport) -> dict[str, Any]:
    said = {"cluster": symptoms.to_json(report.symptoms)} if report.symptoms else {}
    return {
        "release": report.key,
        "action": report.action,
        "state": report.state,
        "seconds": round(report.seconds, 1),
        "revision": report.revision,
        "why": report.why,
        **said,
    }


def from_json(document: Mapping[str, Any]) -> RunReport:
    """The inverse of `to_json`. Raises KeyError or TypeError for anything else."""
    releases = tuple(_report(one) for one in document["releases"])
    return RunReport(document["result"], releases, tuple(document["lines"]), document["seconds"])


def _report(one: Mapping[str, Any]) -> ReleaseReport:
    said = symptoms.from_json(one["release"], one["cluster"]) if "cluster" in one else None
    return ReleaseReport(
        one["release"], one["action"], one["state"], one["seconds"], one["revision"], one["why"], said
    )


def sentence(report: ReleaseReport) -> str:
    """One line of a person's reading."""
    took = f" in {report.seconds:.0f} s" if report.state in ("applied", "failed", "stopped") else ""
    revision = f", revision {report.revision}" if report.revision else ""
    why = f": {report.why}" if report.why else ""
    match report.state:
        case "applied":
            done = "uninstalled" if report.action == "uninstall" else f"{report.action} done"
            return f"{report.key}: {done}{took}{revision}"
        case "already":
            return f"{report.key}: was done by an earlier try, so it was left as it is"
        case "failed":
            return f"{report.key}: {report.action} FAILED{took}{why}"
        case "stopped":
            return f"{report.key}: {report.action} was stopped half-way{took}{why}"
        case "not started":
            return f"{report.key}: {report.action} not started{why}"
        case "unchanged":
            return f"{report.key}: nothing to do"
