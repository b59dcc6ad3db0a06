"""Run all benchmarks, print them as a table, write benchmarks/results.json."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from typing import Any

MODULES = (
    "bench_runs",
    "bench_cage",
    "bench_chain",
    "bench_credit",
    "bench_store",
    "bench_dvc",
    "bench_gateway",
    "bench_gas",
    "bench_index",
)


def show(value: Any, indent: str = "  ") -> None:
    """Print nested figures, one a line."""
    for name, found in value.items():
        if isinstance(found, dict):
            print(f"{indent}{name}")
            show(found, indent + "  ")
        else:
            text = f"{found:.3f}" if isinstance(found, float) else str(found)
            print(f"{indent}{name:<52}{text:>12}")


def main() -> None:
    """Measure everything."""
    results: dict[str, Any] = {}
    for name in MODULES:
        if not (Path(__file__).parent / f"{name}.py").is_file():
            continue
        print(f"{name} …", flush=True)
        results[name] = import_module(f"benchmarks.{name}").measure()
        show(results[name])
    path = Path(__file__).with_name("results.json")
    path.write_text(json.dumps(results, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    print(f"written: {path}")


if __name__ == "__main__":
    main()
