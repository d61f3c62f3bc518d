"""How a merge reaches a target, in the configuration."""

from typing import Literal

from pydantic import Field

from bot.config.strict import Strict
from bot.core.deploy.rules import CrdPolicy, DeployRules


class Deploy(Strict):
    """How a merge reaches the target."""

    mode: Literal["pipeline", "direct"] = Field(
        default="pipeline",
        description="pipeline: a job of the project runs `purser apply`; direct: the bot runs it itself",
    )
    parallel: int = Field(
        default=4, ge=1, le=32, description="releases applied at a time, where none waits for another"
    )
    kubeconfig: str | None = Field(
        default=None, description="what mode direct deploys with; unset: the target's own"
    )
    context: str | None = Field(default=None, description="context in it; unset: the target's own")
    runner_patience: float = Field(
        default=600, ge=0, description="seconds after which a job that no runner takes is said to be stuck"
    )
    job: str = Field(
        default="",
        max_length=255,
        description="the project's own job that deploys, in the pipeline of a merge; empty: purser-apply",
    )
    crds: CrdPolicy = Field(
        default="skip",
        description="a chart's crds/ at an upgrade: skip, as Helm does, or upgrade them before the release",
    )

    @property
    def rules(self) -> DeployRules:
        """As the use cases know them."""
        return DeployRules(
            self.parallel, self.kubeconfig, self.context, self.runner_patience, self.job, self.crds
        )
