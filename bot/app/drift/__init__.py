"""Look for what a cluster has that Git does not say, and keep an issue about it."""
