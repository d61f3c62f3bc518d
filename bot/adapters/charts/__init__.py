"""Charts of directories, repositories and registries, in one store on this disk."""
