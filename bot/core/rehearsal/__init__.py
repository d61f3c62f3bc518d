"""What a Helm operation would do to a cluster, found out by questions, step by step as Helm does it."""
