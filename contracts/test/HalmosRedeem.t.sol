// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {CooptLedger} from "../src/CooptLedger.sol";
import {CooptTreasury} from "../src/CooptTreasury.sol";
import {Registry} from "../src/Registry.sol";
import {Settlement} from "../src/Settlement.sol";

/// @notice For every tree of two payments of credit, and everything that can be asked of it.
/// @dev Leaves are unknowns too: then what the prover knows of a hash is only that equal hashes
/// have equal contents, which is all that the contract relies on.
/// @custom:halmos --loop 64
contract HalmosRedeemTest {
    string private constant NAME = "ocean";
    bytes32 private constant KEY = keccak256("ocean");
    address private constant ANN = address(0xA22);
    address private constant BOB = address(0xB0B);

    CooptTreasury private _treasury;

    function setUp() public {
        CooptLedger ledger = new CooptLedger();
        _treasury = ledger.treasury();
        address[] memory evaluators = new address[](1);
        evaluators[0] = address(this);
        Registry.Rules memory rules =
            Registry.Rules(0, 0, 1, 1 hours, 0, 0, type(uint96).max);
        ledger.registerChallenge(NAME, "cid", evaluators, rules);
        ledger.seal(NAME, "data", "cid");
    }

    function check_OnlyALeafOfTheTreePassesWithoutAProof(
        uint96 annGets,
        uint96 bobGets,
        uint256 index,
        uint256 bountyId,
        address account,
        uint96 amount
    ) public {
        _propose(annGets, bobGets, type(uint96).max);
        assert(!_redeem(index, bountyId, account, amount, new bytes32[](0)));
    }

    function check_OnlyALeafOfTheTreePassesWithOneNode(
        uint96 annGets,
        uint96 bobGets,
        uint256 index,
        uint256 bountyId,
        address account,
        uint96 amount,
        bytes32 node
    ) public {
        _propose(annGets, bobGets, type(uint96).max);
        bytes32[] memory proof = new bytes32[](1);
        proof[0] = node;
        if (!_redeem(index, bountyId, account, amount, proof)) return;
        bool isAnns = index == 0 && account == ANN && amount == annGets;
        bool isBobs = index == 1 && account == BOB && amount == bobGets;
        assert(bountyId == 0 && (isAnns || isBobs));
    }

    /// @dev The tree is one high: a longer proof would take an inner node, or a leaf, apart.
    function check_NoLeafPassesWithTwoNodes(
        uint96 annGets,
        uint96 bobGets,
        uint256 index,
        uint256 bountyId,
        address account,
        uint96 amount,
        bytes32 first,
        bytes32 second
    ) public {
        _propose(annGets, bobGets, type(uint96).max);
        bytes32[] memory proof = new bytes32[](2);
        (proof[0], proof[1]) = (first, second);
        assert(!_redeem(index, bountyId, account, amount, proof));
    }

    /// @dev A leaf that was paid is not paid again, by whatever proof.
    function check_ASpentLeafIsNotSpentAgain(uint96 annGets, uint96 bobGets, bytes32 node) public {
        (bytes32 ann, bytes32 bob) = _propose(annGets, bobGets, type(uint96).max);
        ann;
        bytes32[] memory proof = new bytes32[](1);
        proof[0] = bob;
        assert(_redeem(0, 0, ANN, annGets, proof));
        assert(!_redeem(0, 0, ANN, annGets, proof));
        proof[0] = node;
        assert(!_redeem(0, 0, ANN, annGets, proof));
        assert(_treasury.creditOf(KEY, ANN) == annGets);
    }

    /// @dev Whatever the leaves say: no more than the total is paid, and what is paid is written.
    function check_NoMoreThanTheTotalIsPaid(uint96 annGets, uint96 bobGets, uint96 total) public {
        (bytes32 ann, bytes32 bob) = _propose(annGets, bobGets, total);
        bytes32[] memory proof = new bytes32[](1);
        proof[0] = bob;
        bool first = _redeem(0, 0, ANN, annGets, proof);
        proof[0] = ann;
        bool second = _redeem(1, 0, BOB, bobGets, proof);
        assert(first == (annGets <= total));
        uint256 credit = _treasury.creditOf(KEY, ANN) + _treasury.creditOf(KEY, BOB);
        assert(credit == (first ? uint256(annGets) : 0) + (second ? uint256(bobGets) : 0));
        assert(credit <= total);
        assert(credit + _treasury.settlementOf(KEY, 0).creditLeft == total);
    }

    function _propose(uint96 annGets, uint96 bobGets, uint96 total)
        private
        returns (bytes32 ann, bytes32 bob)
    {
        ann = _treasury.leafOf(KEY, 0, 0, 0, ANN, annGets);
        bob = _treasury.leafOf(KEY, 0, 1, 0, BOB, bobGets);
        bytes32 root = ann < bob ? _node(ann, bob) : _node(bob, ann);
        _treasury.proposeSettlement(NAME, 0, root, "cid", total, new Settlement.Share[](0));
    }

    function _node(bytes32 a, bytes32 b) private pure returns (bytes32) {
        return keccak256(abi.encode(a, b));
    }

    function _redeem(
        uint256 index,
        uint256 bountyId,
        address account,
        uint96 amount,
        bytes32[] memory proof
    ) private returns (bool) {
        try _treasury.redeem(KEY, 0, index, bountyId, account, amount, proof) {
            return true;
        } catch {
            return false;
        }
    }
}
