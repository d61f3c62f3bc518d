"""API: pipelines and jobs."""

from __future__ import annotations

from bot.demo.gitlab.call import Routes

api = Routes()
