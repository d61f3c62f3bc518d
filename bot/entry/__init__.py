"""Where the world comes in over HTTP: hooks, health, metrics."""
