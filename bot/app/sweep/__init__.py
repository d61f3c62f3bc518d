"""Find what GitLab never delivered."""
