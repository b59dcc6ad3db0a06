"""A store that reads what others left and never writes there; what is made here goes elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coopt_dag.errors import ContentMissingError, IntegrityError, UsageError
from coopt_dag.store.car import read_car
from coopt_dag.store.layout import Layout
from coopt_dag.store.local import LocalStore
from coopt_dag.store.protocol import check_hash

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from coopt_dag.store.cid import CID, Codec
    from coopt_dag.store.protocol import Put


class Blocks:
    """Blocks of one's own, in a scratch folder, above those that others left.

    A block that does not match its CID is passed over only if another source has it whole.

    Parameters
    ----------
    own : LocalStore
        Where everything is put.
    sources
        Each gives the bytes of a block, or raises as `Store.get` does.
    """

    def __init__(self, own: LocalStore, sources: Sequence[Callable[[CID], bytes]]) -> None:
        self._own = own
        self._sources = tuple(sources)

    def get(self, cid: CID) -> bytes:
        """Give the bytes, verified.

        Raises
        ------
        IntegrityError
            Somebody has something else under this CID, and nobody the right thing.
        ContentMissingError
            Nobody has it.
        """
        damage: IntegrityError | None = None
        absence: ContentMissingError | None = None
        for read in (self._own.get, *self._sources):
            try:
                return read(cid)
            except IntegrityError as error:
                damage = damage or error
            except ContentMissingError as error:
                absence = error
        if damage is not None:
            raise damage
        assert absence is not None  # noqa: S101  # the own store has said so
        raise absence

    def has(self, cid: CID) -> bool:
        """Tell whether it can be had whole."""
        try:
            self.get(cid)
        except (ContentMissingError, IntegrityError):
            return False
        return True

    def put(self, block: bytes, codec: Codec) -> CID:
        """Keep a block of one's own."""
        return self._own.put(block, codec)

    def batch(self) -> AbstractContextManager[Put]:
        """Keep many blocks of one's own."""
        return self._own.batch()

    def holding(self) -> AbstractContextManager[None]:
        """Nothing is collected in a scratch folder."""
        return self._own.holding()

    def pin(self, cid: CID) -> None:
        """Keep what was put; a scratch folder keeps everything, so nothing needs doing."""

    def unpin(self, cid: CID) -> None:
        """Nothing was pinned."""

    def pins(self) -> frozenset[CID]:
        """Give no root: nothing is ever collected here."""
        return frozenset()


def folder_reader(root: Path) -> Callable[[CID], bytes]:
    """Give a function that reads blocks of a store's folder, and writes nothing into it.

    Raises
    ------
    UsageError
        It is another folder: a workspace's `store/` holds results of nodes, and no blocks.
    """
    if not (root / "blocks").is_dir():
        raise UsageError(
            "is no store of blocks",
            path=root,
            hint="a workspace's is .coopt/content-store; its store/ is another one",
        )
    layout = Layout(root / "blocks")

    def read(cid: CID) -> bytes:
        path = layout.file(layout.key(cid))
        try:
            with open(path, "rb") as file:  # noqa: PTH123  # the layout gives text
                block = file.read()
        except FileNotFoundError:
            raise ContentMissingError(f"{cid} is not in the store", path=root) from None
        check_hash(cid, block, place=path)
        return block

    return read


def car_reader(own: LocalStore, car: Path) -> Callable[[CID], bytes]:
    """Take the blocks of a CAR into the own store; give a function that tells of damaged ones.

    Raises
    ------
    ContentRefusedError
        It is no CAR, or cut short.
    """
    damaged: set[bytes] = set()
    with car.open("rb") as stream, own.batch() as put:
        for cid, block in read_car(stream).frames():
            if put(block, cid.codec).digest != cid.digest:
                damaged.add(cid.digest)

    def read(cid: CID) -> bytes:
        if cid.digest in damaged:
            raise IntegrityError(
                f"the bytes given for {cid} are not its own", path=car, hint="get another copy"
            )
        raise ContentMissingError(f"{cid} is not in the CAR", path=car)

    return read
