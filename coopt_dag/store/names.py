"""Which names a file may have, on the way in and on the way out."""

from __future__ import annotations

from coopt_dag.errors import ContentRefusedError

_MAX_NAME_BYTES = 255  # of ext4, xfs, apfs; longer ones could not be written


def file_name(name: bytes) -> str:
    """Give the text of a plain file name; one that could leave its folder is refused.

    Raises
    ------
    ContentRefusedError
        Empty, `.`, `..`, with `/` or NUL, longer than 255 bytes, or not UTF-8.

    Examples
    --------
    >>> file_name(b"run.py")
    'run.py'
    """
    try:
        text = name.decode()
    except UnicodeDecodeError:
        text = ""
    if text in ("", ".", "..") or "/" in text or "\0" in text or len(name) > _MAX_NAME_BYTES:
        raise ContentRefusedError(
            f"{name[:80]!r} is no plain file name.",
            hint="a name is 1 to 255 bytes of UTF-8, without '/' and NUL, not '.' or '..'.",
        )
    return text
