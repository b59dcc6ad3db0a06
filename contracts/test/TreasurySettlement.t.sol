// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bounties} from "../src/Bounties.sol";
import {Settlement} from "../src/Settlement.sol";
import {Text} from "../src/Text.sol";
import {TreasuryFixture} from "./TreasuryFixture.sol";
import {Tree} from "./Tree.sol";

/// @notice A root is proposed for an epoch that is over; when it is final its leaves pay.
contract TreasurySettlementTest is TreasuryFixture {
    function test_AProposalSaysAllThatItPromises() public {
        uint256 id = _fundCoin(5 ether);
        Settlement.Share[] memory shares = _share(id, 4 ether);
        uint64 finalAt = START + DISPUTE_S;
        vm.expectEmit(address(treasury));
        emit Settlement.SettlementProposed(
            KEY, owner, 0, START, "root", CID, 77, shares, 1, finalAt
        );
        vm.prank(owner);
        treasury.proposeSettlement(NAME, 0, "root", CID, 77, shares);
        Settlement.Root memory found = treasury.settlementOf(KEY, 0);
        assertEq(found.root, "root", "root");
        assertEq(uint256(found.credit), 77, "credit");
        assertEq(uint256(found.creditLeft), 77, "credit left");
        assertEq(uint256(found.finalAt), finalAt, "final at");
        assertEq(uint256(found.round), 1, "round");
        assertEq(found.proposer, owner, "proposer");
        assertTrue(!found.isContested, "nobody contests it yet");
        assertEq(uint256(treasury.bountyOf(id).share), 4 ether, "set aside");
        assertEq(uint256(treasury.bountyOf(id).round), 1, "by this round");
    }

    function test_OwnerAndEvaluatorsPropose() public {
        bytes32 root = "root";
        vm.prank(stranger);
        vm.expectRevert(Settlement.NotProposer.selector);
        treasury.proposeSettlement(NAME, 0, root, CID, 0, _none());
        vm.prank(_evaluator(2));
        treasury.proposeSettlement(NAME, 0, root, CID, 0, _none());
        assertEq(treasury.settlementOf(KEY, 0).proposer, _evaluator(2), "an evaluator did");
    }

    function test_NobodyProposesForAChallengeThatIsNot() public {
        vm.prank(owner);
        vm.expectRevert(Settlement.NotProposer.selector);
        treasury.proposeSettlement("nobodys", 0, "root", CID, 0, _none());
    }

    function test_NothingIsProposedBeforeTheEpochIsOver() public {
        vm.prank(owner);
        vm.expectRevert(Settlement.EpochNotOver.selector);
        treasury.proposeSettlement(NAME, 1, "root", CID, 0, _none());
        vm.prank(owner);
        vm.expectRevert(Settlement.EpochNotOver.selector);
        treasury.proposeSettlement(NAME, 2, "root", CID, 0, _none());
        vm.prank(owner);
        ledger.unseal(NAME, 1, CID);
        vm.prank(owner);
        treasury.proposeSettlement(NAME, 1, "root", CID, 0, _none());
    }

    function test_ARootAndATableAreNeeded() public {
        vm.startPrank(owner);
        vm.expectRevert(Settlement.BadRoot.selector);
        treasury.proposeSettlement(NAME, 0, 0, CID, 0, _none());
        vm.expectRevert(Text.BadCid.selector);
        treasury.proposeSettlement(NAME, 0, "root", "", 0, _none());
        vm.stopPrank();
    }

    function test_APauseStopsProposals() public {
        guard.pause();
        vm.prank(owner);
        vm.expectRevert(Bounties.Paused.selector);
        treasury.proposeSettlement(NAME, 0, "root", CID, 0, _none());
    }

    function test_NoMoreThanThePotIsProposed() public {
        vm.startPrank(owner);
        vm.expectRevert(Settlement.BadTotal.selector);
        treasury.proposeSettlement(NAME, 0, "root", CID, POT + 1, _none());
        treasury.proposeSettlement(NAME, 0, "root", CID, POT, _none());
        vm.stopPrank();
    }

    function test_NoMoreThanABountyHoldsIsProposed() public {
        uint256 id = _fundCoin(5 ether);
        vm.startPrank(owner);
        vm.expectRevert(Settlement.BadTotal.selector);
        treasury.proposeSettlement(NAME, 0, "root", CID, 0, _share(id, 5 ether + 1));
        vm.expectRevert(Settlement.BadTotal.selector);
        treasury.proposeSettlement(NAME, 0, "root", CID, 0, _share(id, 0));
        vm.expectRevert(Bounties.UnknownBounty.selector);
        treasury.proposeSettlement(NAME, 0, "root", CID, 0, _share(id + 1, 1));
        treasury.proposeSettlement(NAME, 0, "root", CID, 0, _share(id, 5 ether));
        vm.stopPrank();
    }

    function test_SixtyFourBountiesAreTheMost() public {
        Settlement.Share[] memory shares = new Settlement.Share[](64);
        for (uint256 i = 0; i < 64; ++i) {
            shares[i] = Settlement.Share(_fundCoin(1), 1);
        }
        vm.startPrank(owner);
        vm.expectRevert(Settlement.TooManyShares.selector);
        treasury.proposeSettlement(NAME, 0, "root", CID, 0, new Settlement.Share[](65));
        treasury.proposeSettlement(NAME, 0, "root", CID, 0, shares);
        vm.stopPrank();
    }

    function test_TheLeafIsHashedAsTheSpecificationSays() public view {
        Payment memory one = Payment(3, ann, 9);
        assertEq(treasury.leafOf(KEY, 0, 5, 3, ann, 9), _leaf(5, one), "twice");
    }

    function test_ALeafPaysOnce() public {
        uint256 id = _fundCoin(5 ether);
        Payment[] memory table = _two(Payment(id, ann, 2 ether), Payment(0, bob, 40));
        _settle(table);
        vm.expectEmit(address(treasury));
        emit Settlement.Redeemed(KEY, stranger, 0, START + DISPUTE_S, 0, id, ann, 2 ether);
        vm.prank(stranger);
        _redeem(table, 0);
        assertEq(ann.balance, 2 ether, "paid to the account, whoever asks");
        vm.expectRevert(Settlement.AlreadyRedeemed.selector);
        _redeem(table, 0);
        assertEq(uint256(treasury.bountyOf(id).left), 3 ether, "once");
    }

    function test_CreditStaysWhereItWasEarned() public {
        Payment[] memory table = _two(Payment(0, ann, 60), Payment(0, ann, 40));
        _settle(table);
        vm.expectEmit(address(treasury));
        emit Settlement.Redeemed(KEY, stranger, 0, START + DISPUTE_S, 0, 0, ann, 60);
        vm.prank(stranger);
        _redeem(table, 0);
        _redeem(table, 1);
        assertEq(treasury.creditOf(KEY, ann), 100, "both");
        assertEq(uint256(treasury.settlementOf(KEY, 0).creditLeft), 0, "all of it");
        assertEq(uint256(treasury.settlementOf(KEY, 0).credit), 100, "what was stated stays");
        vm.expectRevert(Settlement.AlreadyRedeemed.selector);
        _redeem(table, 1);
    }

    function test_TokensArePaidLikeCoin() public {
        uint256 id = _fundToken(token, 50);
        Payment[] memory table = _two(Payment(id, ann, 20), Payment(id, bob, 30));
        _settle(table);
        _redeem(table, 0);
        _redeem(table, 1);
        assertEq(token.balanceOf(ann), 20, "ann");
        assertEq(token.balanceOf(bob), 30, "bob");
        assertEq(token.balanceOf(address(treasury)), 0, "nothing is kept");
    }

    function test_ASingleLeafIsItsOwnRoot() public {
        Payment[] memory table = _one(0, ann, 5);
        _settle(table);
        _redeem(table, 0);
        assertEq(treasury.creditOf(KEY, ann), 5, "no proof is needed");
    }

    function test_NothingIsRedeemedBeforeTheRootIsFinal() public {
        Payment[] memory table = _one(0, ann, 5);
        vm.expectRevert(Settlement.NotSettled.selector);
        _redeem(table, 0);
        _propose(table);
        vm.warp(START + DISPUTE_S - 1);
        vm.expectRevert(Settlement.NotFinal.selector);
        _redeem(table, 0);
        vm.warp(START + DISPUTE_S);
        _redeem(table, 0);
    }

    function test_WithoutAWindowARootIsFinalAtOnce() public {
        _register("quick", _rules(0, BOND, POT));
        _endEpoch("quick");
        bytes32 key = keccak256("quick");
        bytes32 leaf = treasury.leafOf(key, 0, 0, 0, ann, 5);
        vm.prank(owner);
        treasury.proposeSettlement("quick", 0, leaf, CID, 5, _none());
        treasury.redeem(key, 0, 0, 0, ann, 5, new bytes32[](0));
        assertEq(treasury.creditOf(key, ann), 5, "paid in the same second");
        vm.deal(stranger, BOND);
        vm.prank(stranger);
        vm.expectRevert(Settlement.NotDisputable.selector);
        treasury.disputeSettlement{value: BOND}(key, 0, CID);
    }

    function test_WhatASettlementSetAsideIsNotRefunded() public {
        uint256 id = _fundCoin(5 ether);
        Payment[] memory table = _one(id, ann, 2 ether);
        vm.warp(DEADLINE - 1);
        _propose(table);
        vm.warp(DEADLINE + 1);
        vm.expectRevert(Bounties.NotRefundable.selector);
        treasury.refund(id);
        vm.warp(DEADLINE + DISPUTE_S);
        treasury.refund(id);
        assertEq(uint256(treasury.bountyOf(id).left), 2 ether, "the share stays");
        vm.expectRevert(Bounties.NotRefundable.selector);
        treasury.refund(id);
        _redeem(table, 0);
        assertEq(ann.balance, 2 ether, "and is paid");
    }

    function test_TheRestComesBackBeforeTheDeadlineWhenTheRootIsFinal() public {
        uint256 id = _fundCoin(5 ether);
        _propose(_one(id, ann, 2 ether));
        vm.expectRevert(Bounties.NotRefundable.selector);
        treasury.refund(id);
        vm.warp(START + DISPUTE_S);
        treasury.refund(id);
        assertEq(uint256(treasury.bountyOf(id).left), 2 ether, "the rest went home");
    }

    function test_ABountyThatASettlementPassedOverComesBackAtItsDeadline() public {
        uint256 id = _fundCoin(5 ether);
        _settle(_one(0, ann, 1));
        vm.expectRevert(Bounties.NotRefundable.selector);
        treasury.refund(id);
        vm.warp(DEADLINE);
        treasury.refund(id);
        assertEq(address(treasury).balance, 0, "whole");
    }

    function test_PauseOrNotALeafIsPaid() public {
        uint256 id = _fundCoin(5 ether);
        Payment[] memory table = _two(Payment(id, ann, 2 ether), Payment(0, bob, 40));
        _settle(table);
        guard.pause();
        _redeem(table, 0);
        _redeem(table, 1);
        treasury.refund(id);
        assertEq(address(treasury).balance, 0, "nothing is trapped");
    }

    function testFuzz_EveryLeafOfATreePaysItsOwn(uint256 seed, uint8 size) public {
        uint256 n = bound(size, 1, 8);
        uint256 id = _fundCoin(500 ether);
        Payment[] memory table = new Payment[](n);
        uint96 credit = 0;
        uint96 paid = 0;
        for (uint256 i = 0; i < n; ++i) {
            uint256 word = uint256(keccak256(abi.encode(seed, i)));
            uint96 amount = uint96(word % 10 ether);
            table[i] = Payment(word >> 255 == 0 ? 0 : id, address(uint160(1000 + i)), amount);
            if (table[i].bountyId == 0) credit += amount;
            else paid += amount;
        }
        bytes32 root = Tree.rootOf(_leaves(table));
        vm.prank(owner);
        treasury.proposeSettlement(NAME, 0, root, CID, credit, paid == 0 ? _none() : _share(id, paid));
        vm.warp(START + DISPUTE_S);
        for (uint256 i = n; i > 0; --i) {
            if (table[i - 1].bountyId == id && paid == 0) continue;
            _redeem(table, i - 1);
            Payment memory one = table[i - 1];
            uint256 got =
                one.bountyId == 0 ? treasury.creditOf(KEY, one.account) : one.account.balance;
            assertEq(got, one.amount, "exactly");
        }
        assertEq(uint256(treasury.settlementOf(KEY, 0).creditLeft), 0, "credit is all out");
        assertEq(uint256(treasury.bountyOf(id).share), 0, "the share is all out");
    }
}
