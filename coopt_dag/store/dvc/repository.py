"""A DVC repository as this project uses it: its ipfs:// remote, pushing, a revision's root."""

from __future__ import annotations

import re
import sys
from contextlib import closing, contextmanager, redirect_stdout
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from coopt_dag.errors import (
    ContentMissingError,
    CooptError,
    IntegrityError,
    UnknownNameError,
    UsageError,
)
from coopt_dag.store.cid import CID
from coopt_dag.store.dvc import WORKSPACE
from coopt_dag.store.dvc.listing import check_md5
from coopt_dag.store.dvc.place import home_of
from coopt_dag.store.dvc.refused import RefusedError
from coopt_dag.store.dvc.revision import Revision, build, lacking, wanted_by
from coopt_dag.store.heads import check_name
from coopt_dag.store.pins import as_v1
from coopt_dag.store.volume import Volume

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from coopt_dag.store.protocol import Home


@dataclass(frozen=True, slots=True)
class Remote:
    """An ipfs:// remote of a repository."""

    name: str
    url: str
    api: str | None
    store: str | None
    timeout_s: float | None

    def home(self) -> Home:
        """Open the store behind it."""
        return home_of(api=self.api, store=self.store, timeout_s=self.timeout_s)

    def volume(self, home: Home) -> Volume:
        """Give the files that `dvc push` has put there."""
        name, _, below = self.url.removeprefix("ipfs://").strip("/").partition("/")
        if below:
            raise UsageError(
                f"the remote '{self.name}' lies below a root ({self.url}).",
                hint=f"give it a root of its own: dvc remote modify {self.name} url ipfs://{name}",
            )
        return Volume(home, name)


