"""What git's error output means. Git has no codes: the words are of git 2.30 to 2.50, in the C locale."""

import re

from bot.core.errors import AuthorError, ForgeRefused, PurserError, TransientError

_LAG = re.compile(r"couldn't find remote ref|not our ref|unadvertised object|no such remote ref", re.I)
_DENIED = re.compile(
    r"authentication failed|error: 40[13]\b|could not read (username|password)|HTTP 40[13]\b", re.I
)
_MISSING = re.compile(r"repository '.*' not found|error: 404\b|HTTP 404\b", re.I)
_NETWORK = re.compile(
    r"unable to access|rpc failed|early eof|unexpected disconnect|hung up|expected flush|bad line length"
    r"|connection (was )?(reset|refused|timed out)|HTTP (429|5\d\d)\b|not valid: is this a git repository",
    re.I,
)
_SECRET = re.compile(r"(authorization:\s*\S+\s+)\S+|(//)[^/@\s]+@|\bgl[a-z]{2,8}-[\w.-]{8,}", re.I)


def is_lag(said: str) -> bool:
    """Whether the server does not have what we asked for (yet)."""
    return _LAG.search(said) is not None


def fetch_error(said: str, what: str) -> PurserError | None:
    """The error of a failed fetch of `what`; None where the words point to our copy, not to the server."""
    if is_lag(said):
        return TransientError(f"GitLab does not have {what} yet.")
    if _DENIED.search(said):
        text = f"GitLab refuses to let us fetch {what}: the token needs `read_repository` or `api`."
        return ForgeRefused(text, status=403, code="forbidden")
    if _MISSING.search(said):
        return ForgeRefused(f"GitLab has no repository to fetch {what} from.", status=404, code="not-found")
    if _NETWORK.search(said):
        return TransientError(f"Git could not fetch {what}: {last_words(said)}")
    return None


def too_large(what: str, limit: str) -> AuthorError:
    """The repository is more than we are ready to hold."""
    return AuthorError(
        f"{what} is larger than {limit}.",
        fix="Take large files out of the repository, or keep them in Git LFS.",
        code="too-large",
    )


def last_words(said: str) -> str:
    """The last line that says something, without credentials."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    fatal = [line for line in lines if line.startswith(("fatal:", "error:"))]
    return _SECRET.sub(r"\1\2…", (fatal or lines or ["git said nothing"])[0])[:300]
