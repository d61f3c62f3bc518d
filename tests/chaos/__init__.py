"""Randomised runs with kills, faults and lost hooks: what must be true afterwards, whatever happened."""
