"""Plan a merge request: gather, render, rehearse, and say it in its thread."""
