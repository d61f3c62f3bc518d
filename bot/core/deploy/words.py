"""What a deployment says of itself: reasons and ways out, as sentences for the note."""

from collections.abc import Sequence

from bot.core.deploy.pipeline_end import AFTER, why_failed
from bot.core.deploy.release_report import RunReport
from bot.core.errors import ForgeRefused
from bot.core.gate.decision import FOLLOW_UP, RECOVER
from bot.core.gate.pending import is_named_in

REFUSED = "the seal no longer holds"
"""What `purser apply` says when it refuses; the job's log is all that a pipeline gives back."""

NO_KUBECONFIG = "There is no kubeconfig for the target"
"""What `purser apply` says where it finds no cluster."""

_WAYS_OUT = {
    "no-pipeline": (
        "Add the job `purser-apply` to the project's .gitlab-ci.yml (see the how-to on deploying), then open "
        "another merge request: its plan includes this change."
    ),
    "inputs-refused": (
        "Declare the inputs PURSER_TARGET, PURSER_SEAL and PURSER_MERGE_REQUEST in .gitlab-ci.yml "
        "(spec: inputs, as the CI file that comes with Purser does), then open another merge request."
    ),
    "variables-refused": (
        "Declare the inputs PURSER_TARGET, PURSER_SEAL and PURSER_MERGE_REQUEST in .gitlab-ci.yml "
        "(spec: inputs), or let the bot's role set pipeline variables, then open another merge request."
    ),
}


def came_along(iid: int, branch: str) -> tuple[str, str]:
    """Why what came with another merge request's merge is not deployed by itself, and what to do."""
    return (
        f"its commits came to {branch} with the merge of !{iid}, whose plan has them all and whose deploy "
        "brings them.",
        f"Nothing, where !{iid} is deployed. Where it is not, its thread says what to do. {FOLLOW_UP}",
    )


def start_refused(error: ForgeRefused) -> str:
    """Why there is no pipeline."""
    if error.code == "ref-moved":
        return "the branch has moved past the merge commit, so a pipeline would run on other files."
    return f"GitLab would not start the pipeline: {error.what}"


def pipeline_ended(status: str, job: str | None, failure: str = "") -> str:
    """Why a deployment failed whose pipeline ended so; `job` is the name of the one that failed, `failure`
    GitLab's word for why.
    """
    match status:
        case "canceled":
            return "its pipeline was cancelled."
        case "skipped":
            return "its pipeline was skipped."
        case _:
            return (
                f"the job {job} failed{why_failed(failure)}."
                if job
                else "its pipeline failed before a job ran."
            )


def was_refused(tail: str) -> bool:
    """Whether `purser apply` said so itself: what it quotes of others (ends of logs) never begins a line."""
    return any(line.startswith(f"Refused: {REFUSED}") for line in tail.splitlines())


def after_pipeline(status: str, job: str | None, tail: str, failure: str = "") -> str:
    """What to do after a pipeline that ended so; `job` failed with this end of its log."""
    if status == "canceled":
        return "What was applied before it was cancelled stays applied. " + FOLLOW_UP
    if status == "skipped":
        return (
            "GitLab ran none of its jobs: a rule with when: on_failure, or a job before purser-apply that "
            "was skipped. Mend .gitlab-ci.yml, which is on the pipeline's page as it was read. " + FOLLOW_UP
        )
    if job is None:
        return (
            "The pipeline's page says why: a mistake in .gitlab-ci.yml, no runner, a quota that is used up. "
            + FOLLOW_UP
        )
    if why_failed(failure):
        return AFTER
    if was_refused(tail) and NO_KUBECONFIG in tail:
        return (
            "The job had no kubeconfig. Where KUBECONFIG is a protected variable the branch has to be "
            "protected too, and a variable of an environment reaches only jobs of that environment. Mend it, "
            "then a maintainer says /helm deploy."
        )
    if was_refused(tail) and is_named_in(tail):
        return _LEFT + RECOVER
    if was_refused(tail):
        return "Something moved since the plan was made; the log says what. " + FOLLOW_UP
    return (
        "The log above says which release failed and why; the releases before it are applied. Mend the "
        "cause and open another merge request: its plan starts from what the cluster has now."
    )


def job_line(name: str, number: int, status: str) -> str:
    """One job of the pipeline."""
    return f"Job {name} ({number}): {status}"


def waits(jobs: Sequence[tuple[str, str]], waited: float, patience: float) -> tuple[str, ...]:
    """Why a pipeline does not go on, of its jobs' names and statuses; `waited` are the seconds so far."""
    said = [
        f"The job {name} is manual: somebody who may has to start it on the pipeline's page."
        for name, status in jobs
        if status == "manual"
    ]
    said += [
        f"The job {name} waits for another job of its resource group to end."
        for name, status in jobs
        if status == "waiting_for_resource"
    ]
    pending = [name for name, status in jobs if status == "pending"]
    if pending and waited >= patience:
        said.append(
            f"No runner has taken {', '.join(pending)} for {waited / 60:.0f} minutes: is one online that has "
            "the job's tags, and may it run jobs of protected branches?"
        )
    return tuple(said)


def way_to_start(error: ForgeRefused) -> str:
    """What to do where no pipeline could be started."""
    return _WAYS_OUT.get(error.code, FOLLOW_UP)


AFTER_DEATH = (
    "See why (memory, the node) and what it left: /helm status. Where a release is pending a maintainer says "
    "/helm deploy --recover, else /helm deploy; each plans anew and deploys what was seen."
)
_LEFT = "The log says which release is pending: Helm was killed at it, or is at it now. "


def run_line(run: str, starts: int) -> str:
    """One run that goes on; `starts` is how often it was started before."""
    before = " (its process died and was started again; what it did is not done twice)" if starts > 1 else ""
    return f"Purser applies it itself: {run}{before}"


def run_died(starts: int) -> str:
    """Why a deployment failed whose process kept dying."""
    return f"the process that applies it died {starts} times without a word."


def run_ended(report: RunReport, starts: int = 1) -> str:
    """Why a deployment failed whose run ended so; `starts` is how often it was started."""
    match report.result:
        case "refused" if starts > 1:
            return (
                "the process that applies it died half-way. It was started again, found the cluster as said "
                "below, neither as before nor as planned, and touched nothing more."
            )
        case "refused":
            return "the seal no longer holds, so nothing was touched."
        case "stopped":
            return "it was stopped from outside."
        case _:
            bad = [one.key for one in report.releases if one.state == "failed"]
            return f"{', '.join(bad)} failed." if bad else "it could not be applied."


def after_run(report: RunReport) -> str:
    """What to do after a run that ended so."""
    match report.result:
        case "refused" if is_named_in("\n".join(report.lines)):
            return _LEFT.replace("The log says", "It is said above") + RECOVER
        case "refused":
            return "Something moved since the plan was made; it is said above. " + FOLLOW_UP
        case "stopped":
            return "Helm was told and marked what it was at as failed. " + FOLLOW_UP
        case _:
            return (
                "Mend the cause. What is said to be applied stays applied; the next merge request's plan "
                "starts from what the cluster has now. A maintainer says /helm deploy to try this one again, "
                "or /helm deploy --recover where /helm status says that a release is pending: Helm could not "
                "write down that it failed."
            )
