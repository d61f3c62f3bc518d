"""The database of our own tables: deliveries, plans, deployments, the trail."""
