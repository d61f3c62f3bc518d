"""A simulated Kubernetes API server, for the demo and for tests where there is no cluster.

Helm installs, upgrades, rolls back and uninstalls on it, and a planner dry-runs against it. It serves the
built-in kinds of Kubernetes 1.36 by their schemas, and those that CustomResourceDefinitions add. It keeps to
the real server's rules for server-side apply and managedFields, patches, dry runs, watches, field validation,
the common defaults and immutable fields.

Not simulated: authorization and admission (whoever has the token may do everything; no quotas, no webhooks,
no policies), pods and replica sets, events, owner references and propagation, graceful deletion, conversion
between versions of a kind (only apiVersion changes), CEL rules, and most of the hand-written validation of
built-in kinds.
"""

from bot.demo.cluster.simulated import SimulatedCluster

__all__ = ["SimulatedCluster"]
