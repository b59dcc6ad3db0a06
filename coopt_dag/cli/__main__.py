"""`python -m coopt_dag.cli` is `coopt`."""

from coopt_dag.cli import main

main()
