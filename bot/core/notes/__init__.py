"""What people read in GitLab: notes and issues as Markdown, and the marks by which they are found again."""
