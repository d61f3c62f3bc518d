"""What a deployment is told, leaves and says: its rules, its report by release, its sentences."""
