"""The gate: facts about a merge to whether it deploys, with the rules that targets configure."""
