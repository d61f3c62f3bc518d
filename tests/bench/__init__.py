"""Figures of this machine, from one run: `make bench`."""
