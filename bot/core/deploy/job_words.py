"""What is said of a deployment that a job applies which is not Purser's."""

from bot.core.gate.decision import FOLLOW_UP

MOVED = "the seal no longer holds, so the job {name} was not started."
AFTER_MOVED = "Something moved since the plan was made; it is said above. " + FOLLOW_UP
NOT_THERE = "the pipeline of the merge has no job {name}."
AFTER_NOT_THERE = (
    "Look whether the branch's pipeline was made (a [skip ci] in the commit's message, workflow rules) and "
    "whether `deploy.job` of the target names the job as .gitlab-ci.yml does. Then a maintainer says "
    "/helm deploy."
)
_LONGEST = 500
AFTER_UNREADABLE = (
    "Mend .gitlab-ci.yml in another merge request: its plan includes this change, and its merge deploys both."
)
AFTER_REFUSAL = (
    "Let the bot's user deploy: a protected environment or branch has a list of who may start its jobs. "
    "Somebody who may can also start the job by hand; then /helm deploy has it verified."
)
GONE = "the job {name} is not in its pipeline any more."


def on_merge(name: str) -> str:
    """What a plan says of its merge, as Markdown."""
    return (
        f"When this is merged, the project's own job {name} deploys it, which does not look at the seal: "
        "Purser starts it, where it is manual, only while the seal holds, and compares the cluster with this "
        "plan afterwards."
    )


def looks_for(name: str) -> str:
    """While there is no pipeline."""
    return f"Waiting for the pipeline of the merge, which has the job {name}."


def unreadable(errors: str) -> str:
    """There is a pipeline, but GitLab could make no jobs; `errors` is what it says, masked."""
    said = " ".join(errors.split())
    said = said if len(said) <= _LONGEST else f"{said[:_LONGEST]}…"
    return f"GitLab cannot read the .gitlab-ci.yml of the merge, so there is no job to start: {said}"


def refused(name: str, what: str) -> str:
    """GitLab would not start it."""
    return f"GitLab would not start the job {name}: {what}"


def not_ours(name: str, number: int, *, checked: bool) -> str:
    """Who applied it, and what that is worth."""
    said = f"Applied by the job {name} ({number}), which is the project's own: it does not look at the seal. "
    if checked:
        return said + "The seal held right before Purser started it, and the cluster was compared afterwards."
    return (
        said + "Purser did not start it, so only what the cluster has now was compared with the sealed plan."
    )


def ended(name: str, status: str) -> str:
    """Why a deployment failed whose job ended so."""
    match status:
        case "canceled":
            return f"the job {name} was cancelled."
        case "skipped":
            return f"the job {name} was skipped: one before it failed or was skipped."
        case _:
            return f"the job {name} failed."


AFTER_END = (
    "Mend the cause. What the job applied stays applied. A maintainer says /helm deploy: the merge commit is "
    "planned anew, and the job is tried again under that seal. One that is retried in GitLab is followed."
)
