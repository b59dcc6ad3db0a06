// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bounties} from "../src/Bounties.sol";
import {Settlement} from "../src/Settlement.sol";
import {TreasuryFixture} from "./TreasuryFixture.sol";
import {Tree} from "./Tree.sol";

/// @notice Whoever writes the tree, or picks the leaf, gets no more than was stated and disputable.
contract AttackMoneySettlementTest is TreasuryFixture {
    function test_AnEpochIsNotSettledTwice() public {
        Payment[] memory table = _one(0, ann, 5);
        _propose(table);
        _expectSettled();
        vm.warp(START + DISPUTE_S);
        _expectSettled();
        _redeem(table, 0);
        _expectSettled();
    }

    function test_ATreeOfMoreCreditThanItsTotalPaysNoMoreThanTheTotal() public {
        Payment[] memory table = _two(Payment(0, ann, 60), Payment(0, bob, 41));
        _propose(table, 100, _none());
        vm.warp(START + DISPUTE_S);
        _redeem(table, 0);
        vm.expectRevert(Settlement.BadTotal.selector);
        _redeem(table, 1);
        assertEq(treasury.creditOf(KEY, bob), 0, "nothing came of it");
    }

    function test_ATreeOfMoreCoinThanItsTotalPaysNoMoreThanTheTotal() public {
        uint256 id = _fundCoin(100);
        _fundCoin(100 ether);
        Payment[] memory table = _two(Payment(id, ann, 60), Payment(id, bob, 31));
        _propose(table, 0, _share(id, 90));
        vm.warp(START + DISPUTE_S);
        _redeem(table, 1);
        vm.expectRevert(Settlement.BadTotal.selector);
        _redeem(table, 0);
        treasury.refund(id);
        assertEq(uint256(treasury.bountyOf(id).left), 59, "what bob's leaf left of 90");
    }

    function test_TheSameIndexPaysOnceWhateverItsLeaf() public {
        bytes32[] memory leaves = new bytes32[](2);
        leaves[0] = _leaf(7, Payment(0, ann, 5));
        leaves[1] = _leaf(7, Payment(0, bob, 5));
        _proposeRoot(Tree.rootOf(leaves), 10);
        treasury.redeem(KEY, 0, 7, 0, ann, 5, Tree.proofOf(leaves, 0));
        bytes32[] memory proof = Tree.proofOf(leaves, 1);
        vm.expectRevert(Settlement.AlreadyRedeemed.selector);
        treasury.redeem(KEY, 0, 7, 0, bob, 5, proof);
    }

    function test_TheSameLeafTwiceInATreePaysOnce() public {
        bytes32[] memory leaves = new bytes32[](2);
        leaves[0] = _leaf(0, Payment(0, ann, 5));
        leaves[1] = leaves[0];
        _proposeRoot(Tree.rootOf(leaves), 10);
        treasury.redeem(KEY, 0, 0, 0, ann, 5, Tree.proofOf(leaves, 0));
        bytes32[] memory proof = Tree.proofOf(leaves, 1);
        vm.expectRevert(Settlement.AlreadyRedeemed.selector);
        treasury.redeem(KEY, 0, 0, 0, ann, 5, proof);
    }

    function test_IndicesFarApartDoNotSpendEachOther() public {
        bytes32[] memory leaves = new bytes32[](4);
        uint256[4] memory index = [uint256(0), 255, 256, type(uint256).max];
        for (uint256 i = 0; i < 4; ++i) {
            leaves[i] = _leaf(index[i], Payment(0, ann, 1));
        }
        _proposeRoot(Tree.rootOf(leaves), 4);
        for (uint256 i = 0; i < 4; ++i) {
            bytes32[] memory proof = Tree.proofOf(leaves, i);
            treasury.redeem(KEY, 0, index[i], 0, ann, 1, proof);
            vm.expectRevert(Settlement.AlreadyRedeemed.selector);
            treasury.redeem(KEY, 0, index[i], 0, ann, 1, proof);
        }
        assertEq(treasury.creditOf(KEY, ann), 4, "each once");
    }

    /// @dev A leaf is 32 bytes hashed, a node 64: what goes up in a proof is never a leaf.
    function test_AnInnerNodeIsNoLeaf() public {
        Payment[] memory table = new Payment[](4);
        for (uint256 i = 0; i < 4; ++i) {
            table[i] = Payment(0, ann, 1);
        }
        _settle(table);
        bytes32[] memory leaves = _leaves(table);
        bytes32 inner = Tree.pair(leaves[0], leaves[1]);
        bytes32[] memory proof = new bytes32[](1);
        proof[0] = Tree.pair(leaves[2], leaves[3]);
        assertEq(Tree.pair(inner, proof[0]), Tree.rootOf(leaves), "a proof of the inner node");
        // Its numbers are the node's halves, as far as the types let them be.
        uint256 bounty = uint256(leaves[1]);
        vm.expectRevert(Settlement.BadProof.selector);
        treasury.redeem(KEY, 0, uint256(leaves[0]), bounty, ann, 1, proof);
    }

    function test_TheRootIsNoLeafOfItself() public {
        _settle(_two(Payment(0, ann, 5), Payment(0, bob, 5)));
        vm.expectRevert(Settlement.BadProof.selector);
        treasury.redeem(KEY, 0, 0, 0, ann, 10, new bytes32[](0));
    }

    function testFuzz_NoOtherLeafPassesForOneOfTheTree(
        uint256 index,
        uint256 bountyId,
        address account,
        uint96 amount,
        bytes32[] memory proof,
        bool takesProof
    ) public {
        uint256 id = _fundCoin(50);
        Payment[] memory table = _two(Payment(0, ann, 60), Payment(id, bob, 50));
        bytes32[] memory leaves = _leaves(table);
        bytes32 leaf = _leaf(index, Payment(bountyId, account, amount));
        vm.assume(leaf != leaves[0] && leaf != leaves[1]);
        if (takesProof) proof = Tree.proofOf(leaves, index % 2);
        _settle(table);
        vm.expectRevert(Settlement.BadProof.selector);
        treasury.redeem(KEY, 0, index, bountyId, account, amount, proof);
    }

    function testFuzz_ALeafChangedInOneFieldDoesNotPass(uint8 field, uint256 by) public {
        uint256 id = _fundCoin(50);
        Payment[] memory table = _two(Payment(0, ann, 60), Payment(id, bob, 50));
        _settle(table);
        bytes32[] memory proof = Tree.proofOf(_leaves(table), 1);
        uint96 amount = 50;
        uint256 index = 1;
        uint256 bounty = id;
        address account = bob;
        field = uint8(bound(field, 0, 3));
        if (field == 0) index ^= bound(by, 1, type(uint256).max);
        if (field == 1) bounty ^= bound(by, 1, type(uint256).max);
        if (field == 2) account = address(uint160(account) ^ uint160(bound(by, 1, 2 ** 160 - 1)));
        if (field == 3) amount ^= uint96(bound(by, 1, type(uint96).max));
        vm.expectRevert(Settlement.BadProof.selector);
        treasury.redeem(KEY, 0, index, bounty, account, amount, proof);
    }

    function test_ALeafOfAnotherEpochDoesNotPass() public {
        _endEpoch(NAME);
        Payment[] memory table = _one(0, ann, 5);
        bytes32 root = Tree.rootOf(_leaves(table));
        vm.prank(owner);
        treasury.proposeSettlement(NAME, 1, root, CID, 5, _none());
        vm.warp(START + DISPUTE_S);
        vm.expectRevert(Settlement.BadProof.selector);
        treasury.redeem(KEY, 1, 0, 0, ann, 5, new bytes32[](0));
        vm.expectRevert(Settlement.NotSettled.selector);
        treasury.redeem(KEY, 0, 0, 0, ann, 5, new bytes32[](0));
        vm.expectRevert(Settlement.NotSettled.selector);
        treasury.redeem(KEY, 2 ** 16 + 1, 0, 0, ann, 5, new bytes32[](0));
    }

    function test_ALeafOfAnotherChallengeDoesNotPass() public {
        _register("other", _rules(DISPUTE_S, BOND, POT));
        _endEpoch("other");
        Payment[] memory table = _one(0, ann, 5);
        bytes32 root = Tree.rootOf(_leaves(table));
        vm.prank(owner);
        treasury.proposeSettlement("other", 0, root, CID, 5, _none());
        vm.warp(START + DISPUTE_S);
        vm.expectRevert(Settlement.BadProof.selector);
        treasury.redeem(keccak256("other"), 0, 0, 0, ann, 5, new bytes32[](0));
    }

    function test_ALeafOfAStruckRootDoesNotPassUnderTheNext() public {
        Payment[] memory struck = _two(Payment(0, stranger, POT - 1), Payment(0, bob, 1));
        _propose(struck);
        _dispute(ann);
        _decide(true, _keys(0, 1));
        Payment[] memory table = _two(Payment(0, bob, 1), Payment(0, ann, 5));
        _settle(table);
        vm.expectRevert(Settlement.BadProof.selector);
        _redeem(struck, 0);
        _redeem(table, 0);
        _redeem(table, 1);
        assertEq(treasury.creditOf(KEY, stranger), 0, "nothing of the struck root");
    }

    function test_ABountyIsNotNamedTwiceInOneSettlement() public {
        uint256 id = _fundCoin(100);
        _fundCoin(100);
        Settlement.Share[] memory shares = new Settlement.Share[](2);
        shares[0] = Settlement.Share(id, 60);
        shares[1] = Settlement.Share(id, 60);
        vm.prank(owner);
        vm.expectRevert(Bounties.UnknownBounty.selector);
        treasury.proposeSettlement(NAME, 0, "root", CID, 0, shares);
    }

    function test_ABountyOfAnotherEpochOrChallengeIsNotTaken() public {
        _register("other", _rules(DISPUTE_S, BOND, POT));
        vm.startPrank(sponsor);
        uint256 later = treasury.fund{value: 9}(
            NAME, "", 1, address(0), 9, address(0), DEADLINE, CID
        );
        uint256 elsewhere = treasury.fund{value: 9}(
            "other", "", 0, address(0), 9, address(0), DEADLINE, CID
        );
        vm.stopPrank();
        _expectUnknown(later);
        _expectUnknown(elsewhere);
    }

    function test_ALeafOfABountyThatWasNotSetAsidePaysNothing() public {
        uint256 id = _fundCoin(100);
        Payment[] memory table = _two(Payment(id, ann, 60), Payment(99, bob, 1));
        _propose(table, 0, _none());
        vm.warp(START + DISPUTE_S);
        vm.expectRevert(Bounties.UnknownBounty.selector);
        _redeem(table, 0);
        vm.expectRevert(Bounties.UnknownBounty.selector);
        _redeem(table, 1);
    }

    function test_AShareOfAStruckRootIsNoneOfTheNext() public {
        uint256 id = _fundCoin(100);
        _propose(_one(id, stranger, 100));
        _dispute(ann);
        _decide(true, _keys(0, 1));
        Payment[] memory table = _two(Payment(id, bob, 60), Payment(0, ann, 5));
        _propose(table, 5, _none());
        vm.warp(START + DISPUTE_S);
        vm.expectRevert(Bounties.UnknownBounty.selector);
        _redeem(table, 0);
        vm.warp(DEADLINE);
        treasury.refund(id);
    }

    function test_ARefundInFrontOfAProposalBreaksItAndNothingElse() public {
        uint256 id = _fundCoin(100);
        uint256 safe = _fundCoin(100);
        vm.warp(DEADLINE);
        vm.prank(sponsor);
        treasury.refund(id);
        vm.prank(owner);
        vm.expectRevert(Settlement.BadTotal.selector);
        treasury.proposeSettlement(NAME, 0, "root", CID, 0, _share(id, 100));
        _propose(_one(safe, ann, 100));
        vm.expectRevert(Bounties.NotRefundable.selector);
        treasury.refund(safe);
    }

    function test_ATreeCannotReachIntoAnothersBounty() public {
        _register("evil", _rules(0, 0, POT));
        uint256 id = _fundCoin(100 ether);
        _endEpoch("evil");
        bytes32 evil = keccak256("evil");
        bytes32 leaf = treasury.leafOf(evil, 0, 0, id, stranger, 100 ether);
        vm.prank(owner);
        treasury.proposeSettlement("evil", 0, leaf, CID, 0, _none());
        vm.expectRevert(Bounties.UnknownBounty.selector);
        treasury.redeem(evil, 0, 0, id, stranger, 100 ether, new bytes32[](0));
    }

    function _expectSettled() private {
        vm.prank(owner);
        vm.expectRevert(Bounties.AlreadySettled.selector);
        treasury.proposeSettlement(NAME, 0, "again", CID, 0, _none());
    }

    function _expectUnknown(uint256 bountyId) private {
        vm.prank(owner);
        vm.expectRevert(Bounties.UnknownBounty.selector);
        treasury.proposeSettlement(NAME, 0, "root", CID, 0, _share(bountyId, 9));
    }

    function _proposeRoot(bytes32 root, uint96 credit) private {
        vm.prank(owner);
        treasury.proposeSettlement(NAME, 0, root, CID, credit, _none());
        vm.warp(START + DISPUTE_S);
    }
}
