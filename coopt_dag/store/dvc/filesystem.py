"""The file system that DVC sees behind `ipfs://NAME/PATH`."""

from __future__ import annotations

from typing import Any

from dvc_objects.fs.base import ObjectFileSystem

from coopt_dag.store.dvc.files import Files
from coopt_dag.store.dvc.refused import told_by_dvc
from coopt_dag.store.heads import check_name

_AT_ONCE = 4096


class IpfsFileSystem(ObjectFileSystem):
    """`ipfs://NAME` for DVC: NAME is a root in the store that the remote's options name."""

    protocol = "ipfs"
    PARAM_CHECKSUM = "checksum"
    _JOBS = _AT_ONCE  # DVC's window of transfers under way is the size of our batches
    CAN_TRAVERSE = False  # `exists` is answered from folders, so it is never dearer than a listing

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return "/" + path.removeprefix("ipfs://").strip("/") if "://" in path else path

    def unstrip_protocol(self, path: str) -> str:
        """Give the URL of a path.

        >>> IpfsFileSystem().unstrip_protocol("/artifacts/a")
        'ipfs://artifacts/a'
        """
        return "ipfs://" + path.lstrip("/")

    @staticmethod
    def _get_kwargs_from_urls(urlpath: str) -> dict[str, Any]:
        name = urlpath.removeprefix("ipfs://").partition("/")[0]
        with told_by_dvc():
            check_name(name)
        return {}

    def _prepare_credentials(self, **config: Any) -> dict[str, Any]:
        return {
            "api": config.get("api"),
            "store": config.get("store"),
            "timeout_s": config.get("timeout"),
        }

    @property
    def fs(self) -> Files:
        """Give the inner file system, made once."""
        if "_files" not in self.__dict__:
            self.__dict__["_files"] = Files(**self.fs_args)
        files: Files = self.__dict__["_files"]
        return files
