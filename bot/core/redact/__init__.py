"""Masking: which values are secrets, by their keys and by their looks."""
