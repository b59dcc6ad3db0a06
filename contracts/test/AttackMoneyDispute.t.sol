// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Registry} from "../src/Registry.sol";
import {Relayed} from "../src/Relayed.sol";
import {Settlement} from "../src/Settlement.sol";
import {TreasuryFixture} from "./TreasuryFixture.sol";

/// @notice A dispute of a settlement costs its griefer, and no vote counts where it does not belong.
contract AttackMoneyDisputeTest is TreasuryFixture {
    function setUp() public override {
        super.setUp();
        _propose(_one(0, ann, 5));
    }

    function test_AGrieferPaysTheProposerAndComesNoSecondTime() public {
        uint256 before = stranger.balance;
        _dispute(stranger);
        _decide(false, _keys(0, 1));
        assertEq(stranger.balance, before, "the bond that it was dealt is gone");
        assertEq(treasury.owedTo(stranger), 0, "and not owed");
        assertEq(treasury.owedTo(owner), BOND, "the proposer has it");
        vm.prank(stranger);
        vm.expectRevert(Settlement.NotDisputable.selector);
        treasury.disputeSettlement{value: BOND}(KEY, 0, CID);
    }

    function test_VotesOfOneRoundAreWorthNothingInTheNext() public {
        _dispute(stranger);
        Relayed.Vote[] memory old = _votes(true, 0, _keys(0, 1));
        treasury.decideSettlement(KEY, 0, true, CID, old);
        _propose(_one(0, bob, 5));
        _dispute(stranger);
        vm.expectRevert(Relayed.BadSignature.selector);
        treasury.decideSettlement(KEY, 0, true, CID, old);
    }

    function test_VotesForOneVerdictAreNoneForTheOther() public {
        _dispute(stranger);
        Relayed.Vote[] memory votes = _votes(true, 0, _keys(0, 1));
        vm.expectRevert(Relayed.BadSignature.selector);
        treasury.decideSettlement(KEY, 0, false, CID, votes);
        vm.expectRevert(Relayed.BadSignature.selector);
        treasury.decideSettlement(KEY, 0, true, "another report", votes);
    }

    function test_VotesForOneEpochAreNoneForAnother() public {
        _endEpoch(NAME);
        vm.prank(owner);
        treasury.proposeSettlement(NAME, 1, "root", CID, 5, _none());
        vm.prank(stranger);
        treasury.disputeSettlement{value: BOND}(KEY, 1, CID);
        Relayed.Vote[] memory votes = _votes(true, 0, _keys(0, 1));
        vm.expectRevert(Relayed.BadSignature.selector);
        treasury.decideSettlement(KEY, 1, true, CID, votes);
    }

    function test_VotesForOneChallengeAreNoneForAnother() public {
        _register("other", _rules(DISPUTE_S, BOND, POT));
        _endEpoch("other");
        bytes32 other = keccak256("other");
        vm.prank(owner);
        treasury.proposeSettlement("other", 0, "root", CID, 5, _none());
        vm.prank(stranger);
        treasury.disputeSettlement{value: BOND}(other, 0, CID);
        Relayed.Vote[] memory votes = _votes(true, 0, _keys(0, 1));
        vm.expectRevert(Relayed.BadSignature.selector);
        treasury.decideSettlement(other, 0, true, CID, votes);
    }

    function test_VotesOfAnotherChainOrContractDoNotCount() public {
        _dispute(stranger);
        Relayed.Vote[] memory votes = _votes(true, 0, _keys(0, 1));
        vm.chainId(HERE + 1);
        vm.expectRevert(Relayed.BadSignature.selector);
        treasury.decideSettlement(KEY, 0, true, CID, votes);
        vm.chainId(HERE);
        bytes32 digest = _digest(address(ledger), _verdict(0, 1, true, CID));
        for (uint256 i = 0; i < 2; ++i) {
            votes[i].signature = signed(keys[i], digest);
        }
        vm.expectRevert(Relayed.BadSignature.selector);
        treasury.decideSettlement(KEY, 0, true, CID, votes);
        _decide(true, _keys(0, 1)); // of this one they do
    }

    function test_NobodyVotesTwice() public {
        _dispute(stranger);
        Relayed.Vote[] memory votes = _votes(true, 0, _keys(1, 1));
        vm.expectRevert(Relayed.VotesNotRising.selector);
        treasury.decideSettlement(KEY, 0, true, CID, votes);
        votes = _votes(true, 0, _keys(1, 0));
        vm.expectRevert(Relayed.VotesNotRising.selector);
        treasury.decideSettlement(KEY, 0, true, CID, votes);
    }

    function test_TheDisputerDoesNotVote() public {
        _dispute(_evaluator(0));
        Relayed.Vote[] memory votes = _votes(true, 0, _keys(0, 1));
        vm.expectRevert(Settlement.NotIndependent.selector);
        treasury.decideSettlement(KEY, 0, true, CID, votes);
        _decide(true, _keys(1, 2));
    }

    function test_TheProposerDoesNotVote() public {
        _restartAs(_evaluator(2));
        _dispute(stranger);
        Relayed.Vote[] memory votes = _votes(false, 0, _keys(1, 2));
        vm.expectRevert(Settlement.NotIndependent.selector);
        treasury.decideSettlement(KEY, 0, false, CID, votes);
        _decide(false, _keys(0, 1));
        assertEq(treasury.owedTo(_evaluator(2)), BOND, "the bond is the proposer's all the same");
    }

    function test_BetweenTwoEvaluatorsTheThirdDecides() public {
        _restartAs(_evaluator(2));
        _dispute(_evaluator(0));
        uint256[] memory third = new uint256[](1);
        third[0] = keys[1];
        _decide(true, third);
        assertEq(treasury.settlementOf(KEY, 0).root, bytes32(0), "struck");
    }

    /// @dev Known and told: who proposes as the only evaluator can be stopped by anybody.
    function test_WhereNobodyIndependentIsLeftADisputeStrikes() public {
        keys = _risingKeys(1);
        Relayed.Vote[] memory none = new Relayed.Vote[](0);
        _registerSole();
        bytes32 sole = keccak256("sole");
        vm.prank(_evaluator(0));
        treasury.proposeSettlement("sole", 0, "root", CID, 5, _none());
        vm.prank(stranger);
        treasury.disputeSettlement{value: BOND}(sole, 0, CID);
        vm.expectRevert(Settlement.QuorumNeeded.selector);
        treasury.decideSettlement(sole, 0, false, CID, none);
        vm.warp(START + DISPUTE_S + 1);
        treasury.lapseSettlement(sole, 0);
        vm.prank(owner);
        treasury.proposeSettlement("sole", 0, "root", CID, 5, _none());
        assertEq(treasury.owedTo(stranger), BOND, "nothing was proved, nothing is lost");
    }

    function test_EvaluatorsWhoLeftOrAreNotYetThereDoNotVote() public {
        address late = vm.addr(0xE9);
        vm.startPrank(owner);
        ledger.addEvaluator(NAME, late);
        ledger.retireEvaluator(NAME, _evaluator(0));
        vm.stopPrank();
        _dispute(stranger);
        uint256[] memory signers = new uint256[](1);
        signers[0] = 0xE9;
        Relayed.Vote[] memory votes = _votes(true, 0, signers);
        vm.expectRevert(Settlement.NotEvaluator.selector);
        treasury.decideSettlement(KEY, 0, true, CID, votes);
        _decide(true, _keys(0, 1));
        vm.warp(START + 7 days);
        _propose(_one(0, bob, 5));
        _dispute(stranger);
        votes = _votes(true, 0, _keys(0, 1));
        vm.expectRevert(Settlement.NotEvaluator.selector);
        treasury.decideSettlement(KEY, 0, true, CID, votes);
        votes = _votes(true, 0, signers);
        vm.expectRevert(Settlement.QuorumNeeded.selector);
        treasury.decideSettlement(KEY, 0, true, CID, votes);
    }

    function test_EveryRoundOfAGrieferCostsAnotherBond() public {
        for (uint256 i = 0; i < 3; ++i) {
            _dispute(stranger);
            vm.warp(_now() + DISPUTE_S + 1);
            treasury.lapseSettlement(KEY, 0);
            assertEq(treasury.owedTo(stranger), (i + 1) * BOND, "held until it lapsed");
            _propose(_one(0, ann, 5));
        }
        vm.prank(stranger);
        vm.expectRevert();
        treasury.disputeSettlement{value: 0}(KEY, 0, CID);
    }

    /// @dev A root by an evaluator in the place of the owner's.
    function _restartAs(address proposer) private {
        _dispute(stranger);
        _decide(true, _keys(0, 1));
        vm.prank(proposer);
        treasury.proposeSettlement(NAME, 0, "root", CID, 5, _none());
    }

    function _registerSole() private {
        address[] memory evaluators = new address[](1);
        evaluators[0] = _evaluator(0);
        vm.startPrank(owner);
        ledger.registerChallenge("sole", CID, evaluators, _sole());
        ledger.seal("sole", keccak256("data"), CID);
        vm.stopPrank();
    }

    function _sole() private pure returns (Registry.Rules memory rules) {
        rules = _rules(DISPUTE_S, BOND, POT);
        rules.quorum = 1;
    }
}
