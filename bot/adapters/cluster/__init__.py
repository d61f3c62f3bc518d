"""API servers of Kubernetes: dry runs, reads, releases, rollouts, rights."""
