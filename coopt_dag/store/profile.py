"""How files and folders become blocks: the parameters on which a CID depends."""

from __future__ import annotations

from dataclasses import dataclass

PROFILE_NAME = "unixfs-v1-2025"
"""Keep it beside every CID: another profile gives the same content another CID."""


@dataclass(frozen=True, slots=True)
class Profile:
    """Parameters of the importer; CIDv1, sha2-256 and raw leaves are fixed.

    References
    ----------
    IPIP-499, "CID profiles", profile `unixfs-v1-2025`.
    """

    name: str
    chunk_bytes: int
    """Length of a leaf."""
    width: int
    """Most links of a node of a file."""
    folder_bytes: int
    """A folder whose dag-pb block is longer becomes a HAMT of fanout 256."""


UNIXFS_V1_2025 = Profile(PROFILE_NAME, chunk_bytes=1 << 20, width=1024, folder_bytes=256 << 10)
