"""Hours of a company's work in minutes, and whether what the bot holds grows: `python -m tests.soak`."""
