"""Several processes at one database."""
