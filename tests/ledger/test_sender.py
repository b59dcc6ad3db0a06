"""Transactions of one key from many hands; hanging, lost, replaced and reverted ones."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from web3 import HTTPProvider, Web3

from coopt_dag.errors import IdentityError, LedgerRefusedError, LedgerUnavailableError
from coopt_dag.ledger import actions as ac
from coopt_dag.ledger.codec import encode_call
from coopt_dag.ledger.delivery import Waiting
from coopt_dag.ledger.evm import EvmLedger, deploy, error_name
from coopt_dag.ledger.keys import KeySigner
from coopt_dag.ledger.node import Node, NodeError
from coopt_dag.ledger.outgoing import Sent, send
from coopt_dag.ledger.sender import Sender
from coopt_dag.ledger.signers import AccountSigner, NodeSigner
from coopt_dag.ledger.typed import message, recover

from .conftest import ANVIL, Anvil, person

pytestmark = pytest.mark.npm
COIN = 10**18
HASTY = Waiting(bump_after_s=0.3, give_up_after_s=20, poll_s=(0.01, 0.05))


@pytest.fixture(scope="module")
def node() -> Iterator[Anvil]:
    if not ANVIL.is_file():
        pytest.skip("anvil is not installed: npm --prefix contracts ci")
    made = Anvil()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def address(node: Anvil) -> str:
    node.rpc("anvil_setBalance", person(0).address, hex(100 * COIN))
    return deploy(HTTPProvider(node.url), signer=person(0))


_count = iter(range(10_000))


@pytest.fixture
def who(node: Anvil) -> KeySigner:
    """Give somebody new, who has coin: the node asks for fees from now on."""
    made = person(100_000 + next(_count))
    node.rpc("anvil_setBalance", made.address, hex(100 * COIN))
    node.rpc("anvil_setNextBlockBaseFeePerGas", hex(10**9))
    node.rpc("evm_mine")
    return made


@pytest.fixture
def still(node: Anvil) -> Iterator[Callable[[], None]]:
    """Stop making blocks; give what makes one."""
    node.rpc("evm_setAutomine", False)
    yield lambda: node.rpc("evm_mine")
    node.rpc("evm_mine")
    node.rpc("evm_setAutomine", True)


def sender(node: Anvil, folder: Path, waiting: Waiting = HASTY) -> Sender:
    asked = Node(HTTPProvider(node.url))
    chain_id = int(asked.call("eth_chainId"), 16)
    return Sender(asked, chain_id=chain_id, name_of=error_name, locks=folder, waiting=waiting)


def gift(number: int = 1) -> dict[str, Any]:
    return {"to": Web3.to_checksum_address("0x" + "11" * 20), "data": b"", "value": number}


def nonces_of(node: Anvil, address: str) -> list[int]:
    last, found = int(node.rpc("eth_blockNumber"), 16), []
    for number in range(last + 1):
        block = node.rpc("eth_getBlockByNumber", hex(number), True)
        found += [int(t["nonce"], 16) for t in block["transactions"] if t["from"] == address]
    return found


def test_threads_with_one_key_do_not_take_each_others_nonce(
    node: Anvil, who: KeySigner, tmp_path: Path
):
    with ThreadPoolExecutor(8) as pool:
        made = [sender(node, tmp_path) for _ in range(8)]
        receipts = list(pool.map(lambda i: made[i % 8].transact(gift(i), who), range(24)))
    assert len({receipt["transactionHash"] for receipt in receipts}) == 24
    assert sorted(nonces_of(node, who.address)) == list(range(24))


PROCESS = """
import sys
from pathlib import Path
from coopt_dag.ledger.keys import KeySigner
from tests.ledger.test_sender import Anvil, gift, sender
node = Anvil.__new__(Anvil)
node.url = sys.argv[1]
key = KeySigner.of(int(sys.argv[2]).to_bytes(32, "big"))
for i in range(6):
    sender(node, Path(sys.argv[3])).transact(gift(i), key)
