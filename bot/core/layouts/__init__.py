"""Files of a checkout to desired releases, one file per layout."""
