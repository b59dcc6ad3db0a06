"""What one run may use: a step's budget as numbers for the kernel."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

MB = 1 << 20
PROCESSES = 128
"""Processes and threads of one run; libraries start one a core and more."""
FILES = 1024
"""Open files of one process."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one run; scratch space and shared memory are held in memory."""

    memory_bytes: int
    output_bytes: int
    cpu_s: int
    processes: int = PROCESSES
    files: int = FILES

    @classmethod
    def of(cls, order: Mapping[str, Any]) -> Limits:
        """Read an order's budget.

        >>> order = {"mem_mb": 1, "disk_mb": 2, "cpu": 2, "wall_s": 10}
        >>> Limits.of(order).cpu_s
        25
        """
        return cls(
            memory_bytes=order["mem_mb"] * MB,
            output_bytes=order["disk_mb"] * MB,
            cpu_s=order["wall_s"] * order["cpu"] + 5,
            processes=PROCESSES + 16 * order["cpu"],
        )

    @property
    def group_bytes(self) -> int:
        """Give the memory of all its processes together, with what they hold in tmpfs."""
        return self.memory_bytes + self.output_bytes

    def to_json(self) -> dict[str, int]:
        """Give the limits as plain data."""
        return asdict(self)
