// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Attestations} from "../src/Attestations.sol";
import {Metrics} from "../src/Metrics.sol";
import {Records} from "../src/Records.sol";
import {Registry} from "../src/Registry.sol";
import {Relayed} from "../src/Relayed.sol";
import {Submissions} from "../src/Submissions.sol";
import {Text} from "../src/Text.sol";
import {LedgerFixture} from "./LedgerFixture.sol";

/// @notice Metrics change between epochs, with notice, and no score of one counts in another.
contract LedgerMetricsTest is LedgerFixture {
    function setUp() public {
        _begin(4, 2);
        _seal();
    }

    function test_AProposalAndItsActivationAreTold() public {
        vm.expectEmit(true, true, true, true, address(ledger));
        emit Metrics.MetricProposed(
            stepKey, owner, uint64(START), SPEC, Registry.Direction.Maximise, 5, 6, 1
        );
        _propose();
        _seal();
        vm.expectEmit(true, true, true, true, address(ledger));
        emit Metrics.MetricActivated(stepKey, owner, uint64(START), 1);
        _activate();
        Registry.Step memory step = ledger.stepOf(CHALLENGE, STEP);
        assertEq(uint256(step.metricVersion), 1);
        assertEq(uint256(step.changes), 1);
        assertEq(uint256(step.minDelta), 5);
        assertEq(uint256(step.tolerance), 6);
        assertTrue(step.direction == Registry.Direction.Maximise);
        assertFalse(step.isStale);
    }

    function test_AMetricIsNotActivatedInTheEpochOfItsNotice() public {
        _propose();
        vm.expectRevert(Metrics.NotYet.selector);
        _activate();
        _seal();
        _activate();
        vm.expectRevert(Metrics.NoProposal.selector);
        _activate();
    }

    function test_ALaterProposalTakesThePlaceOfAnEarlierOne() public {
        _propose();
        _seal();
        vm.prank(owner);
        ledger.proposeMetric(CHALLENGE, STEP, SPEC, Registry.Direction.Minimise, 9, 9);
        vm.expectRevert(Metrics.NotYet.selector);
        _activate();
        _seal();
        _activate();
        assertEq(uint256(ledger.stepOf(CHALLENGE, STEP).minDelta), 9);
    }

    function test_OnlyTheOwnerChangesAMetricOfAStepThatExists() public {
        vm.expectRevert(Registry.NotOwner.selector);
        ledger.proposeMetric(CHALLENGE, STEP, SPEC, Registry.Direction.Minimise, 0, 0);
        vm.expectRevert(Registry.NotOwner.selector);
        ledger.activateMetric(CHALLENGE, STEP);
        vm.startPrank(owner);
        vm.expectRevert(Registry.UnknownStep.selector);
        ledger.proposeMetric(CHALLENGE, "nowhere", SPEC, Registry.Direction.Minimise, 0, 0);
        vm.expectRevert(Registry.UnknownStep.selector);
        ledger.activateMetric(CHALLENGE, "nowhere");
        vm.expectRevert(Text.BadCid.selector);
        ledger.proposeMetric(CHALLENGE, STEP, "", Registry.Direction.Minimise, 0, 0);
        vm.stopPrank();
    }

    function test_NothingBeatsAStaleHeadBeforeItIsScoredAnew() public {
        uint256 head = _contribute(ann, 10);
        _change();
        assertTrue(ledger.stepOf(CHALLENGE, STEP).isStale);
        uint256 id = _submit(ben);
        Attestations.Opening[] memory openings = _openings(_all(2, 50));
        bytes32 base = _commitRound(id, openings);
        vm.expectRevert(Records.HeadIsStale.selector);
        ledger.revealScores(id, base, openings);
        _rescore(30, head, _panel(0, 2));
        assertFalse(ledger.stepOf(CHALLENGE, STEP).isStale);
        ledger.revealScores(id, base, openings);
        assertEq(uint256(ledger.stepOf(CHALLENGE, STEP).headId), id);
    }

    function test_ARefusalNeedsNoFreshHead() public {
        _contribute(ann, 10);
        _change();
        uint256 id = _submit(ben);
        Attestations.Opening[] memory openings = new Attestations.Opening[](2);
        openings[0] = _refusal(evaluators[0], "crashed");
        openings[1] = _refusal(evaluators[1], "crashed");
        bytes32 base = _commitRound(id, openings);
        ledger.revealScores(id, base, openings);
        assertTrue(ledger.submissionOf(id).status == Submissions.Status.Rejected);
    }

    /// @dev The defect: what was committed to as a score of the old metric was opened as one of
    /// the new, and could make a record by it.
    function test_ScoresOfOneMetricAreNotOpenedUnderTheNext() public {
        uint256 id = _submit(ann);
        Attestations.Opening[] memory openings = _openings(_all(2, 10));
        bytes32 base = _commitRound(id, openings);
        Attestations.Commitment[] memory made = _signedCommitments(id, openings);
        _change();
        vm.expectRevert(Attestations.QuorumIncomplete.selector);
        ledger.revealScores(id, base, openings);
        vm.expectRevert(Attestations.QuorumIncomplete.selector);
        ledger.publishOpening(id, base, made, openings[0]);
        vm.warp(START + REVEAL + 1);
        vm.expectRevert(Attestations.QuorumIncomplete.selector);
        ledger.expireRound(id);
        _judge(id, _all(2, 7)); // the same evaluators: nobody was shut out
        assertEq(int256(ledger.stepOf(CHALLENGE, STEP).headScore), 7);
    }

    function test_AChangeOfMetricBeginsAHalfRoundAnew() public {
        uint256 id = _submit(ann);
        _commitOwn(id, _opening(evaluators[0], 10));
        _change();
        _commitOwn(id, _opening(evaluators[1], 20));
        assertEq(uint256(ledger.submissionOf(id).metric), 1);
        bytes32 base = ledger.submissionOf(id).word;
        vm.expectRevert(Attestations.QuorumIncomplete.selector);
        ledger.revealScores(id, base, _openings(_all(2, 10)));
        _commitOwn(id, _opening(evaluators[0], 20));
        vm.expectRevert(Attestations.QuorumComplete.selector);
        _commitOwn(id, _opening(evaluators[2], 20));
    }

    /// @dev Openings that were published for the old metric excuse nobody in the new round.
    function test_PublishedOpeningsOfAnOldMetricExcuseNobody() public {
        uint256 id = _submit(ann);
        Attestations.Opening[] memory openings = _openings(_all(2, 10));
        bytes32 base = _commitRound(id, openings);
        Attestations.Commitment[] memory made = _signedCommitments(id, openings);
        ledger.publishOpening(id, base, made, openings[0]);
        ledger.publishOpening(id, base, made, openings[1]);
        _change();
        _commitRound(id, _openings(_all(2, 20)));
        assertEq(uint256(ledger.submissionOf(id).revealed), 0);
        vm.warp(_now() + REVEAL + 1);
        ledger.expireRound(id);
        assertTrue(ledger.submissionOf(id).withheld != 0);
    }

    function test_ACommitmentSignedForOneMetricIsNotTakenUnderTheNext() public {
        uint256 id = _submit(ann);
        Attestations.Commitment[] memory signed = _signedCommitments(id, _openings(_all(2, 10)));
        _change();
        vm.expectRevert(Relayed.BadSignature.selector);
        ledger.commitScores(id, signed);
    }

    function test_VotesToRescoreByOneMetricAreNotTakenUnderTheNext() public {
        uint256 head = _contribute(ann, 10);
        _change();
        Relayed.Vote[] memory votes = _votes(_rescoreHash(30, head), _panel(0, 2));
        _change();
        vm.expectRevert(Relayed.BadSignature.selector);
        ledger.rescore(CHALLENGE, STEP, 30, head, votes);
    }

    function _change() private {
        _propose();
        _seal();
        _activate();
    }

    function _propose() private {
        vm.prank(owner);
        ledger.proposeMetric(CHALLENGE, STEP, SPEC, Registry.Direction.Maximise, 5, 6);
    }

    function _activate() private {
        vm.prank(owner);
        ledger.activateMetric(CHALLENGE, STEP);
    }
}
