"""What a process takes from itself before it meets foreign text, and directories that end with it."""