@dataclass(frozen=True, slots=True)
class Repository:
    """A folder with `.dvc`.

    Parameters
    ----------
    root : Path
        Where `.dvc` lies.
    tell : callable
        Hears what was left out or mended.
    """

    root: Path
    tell: Callable[[str], None] = lambda _: None

    def remote(self, name: str | None = None) -> Remote:
        """Give the remote of this name; else the default one; else the only ipfs:// one.

        Raises
        ------
        UnknownNameError
            There is no such remote.
        UsageError
            There is none of ours, or several of which none is the default.
        """
        found = self.remote_or_none(name)
        if found is None:
            raise UsageError(
                "no ipfs:// remote is set up here, or there are several and none is the default.",
                hint="coopt artifacts setup makes one; --remote NAME chooses one",
                path=self.root,
            )
        return found

    def remote_or_none(self, name: str | None = None) -> Remote | None:
        """Give the remote as `remote` does; None where nothing chooses one."""
        with self.opened() as repo:
            remotes = {k: dict(v) for k, v in repo.config["remote"].items()}
            default = repo.config["core"].get("remote")
        ours = [k for k, v in remotes.items() if v["url"].startswith("ipfs://")]
        if name is None:
            name = default if default in ours else ours[0] if len(ours) == 1 else None
        if name is None:
            return None
        if name not in remotes:
            raise UnknownNameError("remote", name, remotes)
        if name not in ours:
            raise UsageError(
                f"the remote '{name}' is {remotes[name]['url']}, not an ipfs:// one.",
                hint="coopt artifacts setup makes one",
            )
        found = remotes[name]
        return Remote(
            name, found["url"], found.get("api"), found.get("store"), found.get("timeout")
        )

    def commit_of(self, revision: str) -> str:
        """Give the full hash of a git revision; the workspace is called just that.

        Raises
        ------
        UnknownNameError
            git knows no such revision, or there is no git here.
        """
        if revision == WORKSPACE:
            return WORKSPACE
        if not revision:
            raise UsageError("REV is empty.", hint="leave it out to mean the files as they are now")
        with self.opened() as repo:
            from dvc.scm import NoSCM, SCMError, resolve_rev
            from scmrepo.exceptions import SCMError as GitError

            if isinstance(repo.scm, NoSCM):
                raise UnknownNameError(
                    "revision", revision, [], hint="this is not under git: leave REV out"
                )
            try:
                return str(resolve_rev(repo.scm, revision))
            except (SCMError, GitError) as error:
                raise UnknownNameError(
                    "revision", revision, [], hint="git log shows which there are; git commit first"
                ) from error

    def track(self, paths: list[Path]) -> None:
        """Do what `dvc add` does."""
        with self.opened() as repo:
            repo.add([str(path) for path in paths])

    def push(self, remote: Remote, revision: str) -> int:
        """Do what `dvc push` does, for one revision; give how many objects were sent.

        A `dvc push` that was killed can leave DVC with a list of what to push that ends early,
        and later ones then send no more than that list. So what is lacking afterwards is put here.
        """
        with self.opened() as repo:
            chosen: dict[str, Any] = {}
            if revision != WORKSPACE:
                chosen = {"revs": [revision], "workspace": False}
            sent = int(repo.push(remote=remote.name, **chosen))
            with _at(repo, revision):
                objects = wanted_by(repo, remote=remote.name, tell=lambda _: None)
        with closing(remote.home()) as home:
            volume = remote.volume(home)
            left = [x for x in lacking(objects, volume) if x.cached.is_file()]
            for wanted in left:
                check_md5(wanted.place, wanted.cached)
            if left:
                volume.add([(x.place, x.cached) for x in left])
        return sent + len(left)

    def give_up_if_damaged(self, remote: Remote) -> None:
        """Begin the remote's root anew if a folder of it cannot be read; what is left is told.

        The content is still in the store: pushing finds it there and links it again.
        """
        with closing(remote.home()) as home:
            volume = remote.volume(home)
            try:
                for _ in volume.tree().files():
                    pass
            except (ContentMissingError, IntegrityError) as error:
                home.move(volume.name, home.heads(volume.name), None)
                self.tell(
                    f"{error} The root '{volume.name}' is begun anew: push other revisions again."
                )

    def revision(
        self, remote: Remote | None, revision: str, *, keep: bool, verify: bool = False
    ) -> Revision:
        """Build the root of a revision's objects.

        Parameters
        ----------
        remote : Remote or None
            Where objects may be that are not in DVC's cache.
        keep : bool
            Put the root, and what it links, into the remote's store and pin it; else only name it.
        verify : bool
            Read what is in the store, and put again what is damaged or missing there.
        """
        with self.opened() as repo, _at(repo, revision):
            objects = wanted_by(repo, remote=remote.name if remote else None, tell=self.tell)
        if remote is None:
            return build(objects, None, CID.of)
        with closing(remote.home()) as home:
            volume = remote.volume(home)
            if not keep:
                return build(objects, volume, CID.of)
            with home.holding():
                with home.batch() as put:
                    made = build(objects, volume, put, verify=verify)
                home.pin(made.root.cid)
        return made

    def is_kept(self, remote: Remote, cid: CID) -> bool:
        """Tell whether a root is in the remote's store to stay: pinned, and so whole."""
        with closing(remote.home()) as home:
            return as_v1(cid) in home.pins()

    @contextmanager
    def opened(self) -> Iterator[Any]:
        """Open it with DVC, whose own failures become ours."""
        from dvc.exceptions import DvcException
        from dvc.repo import Repo

        try:
            with _quiet(), Repo(str(self.root)) as repo:
                yield repo
        except DvcException as error:
            cause: BaseException | None = error
            while cause is not None:
                if isinstance(cause, RefusedError):
                    raise cause.origin from None
                cause = cause.__cause__
            text = re.sub(r"\s+", " ", str(error)).strip()
            hint = "the lines above may say more; then: dvc status, dvc doctor"
            raise CooptError(f"DVC: {text}", hint=hint, path=self.root) from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Let DVC talk to stderr, for stdout holds our results."""
    with redirect_stdout(sys.stderr):
        yield


@contextmanager
def _at(repo: Any, revision: str) -> Iterator[None]:
    """Let the repository be as it was at a revision."""
    if revision == WORKSPACE:
        yield
        return
    for _ in repo.brancher(revs=[revision], workspace=False):
        yield
        return


def set_up(
    root: Path, *, name: str, volume: str, api: str | None, store: Path, under_git: bool = True
) -> list[str]:
    """Make a folder a DVC repository, if it is none, with an ipfs:// remote in config.local.

    Parameters
    ----------
    root : Path
        The folder.
    name, volume : str
        What DVC calls the remote; the name of the root behind it.
    api : str or None
        RPC of a node; without it the blocks go to `store`.
    store : Path
        Folder of a block store; written as an absolute path, for config.local stays here.
    under_git : bool
        False: take no notice of a git repository around the folder.

    Returns
    -------
    list of str
        What was done, a sentence each.
    """
    for word in (name, volume):
        check_name(word)
    said = []
    if not (root / ".dvc").is_dir():
        _make(root, under_git=under_git)
        said.append(f"made {root / '.dvc'}")
    options = {"url": f"ipfs://{volume}"} | ({"store": str(store)} if api is None else {"api": api})
    with Repository(root).opened() as repo, repo.config.edit("local") as local:
        before = repo.config["core"].get("remote")
        local["remote"][name] = options
        local["core"]["remote"] = name
    said.append(f"remote '{name}' is {options['url']} in {api or store} (.dvc/config.local)")
    if before not in {None, name}:
        said.append(f"it is the default now, in place of '{before}' (dvc remote default {before})")
    return said


def _make(root: Path, *, under_git: bool) -> None:
    from dvc.repo import Repo
    from dvc.scm import SCM, SCMError

    git_root = None
    if under_git:
        try:
            git_root = SCM(str(root)).root_dir
        except SCMError:
            git_root = None  # not under git, which is fine
    with _quiet():
        subdir = git_root not in {None, str(root)}
        Repo.init(str(root), no_scm=git_root is None, subdir=subdir).close()
