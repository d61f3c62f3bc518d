"""Kills the service on purpose."""
