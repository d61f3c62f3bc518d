"""The durable queue, and a process's place among others that share it."""
