"""Pipelines."""

from __future__ import annotations

from bot.demo.gitlab.state import MergeRequest, Project, User
from bot.demo.gitlab.world import World


async def for_push(world: World, project: Project, branch: str, old: str, new: str, by: User) -> None:
    return None


async def for_merge_request(world: World, mr: MergeRequest, by: User) -> None:
    return None
