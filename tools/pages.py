"""Write the generated pages of docs/, or with `--check` say which ones are stale."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from tools import adr_index, architecture, challenge_pages, cli_page, errors_page

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PAGES: dict[str, Callable[[], str]] = {
    "coopt_dag/cli/help.txt": cli_page.render_help,
    "docs/ARCHITECTURE.md": architecture.render,
    "docs/adr/README.md": adr_index.render,
    "docs/cli.md": cli_page.render,
    "docs/errors.md": errors_page.render,
    **challenge_pages.pages(),
}


def stale() -> list[str]:
    """Name the pages whose committed text is not what the code gives now."""
    found = []
    for name, render in PAGES.items():
        path = architecture.ROOT / name
        if not path.is_file() or path.read_text(encoding="utf-8") != render():
            found.append(name)
    return found


def main(argv: Sequence[str] | None = None) -> int:
    """Write all pages; with `--check` write nothing and fail when one is stale."""
    parser = argparse.ArgumentParser(prog="python -m tools.pages", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when stale")
    if not parser.parse_args(argv).check:
        for name, render in PAGES.items():
            path = architecture.ROOT / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(render(), encoding="utf-8")
        return 0
    names = stale()
    for name in names:
        print(f"{name}: stale: the code says something else now.", file=sys.stderr)
    if names:
        print("hint: run 'make docs' and commit the result.", file=sys.stderr)
    return 1 if names else 0


if __name__ == "__main__":
    sys.exit(main())
