"""Decisions without effects: values in, values out. No I/O, no clock, no network, no logging."""
