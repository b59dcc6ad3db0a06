// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bonds} from "../src/Bonds.sol";
import {Bounties} from "../src/Bounties.sol";
import {Relayed} from "../src/Relayed.sol";
import {Settlement} from "../src/Settlement.sol";
import {TreasuryFixture} from "./TreasuryFixture.sol";

/// @notice The largest amounts, the last epoch, and the very second of every deadline.
contract AttackMoneyLimitsTest is TreasuryFixture {
    uint96 private constant MAX = type(uint96).max;

    function test_TwoBountiesOfTheLargestAmountDoNotOverflowTheTreasury() public {
        vm.deal(sponsor, 2 * uint256(MAX));
        uint256 first = _fundCoin(MAX);
        uint256 second = _fundCoin(MAX);
        Payment[] memory table = _one(first, ann, MAX);
        _settle(table);
        _redeem(table, 0);
        assertEq(ann.balance, MAX, "all of the first");
        vm.warp(DEADLINE);
        treasury.refund(second);
        assertEq(sponsor.balance, MAX, "all of the second");
    }

    function test_TwoBountiesOfTheMostTokensStandInOneToken() public {
        token.mint(sponsor, 2 * uint256(MAX));
        uint256 first = _fundToken(token, MAX);
        uint256 second = _fundToken(token, MAX);
        vm.warp(DEADLINE);
        treasury.refund(first);
        treasury.refund(second);
        assertEq(token.balanceOf(address(treasury)), 0, "whole");
    }

    function test_CreditOverEpochsPassesWhatOneEpochCanPay() public {
        bytes32 key = keccak256("rich");
        _register("rich", _rules(0, 0, MAX));
        for (uint16 epoch = 0; epoch < 3; ++epoch) {
            _endEpoch("rich");
            bytes32 leaf = treasury.leafOf(key, epoch, 0, 0, ann, MAX);
            vm.prank(owner);
            treasury.proposeSettlement("rich", epoch, leaf, CID, MAX, _none());
            treasury.redeem(key, epoch, 0, 0, ann, MAX, new bytes32[](0));
        }
        assertEq(treasury.creditOf(key, ann), 3 * uint256(MAX), "no wrap");
    }

    function test_ALeafOfTheLargestAmountDoesNotWrapASmallTotal() public {
        uint256 id = _fundCoin(100);
        Payment[] memory table = _two(Payment(id, stranger, MAX), Payment(0, stranger, MAX));
        _propose(table, 1, _share(id, 1));
        vm.warp(START + DISPUTE_S);
        vm.expectRevert(Settlement.BadTotal.selector);
        _redeem(table, 0);
        vm.expectRevert(Settlement.BadTotal.selector);
        _redeem(table, 1);
    }

    function test_ALeafOfNothingPaysNothing() public {
        uint256 id = _fundCoin(100);
        Payment[] memory table = _two(Payment(id, ann, 0), Payment(id, bob, 100));
        _settle(table);
        _redeem(table, 0);
        assertEq(ann.balance, 0, "nothing");
        vm.expectRevert(Settlement.AlreadyRedeemed.selector);
        _redeem(table, 0);
    }

    function test_TheLastEpochCanBeFundedAndRefunded() public {
        vm.prank(sponsor);
        treasury.fund{value: 5}(
            NAME, "", type(uint16).max, address(0), 5, address(0), DEADLINE, CID
        );
        vm.prank(owner);
        vm.expectRevert(Settlement.EpochNotOver.selector);
        treasury.proposeSettlement(NAME, type(uint16).max, "root", CID, 0, _none());
        vm.warp(DEADLINE);
        treasury.refund(1);
    }

    function test_ARootIsFinalFromTheSecondThatWasSaid() public {
        Payment[] memory table = _one(0, ann, 5);
        _propose(table);
        uint64 finalAt = treasury.settlementOf(KEY, 0).finalAt;
        vm.warp(finalAt - 1);
        vm.expectRevert(Settlement.NotFinal.selector);
        _redeem(table, 0);
        uint256 here = vm.snapshotState();
        _dispute(stranger); // its last second
        vm.revertToState(here);
        vm.warp(finalAt);
        vm.prank(stranger);
        vm.expectRevert(Settlement.NotDisputable.selector);
        treasury.disputeSettlement{value: BOND}(KEY, 0, CID);
        _redeem(table, 0);
    }

    function test_ADisputeOfTheLastSecondHoldsThePaymentsBack() public {
        Payment[] memory table = _one(0, ann, 5);
        _propose(table);
        uint64 finalAt = treasury.settlementOf(KEY, 0).finalAt;
        vm.warp(finalAt - 1);
        _dispute(stranger);
        vm.warp(finalAt);
        vm.expectRevert(Settlement.NotFinal.selector);
        _redeem(table, 0);
        uint64 voteBy = treasury.settlementOf(KEY, 0).voteBy;
        assertEq(voteBy, finalAt - 1 + DISPUTE_S, "the vote has all its time");
    }

    function test_AVoteAndItsLapseShareNoSecond() public {
        _propose(_one(0, ann, 5));
        _dispute(stranger);
        uint64 voteBy = treasury.settlementOf(KEY, 0).voteBy;
        vm.warp(voteBy);
        vm.expectRevert(Settlement.VoteNotOver.selector);
        treasury.lapseSettlement(KEY, 0);
        uint256 here = vm.snapshotState();
        _decide(false, _keys(0, 1));
        vm.revertToState(here);
        vm.warp(voteBy + 1);
        _expectVoteOver();
        treasury.lapseSettlement(KEY, 0);
    }

    function test_AProposalInTheSecondOfTheDeadlineWinsIfItComesFirst() public {
        uint256 id = _fundCoin(5 ether);
        vm.warp(DEADLINE);
        _propose(_one(id, ann, 1 ether));
        vm.expectRevert(Bounties.NotRefundable.selector);
        treasury.refund(id);
    }

    function testFuzz_ABountyIsFreeFromItsDeadlineOnAndNotBefore(uint64 moment, uint64 deadline)
        public
    {
        deadline = uint64(bound(deadline, START + 1, type(uint40).max));
        moment = uint64(bound(moment, START, type(uint40).max));
        vm.prank(sponsor);
        uint256 id = treasury.fund{value: 5}(
            NAME, "", 0, address(0), 5, address(0), deadline, CID
        );
        vm.warp(moment);
        if (moment < deadline) vm.expectRevert(Bounties.NotRefundable.selector);
        treasury.refund(id);
    }

    function test_ABondOfTheLargestAmountIsHeldAndReturned() public {
        _register("dear", _rules(DISPUTE_S, MAX, POT));
        _endEpoch("dear");
        bytes32 key = keccak256("dear");
        vm.prank(owner);
        treasury.proposeSettlement("dear", 0, "root", CID, 0, _none());
        hoax(stranger, MAX);
        treasury.disputeSettlement{value: MAX}(key, 0, CID);
        vm.warp(START + DISPUTE_S + 1);
        treasury.lapseSettlement(key, 0);
        vm.prank(stranger);
        treasury.withdraw();
        assertEq(stranger.balance, MAX, "all of it");
        vm.prank(stranger);
        vm.expectRevert(Bonds.NothingOwed.selector);
        treasury.withdraw();
    }

    function _expectVoteOver() private {
        bytes32 digest = _verdict(0, 1, false, CID);
        Relayed.Vote[] memory votes = new Relayed.Vote[](2);
        for (uint256 i = 0; i < 2; ++i) {
            votes[i] = Relayed.Vote(_evaluator(i), _sign(keys[i], digest));
        }
        vm.expectRevert(Settlement.VoteOver.selector);
        treasury.decideSettlement(KEY, 0, false, CID, votes);
    }
}
