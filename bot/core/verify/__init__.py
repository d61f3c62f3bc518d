"""Whether a cluster took a deploy: rollouts, pods, probes, and how that is said."""
