"""Use cases: each reads as a sentence (look, decide, act) over the ports."""
