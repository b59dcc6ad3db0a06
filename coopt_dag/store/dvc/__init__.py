"""`ipfs://` as a remote of unmodified DVC, and one CID for each revision's objects.

DVC finds it through `coopt_dag_dvc.pth`, which every installation of ours brings.
"""

WORKSPACE = "workspace"
"""What the state of the files now is called where a revision is asked for."""
