"""Who is calling: tokens in the places where GitLab accepts them, and what each lets its bearer do."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

from aiohttp import web

from bot.demo.gitlab.errors import dead_token, forbidden, insufficient_scope, unauthorized
from bot.demo.gitlab.state import Token, User
from bot.demo.gitlab.world import World


@dataclass(frozen=True, slots=True)
class Caller:
    """Who a valid token stands for."""

    user: User
    token: Token

    @property
    def is_job(self) -> bool:
        return self.token.job is not None


def api_caller(world: World, request: web.Request) -> Caller | None:
    """The caller of an API request, None for an anonymous one. Refuses what is presented and not valid."""
    value = request.headers.get("PRIVATE-TOKEN") or request.query.get("private_token")
    authorization = request.headers.get("Authorization", "")
    if value is None and authorization.lower().startswith("bearer "):
        value = authorization[7:].strip()
    job_token = request.headers.get("JOB-TOKEN") or request.query.get("job_token")
    if value is None and job_token is None:
        return None
    token = world.tokens.get(value if value is not None else job_token or "")
    if token is None or (token.job is not None) != (value is None):
        raise unauthorized()
    return _live(world, token)


def _live(world: World, token: Token) -> Caller:
    if token.revoked:
        raise dead_token("Token was revoked. You have to re-authorize from the user.")
    if token.expires is not None and world.now().date() >= token.expires:
        raise dead_token("Token is expired. You can either do re-authorization or token refresh.")
    if token.job is not None and token.job.status != "running":
        raise unauthorized()
    if token.user.state != "active":
        raise forbidden("Your account has been blocked.")
    return Caller(token.user, token)


def check_scope(caller: Caller, method: str) -> None:
    """Reading needs `read_api` or `api`, writing needs `api`."""
    if caller.is_job or "api" in caller.token.scopes:
        return
    if method in ("GET", "HEAD") and "read_api" in caller.token.scopes:
        return
    raise insufficient_scope("api read_api" if method in ("GET", "HEAD") else "api")


def git_caller(world: World, request: web.Request) -> Caller | None:
    """The caller of a git request: basic auth with the token as password, or an API header."""
    scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return api_caller(world, request)
    try:
        name, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    token = world.tokens.get(password)
    if token is None or (token.job is not None and name != "gitlab-ci-token"):
        return None
    return _live(world, token)


def git_scope_allows(caller: Caller, write: bool) -> bool:
    """Whether the token's scopes open git; a job's token only reads."""
    if caller.is_job:
        return not write
    return bool(caller.token.scopes & ({"api", "write_repository"} if write else {"api", "read_repository"}))
