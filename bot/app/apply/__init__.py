"""Apply a sealed plan to a cluster, release by release."""
