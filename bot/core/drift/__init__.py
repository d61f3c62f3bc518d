"""What a cluster has that nobody deployed."""
