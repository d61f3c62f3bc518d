"""What went wrong while a plan was made, as a finding in it."""

from bot.core.errors import AuthorError, ClusterForbids, ClusterUnreachable
from bot.core.model import Finding, Level


def finding_of(error: AuthorError | ClusterUnreachable | ClusterForbids) -> Finding:
    """An error finding in words for the reader of the plan; not masked."""
    match error:
        case AuthorError():
            place = f"{error.where}: " if error.where else ""
            return Finding(Level.ERROR, error.code, place + error.what, error.fix)
        case ClusterUnreachable():
            return Finding(
                Level.ERROR,
                "cluster-unreachable",
                f"The cluster did not answer: {error.what}",
                "Check the cluster and its address, then plan again.",
            )
        case ClusterForbids():
            return Finding(
                Level.ERROR,
                "cluster-forbids",
                f"The cluster refused to be read: {error.what}",
                "Give the planning identity this right, then plan again.",
            )
