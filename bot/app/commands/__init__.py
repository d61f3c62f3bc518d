"""What each command of the thread does: one file a command, one line in `app/command.py`'s table."""
