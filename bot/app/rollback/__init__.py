"""Go back to an earlier revision: a preview, a code, and the same deploy."""
