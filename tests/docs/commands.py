"""The reference of commands, from the code: `python -m tests.docs.commands` writes it."""

from collections.abc import Collection
from pathlib import Path

from bot.core.command import COMMANDS, LONGEST_LINE, MOST_COMMANDS, Spec

FILE = Path(__file__).parents[2] / "docs" / "reference" / "commands.md"
MISSING: tuple[str, ...] = ()
"""Words of the grammar that answer that they do not exist here."""

_HEAD = """\
# Commands
<!-- Written by `python -m tests.docs.commands` from bot/core/command.py. -->
In a note, a reply or a review comment of a merge request, at the beginning of a line:

| command | does | least role |
|---|---|---|
"""
_TAIL = f"""
`--target T` names one of the merge request's targets; without it a command is for all of them. The least
role can be changed for the installation (`commands.roles`) and for a target (`targets[].roles`); where
several targets are meant, the strictest counts. It is asked of GitLab at the moment the command is done,
never taken from the webhook.

## What counts as a command
- One command a line, up to {MOST_COMMANDS} a note, each line up to {LONGEST_LINE} characters. They are done
  in order.
- Only the writer's own lines: what is quoted, in code, in a comment or in an edited or system note does
  nothing. An internal note does nothing unless `commands.internal_notes` is set; its answer is internal, too.
- With `commands.description` the description that a merge request is opened with may hold `/helm plan`, too;
  every other command in it does nothing. The answer is a note.
- No quotes, no escapes, no shell. An argument holds letters, digits and `. _ / : @ + -`, and does not begin
  with `-`.
- An eyes reaction says that it was read; a tick or a cross says how it ended (with several targets,
  `/helm plan` may leave both); the answer is a reply in the
  same thread.

## What each does
- **help** lists what the person who asks may use here; where no target deploys from the branch, it says so.
- **plan** makes the plan anew and edits its note; with names of releases it answers with those alone,
  without a seal. In a merge request from a fork it wants a maintainer and the whole id of the head commit,
  `/helm plan 40-digits`: exactly that commit is planned, and a push meanwhile is not. It is never deployed.
- **diff** shows a release of the newest plan; `--full` with whole objects, not the changed lines alone.
- **status** and **history** read the cluster: revisions, and the deployments of the target.
- **deploy** is for a merge that was held or failed, or whose webhook got lost. It plans the merge commit
  anew. Where that has the seal of the plan that was shown last, the gate is asked again and it goes. Else
  it answers with the new plan, its seal and what is different, and the next `/helm deploy` goes with
  exactly that. Who says it and may approve has thereby approved: after a merge GitLab takes no approvals.
  It does nothing once the branch has moved past the merge commit. `--recover` plans as if releases that a
  crash left `pending-…` had failed, and says which, since when and whose; said again, it marks exactly those
  failed (in Helm's record; a release that moves meanwhile is left alone) and deploys.
- **rollback** shows what going back to a revision would do, and a code; **confirm** does exactly that, within
  an hour, if nothing moved. Git is not changed; `--revert` opens the merge request that does: [how to go
  back](../how-to/rollback.md). `--recover` plans as if a revision that a crash left `pending-…` had failed,
  and says which; the code then marks it so and goes back.
- **cancel** takes back plans that wait (the next push has one made, or `/helm plan`), keeps a deployment
  from beginning, and has GitLab cancel the pipeline of one that runs.
- **drift** holds the head of the target's branch against the cluster and keeps one issue about what differs
  ([how](../how-to/drift.md)). A second reply has what was found; a deployment that runs goes first.
- **verify** holds the cluster against the sealed plan that was deployed last: revisions, rollouts, and a
  fresh plan of that commit, which must be empty. It changes nothing.
- **lock** holds every merge to the target until **unlock**, by whoever. A deployment that runs goes on.
  What was held meanwhile waits for `/helm deploy` in its own thread.

## What a refusal means
[All refusals](refusals.md), those of merges and plans included; of commands:

| answer | what to do |
|---|---|
| There is no command … | a slip: the nearest word is named |
| Not understood: … | the line does not fit the grammar above; type it anew |
| … needs the role … | ask somebody who has it, or have `commands.roles` changed |
| No target is called …, No release is called … | the nearest name and the known ones are listed |
| Still held: … | the gate, with the reason and the way out: [gate](gate.md) |
| … has moved past the merge commit | open another merge request: its plan contains this change |
| No rollback was shown in this thread under the code …, The code … is older … | say `/helm rollback` again |
| What was shown does not hold any more | something moved, as is listed; say `/helm rollback` again |
| it is under way, it is deployed already | nothing; the deploy note says how it goes |
"""


def page(missing: Collection[str] = MISSING) -> str:
    """The whole page."""
    rows = [_row(spec) for spec in COMMANDS.values() if spec.name not in missing]
    return _HEAD + "\n".join(rows) + "\n" + _TAIL


def _row(spec: Spec) -> str:
    usage = f"/helm {spec.name} {spec.usage}".strip()
    return f"| `{usage}` | {spec.does} | {spec.least_role} |"


if __name__ == "__main__":
    FILE.write_text(page(), encoding="utf-8")
