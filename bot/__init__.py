"""Purser: the bot that keeps the papers of a Kubernetes cluster."""

__version__ = "0.1.0"
