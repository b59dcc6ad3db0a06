// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {CooptGuard} from "../src/CooptGuard.sol";
import {CooptLedger} from "../src/CooptLedger.sol";
import {CooptNotes} from "../src/CooptNotes.sol";
import {CooptTreasury} from "../src/CooptTreasury.sol";
import {Registry} from "../src/Registry.sol";
import {Relayed} from "../src/Relayed.sol";
import {Settlement} from "../src/Settlement.sol";
import {Base} from "./Base.sol";
import {HonestToken} from "./mocks/Tokens.sol";
import {Tree} from "./Tree.sol";

/// @notice One challenge with three evaluators whose epoch 0 is over, and what its money needs.
abstract contract TreasuryFixture is Base {
    /// @notice One leaf to be: who gets how much out of which account.
    struct Payment {
        uint256 bountyId;
        address account;
        uint96 amount;
    }

    uint256 internal constant HERE = 31337; // forge's chain; the optimiser trusts block.chainid
    string internal constant NAME = "ocean";
    bytes32 internal constant KEY = keccak256("ocean");
    string internal constant CID = "bafkreitable";
    uint96 internal constant POT = 1000e18;
    uint96 internal constant BOND = 1 ether;
    uint32 internal constant DISPUTE_S = 3 days;
    uint64 internal constant START = 1_700_000_000;
    uint64 internal constant DEADLINE = START + 90 days;

    CooptLedger internal ledger;
    CooptTreasury internal treasury;
    CooptNotes internal notes;
    CooptGuard internal guard;
    HonestToken internal token;
    address internal owner = address(0xA11CE);
    address internal sponsor = address(0x5904504);
    address internal ann = address(0xA22);
    address internal bob = address(0xB0B);
    address internal stranger = address(0x57);
    uint256[] internal keys; // of the evaluators, by rising address

    function setUp() public virtual {
        vm.warp(START);
        ledger = CooptLedger(vm.deployCode("CooptLedger.sol:CooptLedger"));
        treasury = ledger.treasury();
        notes = ledger.notes();
        guard = ledger.guard();
        token = new HonestToken();
        keys = _risingKeys(3);
        _register(NAME, _rules(DISPUTE_S, BOND, POT));
        _endEpoch(NAME);
        vm.deal(sponsor, 1000 ether);
        vm.deal(stranger, 1000 ether);
        token.mint(sponsor, 1e30);
        vm.prank(sponsor);
        token.approve(address(treasury), type(uint256).max);
    }

    function _rules(uint32 disputeS, uint96 bondWei, uint96 pot)
        internal
        pure
        returns (Registry.Rules memory)
    {
        return Registry.Rules({
            slots: 0,
            closesAt: 0,
            quorum: 2,
            revealS: 1 hours,
            disputeS: disputeS,
            bondWei: bondWei,
            pot: pot
        });
    }

    function _register(string memory name, Registry.Rules memory rules) internal {
        address[] memory evaluators = new address[](keys.length);
        for (uint256 i = 0; i < keys.length; ++i) {
            evaluators[i] = vm.addr(keys[i]);
        }
        vm.prank(owner);
        ledger.registerChallenge(name, CID, evaluators, rules);
    }

    /// @dev A new seal begins a new epoch: the one before it is over.
    function _endEpoch(string memory name) internal {
        vm.prank(owner);
        ledger.seal(name, keccak256("data"), CID);
    }

    function _evaluator(uint256 i) internal view returns (address) {
        return vm.addr(keys[i]);
    }

    function _fundCoin(uint96 amount) internal returns (uint256) {
        vm.prank(sponsor);
        return treasury.fund{value: amount}(
            NAME, "", 0, address(0), amount, address(0), DEADLINE, CID
        );
    }

    function _fundToken(IERC20 asset, uint96 amount) internal returns (uint256) {
        vm.prank(sponsor);
        return treasury.fund(NAME, "", 0, address(asset), amount, address(0), DEADLINE, CID);
    }

    function _fundGrant(uint96 amount, address payee) internal returns (uint256) {
        vm.prank(sponsor);
        return treasury.fund{value: amount}(NAME, "", 0, address(0), amount, payee, DEADLINE, CID);
    }

    /// @dev Said again here, so that the contract's own hash is checked, and no call is made.
    function _leaf(uint256 i, Payment memory one) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(
                keccak256(abi.encode(KEY, 0, i, one.bountyId, one.account, one.amount))
            )
        );
    }

    function _leaves(Payment[] memory table) internal pure returns (bytes32[] memory leaves) {
        leaves = new bytes32[](table.length);
        for (uint256 i = 0; i < table.length; ++i) {
            leaves[i] = _leaf(i, table[i]);
        }
    }

    function _one(uint256 bountyId, address account, uint96 amount)
        internal
        pure
        returns (Payment[] memory table)
    {
        table = new Payment[](1);
        table[0] = Payment(bountyId, account, amount);
    }

    function _two(Payment memory a, Payment memory b)
        internal
        pure
        returns (Payment[] memory table)
    {
        table = new Payment[](2);
        (table[0], table[1]) = (a, b);
    }

    function _none() internal pure returns (Settlement.Share[] memory) {
        return new Settlement.Share[](0);
    }

    function _share(uint256 bountyId, uint96 total)
        internal
        pure
        returns (Settlement.Share[] memory shares)
    {
        shares = new Settlement.Share[](1);
        shares[0] = Settlement.Share(bountyId, total);
    }

    /// @dev Proposes exactly what a table says, out of the pot and out of at most one bounty.
    function _propose(Payment[] memory table) internal {
        uint96 credit = 0;
        uint96 paid = 0;
        uint256 bountyId = 0;
        for (uint256 i = 0; i < table.length; ++i) {
            if (table[i].bountyId == 0) {
                credit += table[i].amount;
            } else {
                (bountyId, paid) = (table[i].bountyId, paid + table[i].amount);
            }
        }
        _propose(table, credit, paid == 0 ? _none() : _share(bountyId, paid));
    }

    function _propose(Payment[] memory table, uint96 credit, Settlement.Share[] memory shares)
        internal
    {
        bytes32 root = Tree.rootOf(_leaves(table));
        vm.prank(owner);
        treasury.proposeSettlement(NAME, 0, root, CID, credit, shares);
    }

    function _settle(Payment[] memory table) internal {
        _propose(table);
        vm.warp(_now() + DISPUTE_S);
    }

    function _redeem(Payment[] memory table, uint256 i) internal {
        bytes32[] memory proof = Tree.proofOf(_leaves(table), i);
        Payment memory one = table[i];
        treasury.redeem(KEY, 0, i, one.bountyId, one.account, one.amount, proof);
    }

    function _dispute(address who) internal {
        vm.deal(who, who.balance + BOND);
        vm.prank(who);
        treasury.disputeSettlement{value: BOND}(KEY, 0, CID);
    }

    function _decide(bool upheld, uint256[] memory signers) internal {
        treasury.decideSettlement(KEY, 0, upheld, CID, _votes(upheld, 0, signers));
    }

    function _votes(bool upheld, uint256 epoch, uint256[] memory signers)
        internal
        view
        returns (Relayed.Vote[] memory votes)
    {
        uint32 round = treasury.settlementOf(KEY, epoch).round;
        bytes32 digest = _verdict(epoch, round, upheld, CID);
        votes = new Relayed.Vote[](signers.length);
        for (uint256 i = 0; i < signers.length; ++i) {
            votes[i] = Relayed.Vote(vm.addr(signers[i]), _sign(signers[i], digest));
        }
    }

    function _verdict(uint256 epoch, uint32 round, bool upheld, string memory cid)
        internal
        pure
        returns (bytes32)
    {
        bytes32 kind = keccak256(
            "SettlementVerdict(bytes32 challengeKey,uint256 epoch,uint32 round,bool upheld,string reportCid)"
        );
        return keccak256(abi.encode(kind, KEY, epoch, round, upheld, keccak256(bytes(cid))));
    }

    function _request(address from, uint256 nonce, bytes memory data)
        internal
        view
        returns (Relayed.Request memory)
    {
        return Relayed.Request(from, nonce, _now(), data);
    }

    function _signRequest(uint256 key, Relayed.Request memory request)
        internal
        view
        returns (bytes memory)
    {
        return _sign(key, _requestHash(request));
    }

    function _requestHash(Relayed.Request memory request) internal pure returns (bytes32) {
        bytes32 kind =
            keccak256("Request(address from,uint256 nonce,uint64 deadline,bytes data)");
        return keccak256(
            abi.encode(
                kind, request.from, request.nonce, request.deadline, keccak256(request.data)
            )
        );
    }

    /// @dev For the treasury; a signature for the notes names another contract.
    function _sign(uint256 key, bytes32 structHash) internal view returns (bytes memory) {
        bytes32 digest = _digest(address(treasury), structHash);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    function _digest(address verifier, bytes32 structHash) internal pure returns (bytes32) {
        bytes32 kind = keccak256(
            "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
        );
        bytes32 domain = keccak256(
            abi.encode(kind, keccak256("coopt-dag"), keccak256("1"), HERE, verifier)
        );
        return keccak256(abi.encodePacked(bytes2(0x1901), domain, structHash));
    }

    /// @dev The optimiser takes `block.timestamp` for constant within a call: asked after a warp,
    /// it may say the time before.
    function _now() internal view returns (uint64) {
        return uint64(vm.getBlockTimestamp());
    }

    function _keys(uint256 a, uint256 b) internal view returns (uint256[] memory some) {
        some = new uint256[](2);
        (some[0], some[1]) = (keys[a], keys[b]);
    }

    function _risingKeys(uint256 n) internal pure returns (uint256[] memory found) {
        found = new uint256[](n);
        for (uint256 i = 0; i < n; ++i) {
            found[i] = 0xE0 + i;
            for (uint256 j = i; j > 0 && vm.addr(found[j]) < vm.addr(found[j - 1]); --j) {
                (found[j], found[j - 1]) = (found[j - 1], found[j]);
            }
        }
    }
}
