"""What a verification says of itself: reasons and ways out, as sentences for the note."""

from bot.core.verify.outcome import Verdict

NOT_AS_PLANNED = "it was applied, but the cluster is not as planned."
UNREAD = "it was applied, but the cluster could not be read until the deadline."

_MEND = (
    "The next merge request's plan starts from what the cluster really has: mend it with one, or go back "
    "with a revert merge request."
)


def reason(verdict: Verdict, seconds: float) -> str:
    """Why a verification failed; `seconds` is the deadline."""
    if verdict.unread:
        return UNREAD
    bad = [one.key for one in verdict.releases if one.state == "bad"]
    if unlike := _unlike(verdict):
        return f"its job or run ended well, but the cluster does not have what was planned: {_names(unlike)}."
    if bad:
        return f"it was applied, but not all came up: {_names(bad)}."
    if verdict.left:
        return NOT_AS_PLANNED
    late = [one.key for one in verdict.releases if one.state == "waiting"]
    if late:
        return f"it was applied, but not all is ready after {duration(seconds)}: {_names(late)}."
    if verdict.bad_probes:
        names = _names([one.name for one in verdict.bad_probes])
        return f"it was applied and the cluster is as planned, but not all probes passed: {names}."
    return NOT_AS_PLANNED


def way_out(verdict: Verdict) -> str:
    """What to do then."""
    if verdict.unread:
        return (
            "Nothing is known to be wrong. See why (purser doctor says what of the cluster can be reached "
            "and read), then say /helm plan on any merge request: its plan shows what the cluster really has."
        )
    if _unlike(verdict):
        return (
            "Read the log of what was to apply it, and see with /helm status what is there: either something "
            f"else was applied, or somebody changed it right after. {_MEND}"
        )
    bad = [one for one in verdict.releases if one.state == "bad"]
    if bad or verdict.left:
        return f"Look at the objects named above with kubectl (describe, logs). {_MEND}"
    if any(one.state == "waiting" for one in verdict.releases):
        return (
            "Look at the objects named above with kubectl: they may only be slow (then raise verify.deadline "
            f"of the target). {_MEND}"
        )
    if any(one.state == "failed" for one in verdict.bad_probes):
        return (
            "Everything is applied and stays so. Look at what the probe asks. Where the change is to "
            "blame, go back with a revert merge request; where the probe is, whoever runs Purser mends "
            "verify.probes."
        )
    return (
        "Everything is applied and stays so. A required probe could not be asked: see that what it asks "
        "answers, and judge the deploy by hand; whoever runs Purser mends verify.probes where it is wrong."
    )


def _unlike(verdict: Verdict) -> list[str]:
    """Releases that are not at the revision that was planned, so that their objects were not looked at."""
    return [one.key for one in verdict.releases if one.state == "bad" and not one.objects]


def duration(seconds: float) -> str:
    """Seconds or minutes, as people say it."""
    return f"{seconds / 60:.0f} minutes" if seconds >= 120 else f"{seconds:.0f} seconds"


def _names(names: list[str]) -> str:
    return f"{', '.join(names[:5])}{f' and {len(names) - 5} more' if len(names) > 5 else ''}"
