// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bonds} from "../src/Bonds.sol";
import {Bounties} from "../src/Bounties.sol";
import {Relayed} from "../src/Relayed.sol";
import {Settlement} from "../src/Settlement.sol";
import {Text} from "../src/Text.sol";
import {TreasuryFixture} from "./TreasuryFixture.sol";

/// @notice A root that is disputed is struck or made final by the evaluators, or lapses.
contract TreasuryDisputeTest is TreasuryFixture {
    uint256 private _bounty;
    Payment[] private _table;

    function setUp() public override {
        super.setUp();
        _bounty = _fundCoin(5 ether);
        _table.push(Payment(_bounty, ann, 2 ether));
        _table.push(Payment(0, bob, 40));
        _propose(_table);
    }

    function test_ADisputeSaysUntilWhenItIsVotedOn() public {
        vm.expectEmit(address(treasury));
        emit Settlement.SettlementDisputed(
            KEY, stranger, 0, START, BOND, START + DISPUTE_S, "evidence"
        );
        vm.prank(stranger);
        treasury.disputeSettlement{value: BOND}(KEY, 0, "evidence");
        Settlement.Root memory found = treasury.settlementOf(KEY, 0);
        assertTrue(found.isContested, "contested");
        assertEq(found.disputer, stranger, "by whom");
        assertEq(uint256(found.bondWei), BOND, "for how much");
        assertEq(uint256(found.voteBy), START + DISPUTE_S, "until when");
    }

    function test_AVoteLastsADayAtLeast() public {
        _register("brisk", _rules(1 hours, 0, POT));
        _endEpoch("brisk");
        bytes32 key = keccak256("brisk");
        vm.prank(owner);
        treasury.proposeSettlement("brisk", 0, "root", CID, 0, _none());
        vm.prank(stranger);
        treasury.disputeSettlement(key, 0, CID);
        assertEq(uint256(treasury.settlementOf(key, 0).voteBy), START + 1 days, "a day");
        vm.warp(START + 1 days + 1);
        treasury.lapseSettlement(key, 0);
        assertEq(treasury.owedTo(stranger), 0, "a free dispute gives nothing back");
    }

    function test_TheBondIsExact() public {
        vm.startPrank(stranger);
        vm.expectRevert(Bonds.WrongValue.selector);
        treasury.disputeSettlement{value: BOND - 1}(KEY, 0, CID);
        vm.expectRevert(Bonds.WrongValue.selector);
        treasury.disputeSettlement{value: BOND + 1}(KEY, 0, CID);
        vm.expectRevert(Text.BadCid.selector);
        treasury.disputeSettlement{value: BOND}(KEY, 0, "");
        vm.stopPrank();
    }

    function test_OnlyAStandingRootIsDisputedOnceAndInTime() public {
        vm.startPrank(stranger);
        vm.expectRevert(Settlement.NotDisputable.selector);
        treasury.disputeSettlement{value: BOND}(KEY, 1, CID);
        vm.warp(START + DISPUTE_S);
        vm.expectRevert(Settlement.NotDisputable.selector);
        treasury.disputeSettlement{value: BOND}(KEY, 0, CID);
        vm.warp(START + DISPUTE_S - 1);
        treasury.disputeSettlement{value: BOND}(KEY, 0, CID);
        vm.expectRevert(Settlement.NotDisputable.selector);
        treasury.disputeSettlement{value: BOND}(KEY, 0, CID);
        vm.stopPrank();
    }

    function test_NothingIsPaidWhileADisputeRuns() public {
        _dispute(stranger);
        vm.warp(START + DISPUTE_S);
        vm.expectRevert(Settlement.NotFinal.selector);
        _redeem(_table, 0);
        vm.warp(DEADLINE + 1);
        vm.expectRevert(Bounties.NotRefundable.selector);
        treasury.refund(_bounty);
    }

    function test_AnUpheldDisputeStrikesTheRootAndReturnsTheBond() public {
        _dispute(stranger);
        Relayed.Vote[] memory votes = _votes(true, 0, _keys(0, 1));
        vm.expectEmit(address(treasury));
        emit Settlement.SettlementDecided(KEY, ann, 0, START, true, stranger, BOND, CID);
        vm.prank(ann);
        treasury.decideSettlement(KEY, 0, true, CID, votes);
        Settlement.Root memory found = treasury.settlementOf(KEY, 0);
        assertEq(found.root, bytes32(0), "struck");
        assertTrue(!found.isContested && found.disputer == address(0), "the dispute is over");
        assertEq(treasury.owedTo(stranger), BOND, "the bond is owed");
        vm.expectRevert(Settlement.NotSettled.selector);
        _redeem(_table, 0);
    }

    function test_AnUnfoundedDisputeMakesTheRootFinalAndCostsTheBond() public {
        _dispute(stranger);
        Relayed.Vote[] memory votes = _votes(false, 0, _keys(0, 1));
        vm.expectEmit(address(treasury));
        emit Settlement.SettlementDecided(KEY, ann, 0, START, false, owner, BOND, CID);
        vm.prank(ann);
        treasury.decideSettlement(KEY, 0, false, CID, votes);
        assertEq(treasury.owedTo(owner), BOND, "the proposer has it");
        _redeem(_table, 0);
        assertEq(ann.balance, 2 ether, "paid in the same second");
        vm.prank(stranger);
        vm.expectRevert(Settlement.NotDisputable.selector);
        treasury.disputeSettlement{value: BOND}(KEY, 0, CID);
    }

    function test_AfterAStrikeTheBountyIsFreeAndTheEpochOpenAgain() public {
        _dispute(stranger);
        _decide(true, _keys(0, 1));
        uint256 more = _fundCoin(1 ether);
        Payment[] memory table = _two(Payment(_bounty, bob, 5 ether), Payment(0, ann, POT));
        _propose(table);
        assertEq(uint256(treasury.settlementOf(KEY, 0).round), 2, "the second root");
        vm.warp(_now() + DISPUTE_S);
        _redeem(table, 0);
        _redeem(table, 1);
        assertEq(bob.balance, 5 ether, "all of it");
        vm.warp(DEADLINE);
        treasury.refund(more);
    }

    function test_AfterAStrikeTheDeadlineAloneDecidesOnARefund() public {
        _dispute(stranger);
        _decide(true, _keys(0, 1));
        vm.expectRevert(Bounties.NotRefundable.selector);
        treasury.refund(_bounty);
        vm.warp(DEADLINE);
        treasury.refund(_bounty);
        assertEq(uint256(treasury.bountyOf(_bounty).left), 0, "home");
    }

    function test_ABountyThatTheSecondRootPassesOverIsNotBoundByTheFirst() public {
        _dispute(stranger);
        _decide(true, _keys(0, 1));
        _settle(_one(0, bob, 40));
        vm.warp(DEADLINE);
        treasury.refund(_bounty);
        assertEq(address(treasury).balance, BOND, "only the bond is left");
    }

    function test_AVoteThatComesToNothingStrikesTheRoot() public {
        _dispute(stranger);
        vm.warp(START + DISPUTE_S);
        vm.expectRevert(Settlement.VoteNotOver.selector);
        treasury.lapseSettlement(KEY, 0);
        uint64 now_ = START + DISPUTE_S + 1;
        vm.warp(now_);
        vm.expectEmit(address(treasury));
        emit Settlement.SettlementDecided(KEY, ann, 0, now_, true, stranger, BOND, "");
        vm.prank(ann);
        treasury.lapseSettlement(KEY, 0);
        assertEq(treasury.settlementOf(KEY, 0).root, bytes32(0), "nothing is paid in doubt");
        assertEq(treasury.owedTo(stranger), BOND, "the bond is owed");
    }

    function test_AVoteEndsAfterItsLastSecond() public {
        _dispute(stranger);
        Relayed.Vote[] memory votes = _votes(true, 0, _keys(0, 1));
        vm.warp(START + DISPUTE_S + 1);
        vm.expectRevert(Settlement.VoteOver.selector);
        treasury.decideSettlement(KEY, 0, true, CID, votes);
        vm.warp(START + DISPUTE_S);
        treasury.decideSettlement(KEY, 0, true, CID, votes);
    }

    function test_OnlyWhatIsContestedIsDecided() public {
        Relayed.Vote[] memory votes = _votes(true, 0, _keys(0, 1));
        vm.expectRevert(Settlement.NotContested.selector);
        treasury.decideSettlement(KEY, 0, true, CID, votes);
        vm.expectRevert(Settlement.NotContested.selector);
        treasury.lapseSettlement(KEY, 0);
        _dispute(stranger);
        vm.expectRevert(Text.BadCid.selector);
        treasury.decideSettlement(KEY, 0, true, "", votes);
        treasury.decideSettlement(KEY, 0, true, CID, votes);
        vm.expectRevert(Settlement.NotContested.selector);
        treasury.decideSettlement(KEY, 0, true, CID, votes);
    }

    function test_OneVoteOfThreeIsNoMajority() public {
        _dispute(stranger);
        uint256[] memory one = new uint256[](1);
        one[0] = keys[0];
        Relayed.Vote[] memory votes = _votes(true, 0, one);
        vm.expectRevert(Settlement.QuorumNeeded.selector);
        treasury.decideSettlement(KEY, 0, true, CID, votes);
        vm.expectRevert(Settlement.QuorumNeeded.selector);
        treasury.decideSettlement(KEY, 0, true, CID, new Relayed.Vote[](0));
    }

    function test_ASenderWhoJudgesNeedsNoSignature() public {
        _dispute(stranger);
        Relayed.Vote[] memory votes = _votes(true, 0, _keys(0, 1));
        votes[1].signature = "";
        vm.prank(_evaluator(0));
        vm.expectRevert(Relayed.BadSignature.selector);
        treasury.decideSettlement(KEY, 0, true, CID, votes);
        vm.prank(_evaluator(1));
        treasury.decideSettlement(KEY, 0, true, CID, votes);
    }

    function test_StrangersDoNotVote() public {
        _dispute(stranger);
        uint256[] memory signers = new uint256[](1);
        signers[0] = 0xBAD;
        Relayed.Vote[] memory votes = _votes(true, 0, signers);
        vm.expectRevert(Settlement.NotEvaluator.selector);
        treasury.decideSettlement(KEY, 0, true, CID, votes);
    }

    function test_AWithdrawalSaysWhatItPaid() public {
        _dispute(stranger);
        _decide(true, _keys(0, 2));
        uint256 before = stranger.balance;
        vm.expectEmit(address(treasury));
        emit Bonds.Withdrawn(stranger, START, BOND);
        vm.prank(stranger);
        treasury.withdraw();
        assertEq(stranger.balance, before + BOND, "paid");
        vm.prank(stranger);
        vm.expectRevert(Bonds.NothingOwed.selector);
        treasury.withdraw();
    }

    function test_APauseStopsNoDisputeVoteLapseOrWithdrawal() public {
        guard.pause();
        _dispute(stranger);
        _decide(true, _keys(1, 2));
        vm.prank(stranger);
        treasury.withdraw();
        guard.unpause();
        _propose(_table);
        _dispute(stranger);
        vm.warp(_now() + 14 days);
        guard.pause();
        treasury.lapseSettlement(KEY, 0);
        assertEq(treasury.owedTo(stranger), BOND, "twice disputed, twice right");
    }
}
