"""GitLab's REST API: merge requests, threads, pipelines, deployments, settings."""
