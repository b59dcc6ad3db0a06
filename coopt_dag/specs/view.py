"""How a path is shown to the person who reads a complaint."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

WORKSPACE_FILE = "coopt.toml"


@dataclass(frozen=True, slots=True)
class View:
    """Shows paths relative to the current folder, else to the workspace, else whole."""

    here: Path
    root: Path | None = None

    def show(self, path: Path) -> str:
        """Give the shortest honest spelling of `path`.

        >>> View(Path("/home/me"), Path("/srv/lab")).show(Path("/srv/lab/steps/a"))
        'steps/a'
        """
        for base in (self.here, self.root):
            if base is not None and path.is_relative_to(base):
                return path.relative_to(base).as_posix()
        return path.as_posix()


def workspace_root(start: Path) -> Path | None:
    """Give the nearest folder at or above `start` that holds `coopt.toml`, if any."""
    start = start.resolve()
    for folder in (start, *start.parents):
        if (folder / WORKSPACE_FILE).is_file():
            return folder
    return None


def view_from(path: Path) -> View:
    """Give the view of someone in the current folder who asks about `path`."""
    return View(Path.cwd().resolve(), workspace_root(path))
