"""A delivery of GitLab's: whose it is, whether it is genuine, and the work that it names."""
