"""The official vectors of IPIP-499: recipe of each input, expected CID."""

from __future__ import annotations

import hashlib
import io

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms

from coopt_dag.store.cid import CID
from coopt_dag.store.importer import import_file, import_folder
from coopt_dag.store.profile import UNIXFS_V1_2025, Profile

MIB = 1 << 20
_ALPHABET = b"abcdefghijklmnopqrstuvwxyz01234567890-_"  # 39 letters; the '0' is there twice


class ChaCha(io.RawIOBase):
    """The deterministic stream of the specification: ChaCha20 keyed by sha256 of a seed."""

    def __init__(self, size: int, seed: str) -> None:
        key = hashlib.sha256(seed.encode()).digest()
        self._left = size
        self._stream = Cipher(algorithms.ChaCha20(key, bytes(16)), None).encryptor()

    def read(self, size: int = -1, /) -> bytes:
        size = min(size, self._left)
        self._left -= size
        return self._stream.update(bytes(size))


def names(count: int, length: int, last_length: int, seed: str) -> list[bytes]:
    """Names of a large folder: letters chosen by the stream, the last name of its own length."""
    stream = ChaCha(MIB, seed)
    lengths = [length] * (count - 1) + [last_length]
    return [bytes(_ALPHABET[b % 39] for b in stream.read(n)) for n in lengths]


def file_cid(size: int, seed: str, *, profile: Profile = UNIXFS_V1_2025) -> str:
    return str(import_file(ChaCha(size, seed), CID.of, profile=profile).cid)


def folder_cid(entries: list[bytes], *, profile: Profile = UNIXFS_V1_2025) -> str:
    one = import_file(io.BytesIO(b"x"), CID.of, profile=profile)
    return str(import_folder(dict.fromkeys(entries, one), CID.of, profile=profile).cid)


HAMT_SEED = "hamt-unixfs-v1-2025"
GREETING = "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e"
ONE_CHUNK = "bafkreiacndfy443ter6qr2tmbbdhadvxxheowwf75s6zehscklu6ezxmta"
ONE_CHUNK_AND_A_BYTE = "bafybeigmix7t42i6jacydtquhet7srwvgpizfg7gjbq7627d35mjomtu64"
FULL_WIDTH = "bafybeihmf37wcuvtx4hpu7he5zl5qaf2ineo2lqlfrapokkm5zzw7zyhvm"
FULL_WIDTH_AND_A_BYTE = "bafybeibdsi225ugbkmpbdohnxioyab6jsqrmkts3twhpvfnzp77xtzpyhe"
LARGEST_PLAIN_FOLDER = "bafybeic3h7rwruealwxkacabdy45jivq2crwz6bufb5ljwupn36gicplx4"
SMALLEST_HAMT = "bafybeiegvuterwurhdtkikfhbxcldohmxp566vpjdofhzmnhv6o4freidu"
EMPTY_FOLDER = "bafybeiczsscdsbs7ffqz55asqdf3smv6klcw3gofszvwlyarci47bgf354"

V0_CHUNK = 256 << 10
V0_HAMT_SEED = "hamt-unixfs-v0-2015"
V0_GREETING = "Qmf412jQZiuVUtdgnB36FXFX7xg5V6KEbSJ4dpQuhkLyfD"
V0_ONE_CHUNK = "QmWmRj3dFDZdb6ABvbmKhEL6TmPbAfBZ1t5BxsEyJrcZhE"
V0_ONE_CHUNK_AND_A_BYTE = "QmYyLxtzZyW22zpoVAtKANLRHpDjZtNeDjQdJrcQNWoRkJ"
V0_FULL_WIDTH = "QmUbBALi174SnogsUzLpYbD4xPiBSFANF4iztWCsHbMKh2"
V0_FULL_WIDTH_AND_A_BYTE = "QmV81WL765sC8DXsRhE5fJv2rwhS4icHRaf3J9Zk5FdRnW"
V0_LARGEST_PLAIN_FOLDER = "QmX5GtRk3TSSEHtdrykgqm4eqMEn3n2XhfkFAis5fjyZmN"
V0_SMALLEST_HAMT = "QmeMiJzmhpJAUgynAcxTQYek5PPKgdv3qEvFsdV3XpVnvP"
V0_EMPTY_FOLDER = "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn"
V0_EMPTY_FILE = "QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH"  # of every Kubo since 2015
V0_WITH_SYMLINK = "QmWvY6FaqFMS89YAQ9NAPjVP4WZKA1qbHbicc9HeSKQTgt"
"""Kubo 0.18.1 (ipfs/gateway-conformance, symlink.car): foo holds "content\\n", bar leads to foo."""
