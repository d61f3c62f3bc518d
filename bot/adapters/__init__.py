"""One outside world each; they decide nothing and do not know each other."""
