"""Helm as renderer and deployer, by its command or its library, sealed while it renders."""
