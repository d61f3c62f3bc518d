"""GitLab as the service uses it: its API and its repositories, with one token behind one fence."""

from collections.abc import Callable
from contextlib import AsyncExitStack

from bot.adapters.checkout import DirectoryCheckout
from bot.adapters.engine.place import Fence
from bot.adapters.git.repositories import GitRepositories
from bot.adapters.gitlab.client import Patience, open_client
from bot.adapters.gitlab.forge import GitLabForge
from bot.adapters.gitlab.merges import GitLabMerges
from bot.adapters.gitlab.revert import GitLabReverts
from bot.app.ports import Forge, Repositories
from bot.app.ports.reverting import Reverts
from bot.app.ports.sweeping import Merges
from bot.app.timing import TimedRepositories
from bot.config import Config
from bot.config.models import Gitlab
from bot.core.redact.masking import Masker
from bot.entry.metrics import Metrics


async def gitlab(
    config: Config, stack: AsyncExitStack, metrics: Metrics, fence: Fence, masker: Callable[[], Masker]
) -> tuple[Forge, Repositories, Merges, Reverts]:
    """Until the stack ends. While the fence is closed, each request raises PlaceLost before it is made."""

    def token() -> str:
        fence.check()  # who has lost its place at the database says nothing to GitLab
        return config.gitlab.token.get_secret_value()

    ca_file = str(config.gitlab.ca_file) if config.gitlab.ca_file else None
    client = await stack.enter_async_context(
        open_client(
            config.gitlab.url,
            token,
            mask=lambda text: masker().text(text),
            ca_file=ca_file,
            patience=_patience(config.gitlab),
            concurrency=config.gitlab.concurrency,
            observe=metrics.gitlab,
        )
    )
    cache = str(config.data_dir / "repositories")
    git = GitRepositories(config.gitlab.url, token, cache, DirectoryCheckout, ca_file=ca_file)
    repositories = TimedRepositories(git, metrics.phases)
    return GitLabForge(client), repositories, GitLabMerges(client), GitLabReverts(client)


def _patience(gitlab: Gitlab) -> Patience:
    first = gitlab.retry_wait
    return Patience(
        total=gitlab.timeout,
        budget=gitlab.patience,
        first_wait=first,
        longest_wait=40 * first,
        jitter=min(0.5, 2.5 * first),
    )
