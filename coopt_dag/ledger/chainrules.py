"""The embedded chain's rules: Ethereum's of the Prague fork, run by py-evm, and where they differ.

- Blocks may carry their parent's time (Ethereum asks for a later one), so that a burst of blocks
  within a second does not run the chain's clock ahead of the world's.
- Gas costs nothing: the base fee is 0 in every block, however full the one before was.
- No beacon chain stands behind it: no withdrawals, deposits, blobs or beacon roots.
- The first block gives all its ether to a faucet whose key everybody knows.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

import rlp
from eth.constants import BLANK_ROOT_HASH, POST_MERGE_OMMERS_HASH
from eth.vm.execution_context import ExecutionContext
from eth.vm.forks.prague.blocks import PragueBlockHeader
from eth.vm.forks.prague.state import PragueState
from eth_typing import BlockNumber, Hash32

from coopt_dag.ledger.chainfile import CHAIN_ID
from coopt_dag.ledger.interpreter import Computation

if TYPE_CHECKING:
    from collections.abc import Iterable

GAS_LIMIT = 30_000_000
MAX_TRANSACTIONS = 50
"""A block holds so many at most."""
FAUCET_KEY = b"coopt's faucet, known to anybody"
FAUCET = bytes.fromhex("5723c81fc2509d9dfdfbae1399823b07ace3db92")
FAUCET_WEI = 2**128


class State(PragueState):
    """The accounts while a block is executed."""

    computation_class = Computation

    def set_system_contracts(self) -> None:
        """Set none: there is no beacon chain to tell of."""


def state_in(
    db: Any, header: Any, *, root: bytes, ancestors: Iterable[bytes], kind: type[State] = State
) -> Any:
    """Give the accounts of `root`, to execute messages as of a header's number and time."""
    context = ExecutionContext(
        coinbase=header.coinbase,
        timestamp=header.timestamp,
        block_number=header.block_number,
        difficulty=header.difficulty,
        mix_hash=header.mix_hash,
        gas_limit=header.gas_limit,
        prev_hashes=cast("Iterable[Hash32]", ancestors),
        chain_id=CHAIN_ID,
        base_fee_per_gas=header.base_fee_per_gas,
        excess_blob_gas=header.excess_blob_gas,
    )
    return kind(db, context, Hash32(root))


def next_header(parent: Any, *, now: int) -> Any:
    """Give the header that a block mined now starts from; its time is never before its parent's.

    Examples
    --------
    >>> next_header(genesis_header(5, BLANK_ROOT_HASH), now=3).timestamp
    5
    """
    return PragueBlockHeader(
        difficulty=0,
        block_number=parent.block_number + 1,
        gas_limit=GAS_LIMIT,
        timestamp=max(parent.timestamp, now),
        parent_hash=parent.hash,
        uncles_hash=POST_MERGE_OMMERS_HASH,
        state_root=parent.state_root,
        extra_data=b"coopt",
        nonce=bytes(8),
    )


def genesis_header(time: int, state_root: bytes) -> Any:
    """Give the first block's header; only its time differs between two chains."""
    return PragueBlockHeader(
        difficulty=0,
        block_number=BlockNumber(0),
        gas_limit=GAS_LIMIT,
        timestamp=time,
        uncles_hash=POST_MERGE_OMMERS_HASH,
        state_root=Hash32(state_root),
        extra_data=b"coopt",
        nonce=bytes(8),
    )


def genesis_root(db: Any) -> bytes:
    """Write the first block's accounts, which is the faucet, and give their root."""
    header = genesis_header(0, BLANK_ROOT_HASH)
    state = state_in(db, header, root=BLANK_ROOT_HASH, ancestors=())
    state.set_balance(FAUCET, FAUCET_WEI)
    state.persist()
    return bytes(state.state_root)


@lru_cache(maxsize=512)
def header_of(encoded: bytes) -> Any:
    """Decode a header."""
    return rlp.decode(encoded, PragueBlockHeader)
