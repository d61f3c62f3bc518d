"""How a target is deployed to, as configured."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

CrdPolicy: TypeAlias = Literal["skip", "upgrade"]


@dataclass(frozen=True, slots=True)
class DeployRules:
    """The defaults are those of the configuration.

    `parallel` bounds how many releases that do not wait for each other are applied at once. `kubeconfig` and
    `context` are what mode `direct` deploys with (None: as planning does). After `runner_patience` seconds a
    job that no runner took is said to be stuck. `job` is the project's own job that deploys, in the pipeline
    of a merge; empty: Purser's. At an upgrade `crds: skip` leaves a chart's crds/ alone, as Helm does.
    """

    parallel: int = 4
    kubeconfig: str | None = None
    context: str | None = None
    runner_patience: float = 600.0
    job: str = ""
    crds: CrdPolicy = "skip"
