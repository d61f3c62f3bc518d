"""Deploy a merged merge request, by a job of the project or by a process of ours, and follow it."""
