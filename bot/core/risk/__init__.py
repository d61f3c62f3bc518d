"""What a reviewer must not overlook in a plan, ranked."""
