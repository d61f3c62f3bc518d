"""Logging: named facts with keys, one pipeline for ours and the libraries', scrubbed last.

Set up once by `configure`; everywhere else `log = structlog.get_logger()` and `log.info("plan.commented", releases=3)`.
"""
