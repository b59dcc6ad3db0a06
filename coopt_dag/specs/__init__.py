"""YAML folders become the model; every complaint has a path and a line.

Floor: ground. Doors: `workspace.find_workspace`, `challenge.load_challenge`, `load_solution` and
`list_challenges`, `lint.lint`, `tree.tree_sha256`, `dump.to_yaml`, `export` for JSON Schemas.
"""
