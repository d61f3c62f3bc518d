"""The ports: what the use cases need of the world."""

from bot.app.ports.cluster import Cluster, Clusters, ReleaseHead, RolloutState
from bot.app.ports.forge import (
    Approver,
    Forge,
    MergeRequest,
    MergeRequestState,
    Note,
    Repositories,
    StatusState,
    Wrote,
)
from bot.app.ports.jobs import Job, Pipeline
from bot.app.ports.keeping import Clock, Consent, Deployment, DeployState, Queue, Reply, Store, StoredPlan
from bot.app.ports.rendering import Charts, Checkout, Deployer, DeployJob, Renderer

__all__ = [
    "Approver",
    "Charts",
    "Checkout",
    "Clock",
    "Cluster",
    "Clusters",
    "Consent",
    "DeployJob",
    "DeployState",
    "Deployer",
    "Deployment",
    "Forge",
    "Job",
    "MergeRequest",
    "MergeRequestState",
    "Note",
    "Pipeline",
    "Queue",
    "ReleaseHead",
    "Renderer",
    "Reply",
    "Repositories",
    "RolloutState",
    "StatusState",
    "Store",
    "StoredPlan",
    "Wrote",
]
