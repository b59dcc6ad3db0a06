"""CIDs: the self-describing hashes by which IPFS names blocks, parsed without mercy."""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass
from enum import IntEnum

from coopt_dag.errors import ContentRefusedError, UsageError

_SHA2_256 = b"\x12\x20"  # multihash code and digest length, one varint byte each
_IDENTITY = b"\x00"  # multihash code of "the digest is the content"
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_HINT = "a CID looks like bafkrei… or bafybei…, 59 characters (or Qm…, 46 characters)."


class Codec(IntEnum):
    """How the bytes of a block are to be read (multicodec)."""

    RAW = 0x55
    DAG_PB = 0x70


@dataclass(frozen=True, slots=True, order=True)
class CID:
    """The name of a block: version, codec and sha2-256 digest; other hashes are refused.

    Examples
    --------
    >>> str(CID.of(b"hello world", Codec.RAW))
    'bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e'
    """

    version: int
    codec: Codec
    digest: bytes

    @classmethod
    def of(cls, block: bytes, codec: Codec) -> CID:
        """Name a block by its bytes alone, as CIDv1.

        >>> CID.of(b"", Codec.RAW) == CID.of(b"", Codec.RAW)
        True
        """
        return cls(1, codec, hashlib.sha256(block).digest())

    @classmethod
    def parse(cls, text: str) -> CID:
        """Read a CID's one canonical text; anything else is refused.

        Raises
        ------
        UsageError
            Not a CID, a codec other than raw and dag-pb, or a hash other than sha2-256.

        Examples
        --------
        >>> CID.parse("QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn").version
        0
        >>> CID.parse("bafybeiczsscdsbs7ffqz55asqdf3smv6klcw3gofszvwlyarci47bgf354").codec.name
        'DAG_PB'
        """
        if text.startswith(("ipfs://", "/ipfs/")):
            raise UsageError(
                f"'{text[:80]}' is an address, not a CID.", hint="leave the front out."
            )
        try:
            cid = cls.from_bytes(_text_to_bytes(text))
        except (ValueError, ContentRefusedError) as error:
            raise UsageError(f"'{text[:80]}' is no CID: {error}.", hint=_HINT) from error
        if str(cid) != text:  # spare bits set, or v1 bytes in the text of v0
            raise UsageError(f"'{text[:80]}' is not the canonical text of {cid}.", hint=_HINT)
        return cid

    @classmethod
    def from_bytes(cls, data: bytes) -> CID:
        """Read a CID's bytes, as links inside blocks hold them.

        Raises
        ------
        ContentRefusedError
            Anything but a CIDv0, or a CIDv1 of raw or dag-pb, with sha2-256.

        Examples
        --------
        >>> cid = CID.of(b"x", Codec.RAW)
        >>> CID.from_bytes(cid.to_bytes()) == cid
        True
        """
        if len(data) == 34 and data[:2] == _SHA2_256:
            return cls(0, Codec.DAG_PB, data[2:])
        if data[2:3] == _IDENTITY and data[:1] == b"\x01":
            raise ContentRefusedError(
                "an identity CID carries its block in itself, which we do not take",
                hint="its author should add the content again with sha2-256.",
            )
        if len(data) != 36 or data[0] != 1 or data[2:4] != _SHA2_256:
            raise ContentRefusedError(f"{len(data)} bytes are not a sha2-256 CID", hint=_HINT)
        if data[1] not in (Codec.RAW, Codec.DAG_PB):
            raise ContentRefusedError(
                f"codec 0x{data[1]:02x} is neither raw nor dag-pb",
                hint="only files and folders (UnixFS) are stored.",
            )
        return cls(1, Codec(data[1]), data[4:])

    def to_bytes(self) -> bytes:
        """Give the binary form.

        >>> CID.of(b"", Codec.RAW).to_bytes()[:4].hex()
        '01551220'
        """
        multihash = _SHA2_256 + self.digest
        return multihash if self.version == 0 else bytes((1, self.codec)) + multihash

    def __str__(self) -> str:
        """Give base32 text for version 1, base58 for version 0."""
        if self.version == 0:
            return _base58(self.to_bytes())
        return "b" + base64.b32encode(self.to_bytes()).decode().lower().rstrip("=")


def _text_to_bytes(text: str) -> bytes:
    if text.startswith("Qm") and len(text) == 46:
        number = 0
        for letter in text:
            digit = _BASE58.find(letter)
            if digit < 0:
                raise ValueError(f"'{letter}' is no letter of base58")
            number = number * 58 + digit
        if number.bit_length() > 34 * 8:
            raise ValueError("the number is too large")
        return number.to_bytes(34, "big")
    if not text.startswith("b") or len(text) != 59 or text != text.lower():
        raise ValueError("neither 59 lower-case letters of base32 nor 46 of base58")
    try:
        return base64.b32decode(text[1:].upper() + "======")
    except (binascii.Error, ValueError) as error:
        raise ValueError("a letter is outside a-z2-7") from error


def _base58(data: bytes) -> str:
    number, letters = int.from_bytes(data, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        letters = _BASE58[digit] + letters
    return letters
