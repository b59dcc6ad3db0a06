"""What `coopt init` writes."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from coopt_dag.errors import UsageError

_TOML = """\
schema = "coopt/workspace/1"
name = "{name}"

# [ledger] kind = "embedded" is the default: one file, .coopt/ledger.sqlite.
# For a shared chain: kind = "rpc", url = "http://…", address = "0x…"
"""

_DVC = """\
# One stage a challenge; it calls Snakemake, which shares nodes between runs.
stages:
  challenge:
    foreach: []
    do:
      cmd: snakemake -s workflows/Snakefile --cores 2 --config challenge=${item}
      deps:
        - steps/${item}
        - data/${item}
      outs:
        - results/${item}.json
"""

_IGNORE = """\
.coopt/
.snakemake/
/store/
/results/
__pycache__/
"""

_DVC_IGNORE = """\
.coopt/
.snakemake/
store/
"""


def scaffold(folder: Path, *, name: str) -> list[Path]:
    """Write a workspace; refuse where one is already.

    Raises
    ------
    UsageError
        `folder` holds a coopt.toml.
    """
    if (folder / "coopt.toml").exists():
        raise UsageError(
            "is a workspace already", path=folder / "coopt.toml", hint="coopt lint checks it"
        )
    snakefile = files("coopt_dag.execution").joinpath("Snakefile").read_text(encoding="utf-8")
    texts = {
        "coopt.toml": _TOML.format(name=name.replace('"', "'")),
        "dvc.yaml": _DVC,
        "workflows/Snakefile": snakefile,
        ".gitignore": _IGNORE,
        ".dvcignore": _DVC_IGNORE,
    }
    made = []
    for folder_name in ("steps", "data", "workflows"):
        (folder / folder_name).mkdir(parents=True, exist_ok=True)
    for relative, text in texts.items():
        path = folder / relative
        if not path.exists():
            path.write_text(text, encoding="utf-8")
            made.append(path)
    return made
