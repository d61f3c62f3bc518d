"""The ports: what the use cases need of the world."""

from bot.app.ports.cluster import Cluster, Clusters, ReleaseHead, RolloutState
from bot.app.ports.forge import (
    Forge,
    Job,
    MergeRequest,
    MergeRequestState,
    Note,
    Pipeline,
    Repositories,
    StatusState,
)
from bot.app.ports.keeping import Clock, Deployment, DeployState, Queue, Store, StoredPlan
from bot.app.ports.rendering import Charts, Checkout, Deployer, DeployJob, Renderer

__all__ = [
    "Charts",
    "Checkout",
    "Clock",
    "Cluster",
    "Clusters",
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
    "Repositories",
    "RolloutState",
    "StatusState",
    "Store",
    "StoredPlan",
]
