"""The ledger's rules in plain Python: slow, obvious, and what the contracts are compared with.

One module an area, as the contracts have one; each rule makes its checks in the contract's
order, so that both refuse an action for the same reason.
"""

from coopt_dag.ledger.memory.ledger import MemoryLedger, MemorySigner

__all__ = ["MemoryLedger", "MemorySigner"]
