"""A GitLab look-alike for tests and the demo: real git, real webhooks, real jobs.

    async with GitLab() as gitlab:                                  # or start() and stop()
        ada = gitlab.add_user("ada")
        files = {"releases.yaml": "version: 1\\n"}
        project = await gitlab.add_project("ops/cluster", files, {ada: Level.MAINTAINER})
        bot, token = gitlab.project_bot(project)                    # a project access token with scope api
        gitlab.add_hook(project, "http://127.0.0.1:8080/hooks/gitlab", token="hush")

        await gitlab.push(project, "more-replicas", {"values.yaml": "replicas: 2\\n"}, ada)
        mr = await gitlab.open_merge_request(project, "more-replicas", ada, title="More replicas")
        await gitlab.hooks.idle()                                   # all deliveries have been answered
        assert gitlab.deliveries[-1].status == 202
        await gitlab.comment(mr, ada, "/helm plan")
        await gitlab.merge(mr, ada)                                 # raises Refused as the API would refuse

The API answers below `gitlab.url + "/api/v4"` with `PRIVATE-TOKEN: <token>`; git clones
`<gitlab.url>/ops/cluster.git` with any user name and the token as password. Pages for people are at
`<gitlab.url>/ops/cluster/-/merge_requests/1`.

What tests turn: `gitlab.limits`, `gitlab.plant_fault`, `gitlab.hooks.policy` (drop, twice, delays),
`gitlab.hooks.hold()`, `release()` and `resend()`, `gitlab.world.merge_ref_lag`, `gitlab.runner.pause()`,
`resume()` and `timestamps`, `project.settings`. What they look at: `gitlab.requests`, `gitlab.deliveries`,
and the records themselves (`mr.notes`, `project.pipelines`, …).

Jobs: `.gitlab-ci.yml` on the default branch is enough; `GitLab(job_environment={"PATH": …})` gives jobs
programs, `gitlab.set_variable(project, "KUBECONFIG", text, file=True)` gives them files, and
`await gitlab.runner.idle()` waits for their end.
"""

from bot.demo.gitlab.ci_state import CommitStatus, Deployment, Job, Pipeline
from bot.demo.gitlab.delivery import Delivery, drop, once, twice
from bot.demo.gitlab.errors import Refused
from bot.demo.gitlab.front import Request
from bot.demo.gitlab.git_repos import Entry
from bot.demo.gitlab.server import GitLab
from bot.demo.gitlab.state import Hook, Level, MergeRequest, Note, Project, Protection, Settings, User

__all__ = [
    "CommitStatus",
    "Delivery",
    "Deployment",
    "Entry",
    "GitLab",
    "Hook",
    "Job",
    "Level",
    "MergeRequest",
    "Note",
    "Pipeline",
    "Project",
    "Protection",
    "Refused",
    "Request",
    "Settings",
    "User",
    "drop",
    "once",
    "twice",
]
