"""How files and folders become blocks: the parameters on which a CID depends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

PROFILE_NAME = "unixfs-v1-2025"
"""Keep it beside every CID: another profile gives the same content another CID."""


@dataclass(frozen=True, slots=True)
class Profile:
    """Parameters of the importer; sha2-256, balanced trees and HAMTs of fanout 256 are fixed.

    References
    ----------
    IPIP-499, "CID profiles", profiles `unixfs-v1-2025` and `unixfs-v0-2015`.
    """

    name: str
    chunk_bytes: int
    """Length of a leaf."""
    width: int
    """Most links of a node of a file."""
    folder_bytes: int
    """A longer folder becomes a HAMT of fanout 256."""
    cid_version: int = 1
    """1, or 0 (then all blocks must be dag-pb: no raw leaves)."""
    raw_leaves: bool = True
    """A leaf is the bytes alone; else a dag-pb block that says 'file' around them."""
    folder_length: Literal["block", "links"] = "block"
    """What is long about a folder: its dag-pb block, or just its names and CIDs together."""


UNIXFS_V1_2025 = Profile(PROFILE_NAME, chunk_bytes=1 << 20, width=1024, folder_bytes=256 << 10)
UNIXFS_V0_2015 = Profile(
    "unixfs-v0-2015",
    chunk_bytes=256 << 10,
    width=174,
    folder_bytes=256 << 10,
    cid_version=0,
    raw_leaves=False,
    folder_length="links",
)
"""What `ipfs add` did by default for ten years: for verifying older CIDs (Qm…)."""

PROFILES = {profile.name: profile for profile in (UNIXFS_V1_2025, UNIXFS_V0_2015)}


def profile_of_version(version: int) -> Profile:
    """Give the profile that most likely made a CID of this version.

    >>> profile_of_version(0).name
    'unixfs-v0-2015'
    """
    return UNIXFS_V0_2015 if version == 0 else UNIXFS_V1_2025
