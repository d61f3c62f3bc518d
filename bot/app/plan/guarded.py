"""Render with `lookup` so that nothing of the Secrets that it read is shown, whatever a template does."""

import secrets
from dataclasses import replace

from bot.app.plan.lookup import ReleaseLookup
from bot.app.ports import Renderer
from bot.core.decoy import Revealed, revealed
from bot.core.errors import AuthorError
from bot.core.lookup import refused
from bot.core.manifest import ref
from bot.core.model import Manifest
from bot.core.release import Rendered, RenderJob

_MOST_PLACES_NAMED = 5


async def render(renderer: Renderer, job: RenderJob, lookup: ReleaseLookup) -> Rendered:
    """The rendering. Helm's words about a failure are kept back where they depend on what a Secret holds."""
    try:
        return await renderer.render(job, lookup)
    except AuthorError as error:
        if error.code == "render-limit" or not lookup.has_secrets:
            raise
        if await _says_the_same(renderer, job, lookup, error):
            raise
    raise AuthorError(
        "The chart fails to render after `lookup` has read a Secret, and Helm's words about it depend on "
        "what that holds, so they are not shown.",
        fix="Try the chart with `helm template --dry-run=server` where the Secret may be seen.",
        code="render-failed",
    )


async def guard(renderer: Renderer, job: RenderJob, lookup: ReleaseLookup, rendered: Rendered) -> Rendered:
    """The rendering as it may be shown: with findings about `lookup`; `lookup.texts` is then to be masked.

    Raises AuthorError (`lookup-reveals`) where it holds something of a Secret that no mask covers.
    """
    if not lookup.asked:
        return rendered
    if not lookup.has_secrets:
        return await _with_findings(rendered, lookup, lookup)
    for other in (lookup.decoyed(secrets.token_bytes(16)), lookup.without_secrets()):
        try:
            compared = await renderer.render(replace(job, stands=""), other)
        except AuthorError:
            continue  # a certificate, say, has no decoy that can be read; none at all is what an install sees
        found = revealed(rendered, compared)
        if found.bare:
            raise _reveals(found)
        lookup.texts |= found.texts
        said = tuple(one for one in rendered.findings if one in compared.findings)
        return await _with_findings(replace(rendered, findings=said), lookup, other)
    raise _reveals(Revealed(bare=["something that cannot be told: it renders with no other Secret"]))


async def _says_the_same(
    renderer: Renderer, job: RenderJob, lookup: ReleaseLookup, error: AuthorError
) -> bool:
    for other in (lookup.decoyed(secrets.token_bytes(16)), lookup.without_secrets()):
        try:
            await renderer.render(replace(job, stands=""), other)
        except AuthorError as again:
            if (again.what, again.where, again.fix) == (error.what, error.where, error.fix):
                return True
    return False


async def _with_findings(rendered: Rendered, lookup: ReleaseLookup, other: ReleaseLookup) -> Rendered:
    """Questions that only one of the two asked were made from a Secret: their words are not shown."""
    scopes, namespace = await lookup.world.scopes(), lookup.world.desired.namespace

    def identity(manifest: Manifest) -> tuple[str, str, str, str]:
        return ref(manifest, namespace, lambda version, kind: scopes.get((version, kind))).identity

    # Whether the release may have an object that it renders itself is asked where it is adopted.
    own = {identity(one) for one in (*rendered.objects, *(hook.manifest for hook in rendered.hooks))}
    asked = {one for one in lookup.refused if one.identity not in own}
    both = asked & other.refused
    found = refused(both, len(asked - both), lookup.world.policy)
    return replace(rendered, findings=(*rendered.findings, *found))


def _reveals(found: Revealed) -> AuthorError:
    named = found.bare[:_MOST_PLACES_NAMED]
    more = len(found.bare) - len(named)
    places = "; ".join(named) + (f"; and {more} more" if more else "")
    return AuthorError(
        f"What `lookup` read from a Secret decides what stands where no mask covers it: {places}. So this "
        "release is not shown.",
        fix="Let the contents of Secrets go into Secrets only, whole, and refer to them (secretKeyRef).",
        code="lookup-reveals",
    )