"""


@pytest.mark.slow
def test_processes_with_one_key_do_not_take_each_others_nonce(node: Anvil, tmp_path: Path):
    number = 777_001
    key = KeySigner.of(number.to_bytes(32, "big"))
    node.rpc("anvil_setBalance", key.address, hex(COIN))
    command = [sys.executable, "-c", PROCESS, node.url, str(number), str(tmp_path)]
    root = Path(__file__).parents[2]
    processes = [subprocess.Popen(command, cwd=root) for _ in range(3)]
    assert [process.wait(120) for process in processes] == [0, 0, 0]
    assert sorted(nonces_of(node, key.address)) == list(range(18))


def test_several_transactions_are_waited_for_together(
    node: Anvil, who: KeySigner, tmp_path: Path, still: Callable[[], None]
):
    made = sender(node, tmp_path)
    sent = [made.post(gift(i), who) for i in range(5)]
    assert [one.nonce for one in sent] == [0, 1, 2, 3, 4]
    still()
    receipts = made.wait(sent)
    assert [r["transactionHash"] for r in receipts] == [next(iter(one.raws)) for one in sent]
    assert len({receipt["blockNumber"] for receipt in receipts}) == 1


def test_a_transaction_that_hangs_is_sent_again_dearer(
    node: Anvil, who: KeySigner, tmp_path: Path, still: Callable[[], None]
):
    made = sender(node, tmp_path)
    sent = made.post(gift(), who)
    first = sent.transaction["maxFeePerGas"]
    mining = threading.Timer(0.8, still)
    mining.start()
    (receipt,) = made.wait([sent])
    mining.join()
    assert len(sent.raws) > 1
    assert receipt["transactionHash"] == list(sent.raws)[-1]
    assert sent.transaction["maxFeePerGas"] * 8 >= first * 9
    assert nonces_of(node, who.address) == [0]


def test_a_transaction_that_the_node_lost_is_sent_again_as_it_was(
    node: Anvil, who: KeySigner, tmp_path: Path, still: Callable[[], None]
):
    made = sender(node, tmp_path)
    sent = made.post(gift(), who)
    (tx_hash,) = sent.raws
    assert node.rpc("anvil_dropTransaction", tx_hash) == tx_hash
    mining = threading.Timer(0.5, still)
    mining.start()
    (receipt,) = made.wait([sent])
    mining.join()
    assert receipt["transactionHash"] == tx_hash
    assert list(sent.raws) == [tx_hash]


def test_after_a_lost_transaction_its_nonce_is_the_next(
    node: Anvil, who: KeySigner, tmp_path: Path, still: Callable[[], None]
):
    made = sender(node, tmp_path)
    (tx_hash,) = made.post(gift(), who).raws
    second = made.post(gift(), who)
    assert second.nonce == 1
    node.rpc("anvil_dropTransaction", next(iter(second.raws)))
    node.rpc("anvil_dropTransaction", tx_hash)
    assert sender(node, tmp_path).post(gift(), who).nonce == 0


def test_who_took_the_nonce_is_told(
    node: Anvil, who: KeySigner, tmp_path: Path, still: Callable[[], None]
):
    made = sender(node, tmp_path, Waiting(bump_after_s=60, poll_s=(0.01, 0.05)))
    sent = made.post(gift(1), who)
    dearer = {name: 3 * sent.transaction[name] for name in ("maxFeePerGas", "maxPriorityFeePerGas")}
    other = who.sign({**sent.transaction, **dearer, "value": 2})
    other_hash = node.rpc("eth_sendRawTransaction", "0x" + other.hex())
    still()
    with pytest.raises(LedgerUnavailableError, match=other_hash):
        made.wait([sent])


def test_nobody_waits_for_ever(
    node: Anvil, who: KeySigner, tmp_path: Path, still: Callable[[], None]
):
    made = sender(node, tmp_path, Waiting(bump_after_s=60, give_up_after_s=0.3))
    with pytest.raises(LedgerUnavailableError, match=r"not included within 0\.3 s"):
        made.transact(gift(), who)


def test_sending_twice_is_sending_once(node: Anvil, who: KeySigner, tmp_path: Path):
    made = sender(node, tmp_path)
    sent = made.post(gift(), who)
    made.wait([sent])
    ((tx_hash, raw),) = sent.raws.items()
    send(Node(HTTPProvider(node.url)), tx_hash, raw)
    assert nonces_of(node, who.address) == [0]
    stranger = who.sign({**sent.transaction, "value": 9})
    with pytest.raises(NodeError, match="nonce too low"):
        send(Node(HTTPProvider(node.url)), Web3.to_hex(Web3.keccak(stranger)), stranger)


def test_a_rule_broken_in_the_block_has_its_name(
    node: Anvil, address: str, who: KeySigner, tmp_path: Path, still: Callable[[], None]
):
    made = sender(node, tmp_path)
    name = f"toy_{next(_count)}"
    action = ac.RegisterChallenge(name, "m", (person(1).address,))
    call = {"to": Web3.to_checksum_address(address), "data": encode_call(action).data}
    late = person(100_000 + next(_count))
    node.rpc("anvil_setBalance", late.address, hex(COIN))
    first = made.post(call, who)
    # anvil estimates on top of what waits, and would refuse it; other nodes do not
    second = Sent(late, {**first.transaction}, first.from_block)
    send(Node(HTTPProvider(node.url)), *second.sign(now=HASTY.clock()))
    still()
    made.wait([first])
    with pytest.raises(LedgerRefusedError) as caught:
        made.wait([second])
    assert caught.value.code == "ChallengeExists"


def test_what_the_rules_refuse_is_not_sent_and_costs_no_nonce(
    node: Anvil, address: str, who: KeySigner, tmp_path: Path
):
    made = sender(node, tmp_path)
    call = {
        "to": Web3.to_checksum_address(address),
        "data": encode_call(ac.Claim("none", "fit", 600)).data,
    }
    with pytest.raises(LedgerRefusedError):
        made.transact(call, who)
    made.transact(gift(), who)
    assert nonces_of(node, who.address) == [0]


def test_who_has_no_coin_is_told(node: Anvil, tmp_path: Path, who: KeySigner):
    poor = person(100_000 + next(_count))
    with pytest.raises(LedgerUnavailableError) as caught:
        sender(node, tmp_path).transact(gift(COIN), poor)
    assert "funds" in caught.value.hint


def test_a_note_that_a_killed_process_left_half_is_no_note(
    node: Anvil, who: KeySigner, tmp_path: Path
):
    made = sender(node, tmp_path)
    made.transact(gift(), who)
    (note,) = tmp_path.iterdir()
    note.write_text(note.read_text()[:-7])
    made.transact(gift(), who)
    assert nonces_of(node, who.address) == [0, 1]


def test_a_folder_that_cannot_be_written_is_told(node: Anvil, who: KeySigner, tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(LedgerUnavailableError) as caught:
        sender(node, tmp_path / "file" / "below").transact(gift(), who)
    assert "XDG_CACHE_HOME" in caught.value.hint


def signers(node: Anvil) -> list[Any]:
    local = Account.from_key((555_000 + next(_count)).to_bytes(32, "big"))
    held = str(node.rpc("eth_accounts")[0]).lower()
    return [AccountSigner(local), NodeSigner(Node(HTTPProvider(node.url)), held)]


@pytest.mark.parametrize("kind", [0, 1], ids=["web3 account", "another program"])
def test_keys_that_we_never_see_act_on_the_ledger(node: Anvil, address: str, kind: int):
    hand = signers(node)[kind]
    node.rpc("anvil_setBalance", hand.address, hex(100 * COIN))
    ledger = EvmLedger(HTTPProvider(node.url), address=address)
    name = f"toy_{next(_count)}"
    receipt = ledger.send(ac.RegisterChallenge(name, "m", (person(1).address,)), signer=hand)
    assert [event.actor for event in receipt.events] == [hand.address]
    typed = message(ledger.domain(), "Verdict", submissionId=3, upheld=True, reportCid="bafy")
    assert recover(typed, hand.sign_typed(typed)) == hand.address


def test_an_account_that_is_not_unlocked_is_told(node: Anvil):
    hand = NodeSigner(Node(HTTPProvider(node.url)), person(3).address)
    with pytest.raises(IdentityError) as caught:
        hand.sign({"to": person(4).address, "value": 1, "nonce": 0, "gas": 21_000, "chainId": 1})
    assert "unlocked" in caught.value.hint


def test_a_signer_shows_its_address_only():
    account = Account.from_key(b"\1" * 32)
    assert repr(AccountSigner(account)) == f"AccountSigner({account.address.lower()})"
