"""Access reviews: everyone with the token may do everything."""

from typing import Any

Object = dict[str, Any]


def answered(review: Object) -> Object:
    """The review with its status; what is no review of access comes back as it is."""
    match review.get("kind"):
        case "SelfSubjectAccessReview" | "SubjectAccessReview" | "LocalSubjectAccessReview":
            return review | {"status": {"allowed": True}}
        case "SelfSubjectRulesReview":
            everything = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}
            rules = {"resourceRules": [everything], "nonResourceRules": [], "incomplete": False}
            return review | {"status": rules}
        case _:
            return review
