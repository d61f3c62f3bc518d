"""Access reviews: everyone with the token may do everything, but for what a test takes away."""

from typing import Any

Object = dict[str, Any]


class Rights:
    """What the only user may not do: (verb, `deployments.apps`). Only reviews tell; requests are served."""

    def __init__(self) -> None:
        self.denied: set[tuple[str, str]] = set()

    def answered(self, review: Object) -> Object:
        """The review with its status; what is no review of access comes back as it is."""
        match review.get("kind"):
            case "SelfSubjectAccessReview" | "SubjectAccessReview" | "LocalSubjectAccessReview":
                return review | {"status": {"allowed": self._allows(review)}}
            case "SelfSubjectRulesReview":
                everything = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}
                rules = {"resourceRules": [everything], "nonResourceRules": [], "incomplete": False}
                return review | {"status": rules}
            case _:
                return review

    def _allows(self, review: Object) -> bool:
        asked = (review.get("spec") or {}).get("resourceAttributes") or {}
        verb, group = asked.get("verb", ""), asked.get("group", "")
        if (verb, asked.get("resource")) == ("*", "*"):
            return not self.denied
        name = f"{asked.get('resource', '')}.{group}" if group else asked.get("resource", "")
        return (verb, name) not in self.denied
