"""The variables that GitLab gives to a pipeline's rules and to a job's script."""

from __future__ import annotations

from bot.demo.gitlab.ci_state import Job, Pipeline, Variable
from bot.demo.gitlab.state import MergeRequest
from bot.demo.gitlab.world import World


def predefined(world: World, it: Pipeline) -> dict[str, str]:
    """What is known before there is a job."""
    project = it.project
    known = {
        "CI": "true",
        "GITLAB_CI": "true",
        "CI_SERVER": "yes",
        "CI_SERVER_URL": world.url,
        "CI_SERVER_HOST": world.url.partition("://")[2].partition(":")[0],
        "CI_SERVER_VERSION": world.version,
        "CI_API_V4_URL": f"{world.url}/api/v4",
        "CI_PROJECT_ID": str(project.id),
        "CI_PROJECT_NAME": project.name,
        "CI_PROJECT_NAMESPACE": project.namespace,
        "CI_PROJECT_PATH": project.path,
        "CI_PROJECT_URL": f"{world.url}/{project.path}",
        "CI_PROJECT_VISIBILITY": project.visibility,
        "CI_DEFAULT_BRANCH": project.default_branch,
        "CI_PIPELINE_SOURCE": it.source,
        "CI_COMMIT_SHA": it.sha,
        "CI_COMMIT_SHORT_SHA": it.sha[:8],
        "CI_COMMIT_BEFORE_SHA": it.before_sha,
        "CI_COMMIT_REF_NAME": it.ref,
        "CI_COMMIT_REF_PROTECTED": "true" if it.ref in project.protected else "false",
        "GITLAB_USER_ID": str(it.user.id),
        "GITLAB_USER_LOGIN": it.user.username,
        "GITLAB_USER_NAME": it.user.name,
        "GITLAB_USER_EMAIL": it.user.email,
    }
    if it.merge_request is None:
        return {**known, "CI_COMMIT_BRANCH": it.ref}
    return {**known, **_of_merge_request(it, it.merge_request)}


def _of_merge_request(it: Pipeline, mr: MergeRequest) -> dict[str, str]:
    return {
        "CI_COMMIT_REF_NAME": mr.source_branch,
        "CI_MERGE_REQUEST_ID": str(mr.id),
        "CI_MERGE_REQUEST_IID": str(mr.iid),
        "CI_MERGE_REQUEST_TITLE": mr.title,
        "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": mr.source_branch,
        "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA": mr.head if it.sha != mr.head else "",
        "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": mr.target_branch,
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": mr.base,
        "CI_MERGE_REQUEST_EVENT_TYPE": "detached" if it.sha == mr.head else "merged_result",
    }


def for_rules(world: World, it: Pipeline) -> dict[str, str]:
    """What conditions see: file variables are paths in a job, but here their presence is all that counts."""
    return {**predefined(world, it), **{v.key: v.value for v in visible(it)}}


def visible(it: Pipeline) -> list[Variable]:
    """The project's variables; protected ones only on protected branches."""
    protected = it.ref in it.project.protected
    return [v for v in it.project.variables.values() if protected or not v.protected]


def for_job(world: World, job: Job, token: str, project_dir: str) -> dict[str, str]:
    """Everything but the project's variables, which may be files and are laid down by the runner. Later wins
    in GitLab's order: predefined, the CI file's, the job's, then those given with the pipeline or when
    playing.
    """
    pipeline = job.pipeline
    own = {
        "CI_PIPELINE_ID": str(pipeline.id),
        "CI_PIPELINE_IID": str(pipeline.iid),
        "CI_PIPELINE_URL": world.web(pipeline.project, "pipelines", str(pipeline.id)),
        "CI_PIPELINE_CREATED_AT": pipeline.created_at.isoformat(),
        "CI_JOB_ID": str(job.id),
        "CI_JOB_NAME": job.name,
        "CI_JOB_STAGE": job.stage,
        "CI_JOB_URL": world.web(pipeline.project, "jobs", str(job.id)),
        "CI_JOB_TOKEN": token,
        "CI_PROJECT_DIR": project_dir,
        "CI_BUILDS_DIR": project_dir.rpartition("/")[0],
        "CI_REPOSITORY_URL": clone_url(world, job, token),
        "CI_RUNNER_DESCRIPTION": "look-alike runner",
    }
    if job.environment:
        own["CI_ENVIRONMENT_NAME"] = job.environment
        own["CI_ENVIRONMENT_SLUG"] = job.environment.replace("/", "-")
    given = {**pipeline.config_variables, **job.spec.variables, **pipeline.variables, **job.variables}
    return {**predefined(world, pipeline), **own, **given}


def clone_url(world: World, job: Job, token: str) -> str:
    """The address with which a job fetches its own project."""
    scheme, _, rest = world.url.partition("://")
    return f"{scheme}://gitlab-ci-token:{token}@{rest}/{job.pipeline.project.path}.git"
