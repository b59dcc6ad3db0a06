"""The contracts' hashes in Python: keys, commitments, leaves, and the Merkle tree of payments."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coopt_dag.ledger.actions import Opening

_WORD = 32


def keccak(data: bytes) -> bytes:
    """Give Ethereum's hash of bytes.

    >>> keccak(b"").hex()[:16]
    'c5d2460186f7233c'
    """
    # eth_hash takes 50 ms to import, and readers of the ledger hash nothing.
    from eth_hash.auto import keccak as digest

    return digest(data)


def challenge_key(challenge: str) -> bytes:
    """Give the key under which a challenge's events are indexed.

    >>> challenge_key("toy").hex()[:8]
    '67f1353b'
    """
    return keccak(challenge.encode())


def step_key(challenge: str, step: str) -> bytes:
    """Give the key under which a step's events are indexed.

    >>> step_key("toy", "fit").hex()[:8]
    '92c49da9'
    """
    return keccak(challenge_key(challenge) + keccak(step.encode()))


def commitment_of(
    place: tuple[str, str], contributor: str, solution_cid: str, parents: Sequence[int], salt: str
) -> str:
    """Give what a contributor commits to, 64 hex digits.

    Parameters
    ----------
    place
        Challenge and step.
    salt : str
        64 hex digits that nobody can guess.
    """
    words = [
        step_key(*place),
        _address(contributor),
        keccak(solution_cid.encode()),
        keccak(b"".join(_uint(p) for p in parents)),
        bytes.fromhex(salt),
    ]
    return keccak(b"".join(words)).hex()


def opening_hash(submission_id: int, opening: Opening) -> str:
    """Give what an evaluator commits to, 64 hex digits."""
    words = [
        _uint(submission_id),
        _address(opening.evaluator),
        _int(opening.score_wad),
        _int(opening.e2e_score_wad),
        keccak(opening.reason.encode()),
        keccak(opening.report_cid.encode()),
        bytes.fromhex(opening.salt),
    ]
    return keccak(b"".join(words)).hex()


def chain_word(base: str, links: Sequence[tuple[str, str]]) -> str:
    """Chain evaluators' commitments, (evaluator, commitment) each, onto a word."""
    word = bytes.fromhex(base)
    for evaluator, commitment in links:
        word = keccak(word + _address(evaluator) + bytes.fromhex(commitment))
    return word.hex()


def leaf_of(  # the contract's function
    challenge: str, epoch: int, index: int, *, bounty_id: int, account: str, amount: int
) -> str:
    """Give the leaf of one payment, hashed twice, 64 hex digits."""
    words = [
        challenge_key(challenge),
        *(_uint(n) for n in (epoch, index, bounty_id)),
        _address(account),
        _uint(amount),
    ]
    return keccak(keccak(b"".join(words))).hex()


class MerkleTree:
    """A tree whose inner nodes hash their children in rising order, so that proofs need no sides.

    Parameters
    ----------
    leaves
        At least one, 64 hex digits each. A node without a neighbour moves up as it is.

    Examples
    --------
    >>> tree = MerkleTree(["11" * 32, "22" * 32, "33" * 32])
    >>> [len(tree.proof(i)) for i in range(3)]
    [2, 2, 1]
    >>> MerkleTree.root_of("33" * 32, tree.proof(2)) == tree.root
    True
    """

    def __init__(self, leaves: Sequence[str]) -> None:
        if not leaves:
            raise ValueError("a tree needs a leaf")
        self._levels = [[bytes.fromhex(leaf) for leaf in leaves]]
        while len(self._levels[-1]) > 1:
            level = self._levels[-1]
            above = [_pair(a, b) for a, b in zip(level[::2], level[1::2], strict=False)]
            self._levels.append(above + (level[-1:] if len(level) % 2 else []))

    @property
    def root(self) -> str:
        """Give the root, 64 hex digits."""
        return self._levels[-1][0].hex()

    def proof(self, index: int) -> tuple[str, ...]:
        """Give the neighbours on a leaf's way up."""
        found = []
        for level in self._levels[:-1]:
            if index ^ 1 < len(level):
                found.append(level[index ^ 1].hex())
            index //= 2
        return tuple(found)

    @staticmethod
    def root_of(leaf: str, proof: Sequence[str]) -> str:
        """Give the root that a leaf and its proof lead to."""
        node = bytes.fromhex(leaf)
        for other in proof:
            node = _pair(node, bytes.fromhex(other))
        return node.hex()


def _pair(a: bytes, b: bytes) -> bytes:
    return keccak(a + b if a < b else b + a)


def _uint(value: int) -> bytes:
    return value.to_bytes(_WORD, "big")


def _int(value: int) -> bytes:
    return value.to_bytes(_WORD, "big", signed=True)


def _address(value: str) -> bytes:
    return bytes.fromhex(value.removeprefix("0x")).rjust(_WORD, b"\0")
