"""Files of a commit, fetched with git."""
