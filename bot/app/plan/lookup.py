"""Answer a chart's `lookup` from the cluster, as far as the target's policy goes."""

from collections.abc import Callable, Mapping

from bot.app.ports import Cluster
from bot.core.decoy import decoy
from bot.core.errors import AuthorError, ClusterForbids, ClusterUnreachable
from bot.core.lookup import Belongings, always_shown, belongings
from bot.core.model import DesiredRelease, LookupPolicy, Manifest, ObjectRef
from bot.core.question import Answer, Found, FoundAll, ListOf, Read
from bot.core.redact.masking import Masker
from bot.core.release import LiveRelease


class World:
    """What one release is told, the same for all its renderings. Nothing is asked of the cluster twice."""

    def __init__(
        self, policy: LookupPolicy, cluster: Cluster, desired: DesiredRelease, live: LiveRelease | None
    ) -> None:
        self.policy = policy
        self.desired = desired
        self.secrets: dict[ObjectRef, Manifest] = {}
        """Secrets that a template was told."""
        self._cluster = cluster
        self._live = live
        self._own: Belongings | None = None
        self._objects: dict[ObjectRef, Manifest | None] = {}
        self._lists: dict[ObjectRef, list[Manifest]] = {}
        self._refused: set[ObjectRef] = set()

    async def scopes(self) -> Mapping[tuple[str, str], bool]:
        """(apiVersion, kind) -> whether it lives in namespaces."""
        return await self._cluster.scopes()

    async def get(self, one: ObjectRef) -> tuple[Manifest | None, bool]:
        """The object, and whether the policy let it be asked for at all."""
        if one not in self._objects:
            self._objects[one] = await self._look(one)
        return self._objects[one], one not in self._refused

    async def every(self, of: ObjectRef) -> tuple[list[Manifest], bool]:
        """The objects of this kind (`of` has no name), and whether these are all that there may be."""
        if of not in self._lists:
            if self.policy == "all" or (self.policy == "own" and always_shown(of)):
                answer = await self._ask(ListOf(of.api_version, of.kind, of.namespace))
                self._lists[of] = list(answer.manifests) if isinstance(answer, FoundAll) else []
            else:
                self._refused.add(of)
                self._lists[of] = await self._own_of(of)
        return self._lists[of], of not in self._refused

    async def _look(self, one: ObjectRef) -> Manifest | None:
        if self.policy == "all" or (self.policy == "own" and always_shown(one)):
            return await self._read(one)
        own = await self._belongings()
        if self.policy == "own" and own.may_hold(one):
            try:
                live = await self._read(one)
            except AuthorError:
                if not own.installs:
                    raise
                live = {}  # not ours to read, so not ours
            if live is None or own.holds(one, live):
                return live
        self._refused.add(one)
        return None

    async def _own_of(self, of: ObjectRef) -> list[Manifest]:
        if self.policy == "never":
            return []
        refs = (await self._belongings()).of_kind(of.api_version, of.kind, of.namespace)
        found = [(await self.get(one))[0] for one in refs]
        return [live for live in found if live is not None]

    async def _belongings(self) -> Belongings:
        if self._own is None:
            self._own = belongings(self.desired, self._live, await self.scopes())
        return self._own

    async def _read(self, one: ObjectRef) -> Manifest | None:
        answer = await self._ask(Read(one))
        return answer.manifest if isinstance(answer, Found) else None

    async def _ask(self, question: Read | ListOf) -> Answer:
        try:
            (answer,) = await self._cluster.ask([question])
        except ClusterUnreachable as error:
            # The namespace in its words may come out of a Secret; the kind is one that is served.
            kind = question.ref.kind if isinstance(question, Read) else question.kind
            raise ClusterUnreachable(f"The API server did not answer a lookup of kind {kind}.") from error
        except ClusterForbids as error:
            raise AuthorError(
                f"The chart asks the cluster by `lookup`, and the planning identity may not: {error.what}",
                fix="Give it this right, or set `lookup: never` for this target.",
                code="lookup-forbidden",
            ) from error
        return answer


class ReleaseLookup:
    """The port Lookup for one release. `secret` is what a template gets in place of a Secret."""

    def __init__(self, world: World, secret: Callable[[Manifest], Manifest | None] | None = None) -> None:
        self._world = world
        self._secret = secret
        self.refused: set[ObjectRef] = set()
        """Questions that were answered as if nothing (a list: nothing but the release's own) were there."""
        self.texts: set[str] = set()
        """Texts of the rendering that come out of Secrets."""
        self.asked = False

    @property
    def world(self) -> World:
        """What is behind it."""
        return self._world

    @property
    def has_secrets(self) -> bool:
        """Whether a template was told a Secret."""
        return bool(self._world.secrets)

    def decoyed(self, salt: bytes) -> "ReleaseLookup":
        """The same with other contents in every Secret."""
        return ReleaseLookup(self._world, lambda secret: decoy(secret, salt))

    def without_secrets(self) -> "ReleaseLookup":
        """The same with no Secret anywhere."""
        return ReleaseLookup(self._world, lambda secret: None)

    def teach(self, masker: Masker) -> None:
        """All that is to be masked wherever it turns up."""
        for secret in self._world.secrets.values():
            masker.learn(secret)
        for text in self.texts:
            masker.remember(text)

    async def kinds(self, api_version: str) -> Mapping[str, bool] | None:
        """As the port says."""
        self.asked = True
        scopes = await self._world.scopes()
        found = {kind: scope for (version, kind), scope in scopes.items() if version == api_version}
        return found or None

    async def get(self, api_version: str, kind: str, namespace: str, name: str) -> Manifest | None:
        """As the port says."""
        one = ObjectRef(api_version, kind, namespace, name)
        found, allowed = await self._world.get(one)
        if not allowed:
            self.refused.add(one)
        return None if found is None else self._told(one, found)

    async def list(self, api_version: str, kind: str, namespace: str) -> list[Manifest]:
        """As the port says."""
        of = ObjectRef(api_version, kind, namespace, "")
        found, allowed = await self._world.every(of)
        if not allowed:
            self.refused.add(of)
        told = [self._told(_named(of, one), one) for one in found]
        return [one for one in told if one is not None]

    def _told(self, one: ObjectRef, found: Manifest) -> Manifest | None:
        if one.kind != "Secret" or one.group:
            return found
        if self._secret is not None:
            return self._secret(found)
        self._world.secrets[one] = found
        return found


def _named(of: ObjectRef, manifest: Manifest) -> ObjectRef:
    metadata = manifest.get("metadata") or {}
    space, name = str(metadata.get("namespace") or ""), str(metadata.get("name") or "")
    return ObjectRef(of.api_version, of.kind, space, name)
