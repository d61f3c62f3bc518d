"""The look-alike GitLab and the simulated cluster."""
