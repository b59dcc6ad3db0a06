// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Attestations} from "../src/Attestations.sol";
import {Bonds} from "../src/Bonds.sol";
import {Disputes} from "../src/Disputes.sol";
import {Records} from "../src/Records.sol";
import {Registry} from "../src/Registry.sol";
import {Relayed} from "../src/Relayed.sol";
import {Submissions} from "../src/Submissions.sol";
import {Text} from "../src/Text.sol";
import {LedgerFixture} from "./LedgerFixture.sol";

/// @notice Second looks: who may ask for one, who decides, where bonds and heads go.
contract LedgerDisputesTest is LedgerFixture {
    uint256 private id;

    function setUp() public {
        _begin(5, 3);
        id = _contribute(ann, 10);
    }

    function test_ADisputeIsToldAndTakesTheBond() public {
        vm.deal(ben, BOND);
        vm.expectEmit(true, true, true, true, address(ledger));
        emit Disputes.Disputed(
            stepKey, ben, id, uint64(START), BOND, uint64(START + DISPUTE), "bafyevidence"
        );
        vm.prank(ben);
        ledger.dispute{value: BOND}(id, "bafyevidence");
        Disputes.Dispute memory found = ledger.disputeOf(id);
        assertEq(found.disputer, ben);
        assertEq(uint256(found.bondWei), BOND);
        assertEq(uint256(found.voteBy), START + DISPUTE);
        assertTrue(ledger.submissionOf(id).status == Submissions.Status.Contested);
        assertEq(address(ledger).balance, BOND);
    }

    function test_AnUpheldDisputeStrikesTheRecordAndGivesTheBondBack() public {
        _dispute(id, ben);
        vm.expectEmit(true, true, true, true, address(ledger));
        emit Disputes.DisputeDecided(
            stepKey, address(this), id, uint64(START), true, ben, BOND, CID
        );
        vm.expectEmit(true, true, true, true, address(ledger));
        emit Disputes.Struck(stepKey, address(this), id, uint64(START), true, 0, 0);
        _decide(id, true, _panel(0, 3));
        assertEq(ledger.owedTo(ben), BOND);
        assertTrue(ledger.submissionOf(id).status == Submissions.Status.Struck);
        _requireHead(0, 0);
        assertEq(uint256(ledger.disputeOf(id).voteBy), 0);
    }

    function test_AnUnfoundedDisputePaysTheAuthorAndTheRecordIsFinal() public {
        _dispute(id, ben);
        vm.expectEmit(true, true, true, true, address(ledger));
        emit Disputes.DisputeDecided(
            stepKey, address(this), id, uint64(START), false, ann, BOND, CID
        );
        _decide(id, false, _panel(0, 3));
        assertEq(ledger.owedTo(ann), BOND);
        assertEq(ledger.owedTo(ben), 0);
        _requireHead(id, 10);
        vm.deal(ben, BOND);
        vm.prank(ben);
        vm.expectRevert(Disputes.NotDisputable.selector);
        ledger.dispute{value: BOND}(id, CID);
        vm.expectEmit(true, true, true, true, address(ledger));
        emit Bonds.Withdrawn(ann, uint64(START), BOND);
        vm.prank(ann);
        ledger.withdraw();
        assertEq(ann.balance, BOND);
        vm.prank(ann);
        vm.expectRevert(Bonds.NothingOwed.selector);
        ledger.withdraw();
    }

    function test_AVoteThatComesToNothingLeavesTheRecordAndGivesTheBondBack() public {
        _dispute(id, ben);
        vm.warp(START + DISPUTE + 1);
        vm.expectEmit(true, true, true, true, address(ledger));
        emit Disputes.DisputeDecided(
            stepKey, address(this), id, uint64(START + DISPUTE + 1), false, ben, BOND, ""
        );
        ledger.lapse(id);
        assertTrue(ledger.submissionOf(id).status == Submissions.Status.Record);
        assertEq(uint256(ledger.submissionOf(id).deadline), 0);
        assertEq(ledger.owedTo(ben), BOND);
        _requireHead(id, 10);
    }

    function test_TheBondIsExact() public {
        vm.deal(ben, 1 ether);
        vm.startPrank(ben);
        vm.expectRevert(Bonds.WrongValue.selector);
        ledger.dispute{value: BOND - 1}(id, CID);
        vm.expectRevert(Bonds.WrongValue.selector);
        ledger.dispute{value: BOND + 1}(id, CID);
        vm.expectRevert(Bonds.WrongValue.selector);
        ledger.dispute(id, CID);
        vm.expectRevert(Text.BadCid.selector);
        ledger.dispute{value: BOND}(id, "");
        vm.stopPrank();
    }

    function test_OnlyRecordsAreDisputedAndEachOnceAtATime() public {
        uint256 pending = _submit(ann);
        uint256 none = _contribute(ben, 99);
        vm.deal(ben, 1 ether);
        vm.startPrank(ben);
        vm.expectRevert(Submissions.UnknownSubmission.selector);
        ledger.dispute{value: BOND}(99, CID);
        vm.expectRevert(Disputes.NotDisputable.selector);
        ledger.dispute{value: BOND}(pending, CID);
        vm.expectRevert(Disputes.NotDisputable.selector);
        ledger.dispute{value: BOND}(none, CID);
        ledger.dispute{value: BOND}(id, CID);
        vm.expectRevert(Disputes.NotDisputable.selector);
        ledger.dispute{value: BOND}(id, CID);
        vm.stopPrank();
    }

    function test_AChallengeMayHaveNoDisputesAtAll() public {
        Registry.Rules memory rules = _rules(1);
        rules.disputeS = 0;
        _register("quick", rules);
        _registerStep("quick", STEP, Registry.Direction.Minimise, 0, 0, 0);
        uint256 quick = _baseline("quick");
        vm.prank(evaluators[0]);
        ledger.score(quick, 1, 0, CID);
        vm.deal(ben, BOND);
        vm.prank(ben);
        vm.expectRevert(Disputes.NotDisputable.selector);
        ledger.dispute{value: BOND}(quick, CID);
    }

    /// @dev However short the window, evaluators have a day to vote.
    function test_AVoteIsOpenForADayAtLeast() public {
        Registry.Rules memory rules = _rules(1);
        (rules.disputeS, rules.bondWei) = (60, 0);
        _register("quick", rules);
        _registerStep("quick", STEP, Registry.Direction.Minimise, 0, 0, 0);
        uint256 quick = _baseline("quick");
        vm.prank(evaluators[0]);
        ledger.score(quick, 1, 0, CID);
        vm.prank(ben);
        ledger.dispute(quick, CID);
        assertEq(uint256(ledger.disputeOf(quick).voteBy), START + 1 days);
        vm.warp(START + 1 days + 1);
        ledger.lapse(quick);
        assertEq(ledger.owedTo(ben), 0);
    }

    function test_MoreThanHalfOfAllEvaluatorsDecide() public {
        _dispute(id, ben);
        Relayed.Vote[] memory two = _votes(_verdictHash(id, true), _panel(0, 2));
        vm.expectRevert(Records.QuorumNeeded.selector);
        ledger.decide(id, true, CID, two);
        vm.expectRevert(Records.QuorumNeeded.selector);
        ledger.decide(id, true, CID, new Relayed.Vote[](0));
        vm.expectRevert(Text.BadCid.selector);
        ledger.decide(id, true, "", two);
        _decide(id, true, _panel(2, 5));
    }

    function test_OnlyWhatIsContestedIsDecidedOrLapses() public {
        Relayed.Vote[] memory votes = _votes(_verdictHash(id, true), _panel(0, 3));
        vm.expectRevert(Disputes.NotContested.selector);
        ledger.decide(id, true, CID, votes);
        vm.expectRevert(Disputes.NotContested.selector);
        ledger.lapse(id);
        vm.expectRevert(Submissions.UnknownSubmission.selector);
        ledger.lapse(99);
        _dispute(id, ben);
        _decide(id, true, _panel(0, 3));
        vm.expectRevert(Disputes.NotContested.selector);
        ledger.decide(id, true, CID, votes);
    }

    function test_AVoteIsForOneVerdictAndOneReport() public {
        _dispute(id, ben);
        Relayed.Vote[] memory votes = _votes(_verdictHash(id, true), _panel(0, 3));
        vm.expectRevert(Relayed.BadSignature.selector);
        ledger.decide(id, false, CID, votes);
        vm.expectRevert(Relayed.BadSignature.selector);
        ledger.decide(id, true, "bafyother", votes);
        ledger.decide(id, true, CID, votes);
    }

    function test_AStruckHeadGoesBackToTheRecordBeforeIt() public {
        uint256 second = _contribute(ben, 8);
        uint256 third = _contribute(ann, 5);
        _dispute(second, ann);
        vm.expectEmit(true, true, true, true, address(ledger));
        emit Disputes.Struck(
            stepKey, address(this), second, uint64(START), false, uint32(third), 5
        );
        _decide(second, true, _panel(0, 3));
        _requireHead(third, 5);
        _dispute(third, ben);
        vm.expectEmit(true, true, true, true, address(ledger));
        emit Disputes.Struck(stepKey, address(this), third, uint64(START), true, uint32(id), 10);
        _decide(third, true, _panel(0, 3)); // the second was struck: back to the first
        _requireHead(id, 10);
        uint256 fourth = _contribute(ben, 9);
        _requireHead(fourth, 9);
    }

    function test_AHeadUnderDisputeStandsUntilItIsStruck() public {
        uint256 second = _contribute(ben, 8);
        _dispute(id, ben);
        _dispute(second, ann);
        _decide(second, true, _panel(0, 3));
        _requireHead(id, 10); // itself contested, not struck
        _decide(id, true, _panel(0, 3));
        _requireHead(0, 0);
    }

    /// @dev The score to go back to is the one that was beaten, after any rescore of it.
    function test_AStruckHeadGivesBackTheScoreThatItBeat() public {
        _rescore(12, id, _panel(0, 3));
        uint256 second = _contribute(ben, 11);
        _rescore(9, second, _panel(0, 3));
        _dispute(second, ann);
        _decide(second, true, _panel(0, 3));
        _requireHead(id, 12);
        assertFalse(ledger.stepOf(CHALLENGE, STEP).isStale);
    }

    /// @dev The defect: the score that came back was of an older metric, and counted as fresh.
    function test_AScoreThatComesBackFromAnOlderMetricIsStale() public {
        uint256 second = _contribute(ben, 8);
        _seal();
        vm.startPrank(owner);
        ledger.proposeMetric(CHALLENGE, STEP, SPEC, Registry.Direction.Minimise, 0, 0);
        ledger.seal(CHALLENGE, keccak256("root"), CID);
        ledger.activateMetric(CHALLENGE, STEP);
        vm.stopPrank();
        _rescore(800, second, _panel(0, 3));
        _dispute(second, ann);
        _decide(second, true, _panel(0, 3));
        _requireHead(id, 10);
        assertTrue(ledger.stepOf(CHALLENGE, STEP).isStale);
        _rescore(1000, id, _panel(0, 3));
        uint256 third = _contribute(ben, 900);
        _requireHead(third, 900);
        assertFalse(ledger.stepOf(CHALLENGE, STEP).isStale);
        _dispute(third, ann);
        _decide(third, true, _panel(0, 3));
        _requireHead(id, 1000);
        assertFalse(ledger.stepOf(CHALLENGE, STEP).isStale); // beaten by the metric of today
    }

    function test_AStepWhoseOnlyRecordWasStruckIsAsNew() public {
        _seal();
        vm.startPrank(owner);
        ledger.proposeMetric(CHALLENGE, STEP, SPEC, Registry.Direction.Maximise, 5, 0);
        ledger.seal(CHALLENGE, keccak256("root"), CID);
        ledger.activateMetric(CHALLENGE, STEP);
        vm.stopPrank();
        _dispute(id, ben);
        _decide(id, true, _panel(0, 3));
        assertFalse(ledger.stepOf(CHALLENGE, STEP).isStale);
        uint256 next = _contribute(ben, -50);
        _requireHead(next, -50);
    }

    function test_AStandingVoteOnASpreadMakesTheRecordAndItIsFinal() public {
        uint256 apart = _submit(ben);
        _judge(apart, _scores(5, 6, 7));
        vm.expectEmit(true, true, true, true, address(ledger));
        emit Disputes.DisputeDecided(
            stepKey, address(this), apart, uint64(START), false, ben, 0, CID
        );
        vm.expectEmit(true, true, true, true, address(ledger));
        emit Records.Scored(
            stepKey, address(this), apart, uint64(START), ben, 6, true, 10, 4, true, 0, CID
        );
        _decide(apart, false, _panel(0, 3));
        _requireHead(apart, 6);
        assertEq(uint256(ledger.submissionOf(apart).deadline), 0);
        vm.deal(ann, BOND);
        vm.prank(ann);
        vm.expectRevert(Disputes.NotDisputable.selector);
        ledger.dispute{value: BOND}(apart, CID);
    }

    function test_ASpreadMayProveToBeNoGain() public {
        uint256 apart = _submit(ben);
        _judge(apart, _scores(50, 60, 70));
        _decide(apart, false, _panel(0, 3));
        assertTrue(ledger.submissionOf(apart).status == Submissions.Status.NoGain);
        _requireHead(id, 10);
    }

    function test_AVoteAgainstASpreadStrikesWithoutAHeadMoving() public {
        uint256 apart = _submit(ben);
        _judge(apart, _scores(5, 6, 7));
        vm.expectEmit(true, true, true, true, address(ledger));
        emit Disputes.Struck(stepKey, address(this), apart, uint64(START), false, uint32(id), 10);
        _decide(apart, true, _panel(0, 3));
        _requireHead(id, 10);
        assertTrue(ledger.submissionOf(apart).status == Submissions.Status.Struck);
    }

    function test_ASpreadThatNobodyVotesOnIsStruck() public {
        uint256 apart = _submit(ben);
        _judge(apart, _scores(5, 6, 7));
        vm.warp(START + DISPUTE + 1);
        vm.expectEmit(true, true, true, true, address(ledger));
        emit Disputes.DisputeDecided(
            stepKey,
            address(this),
            apart,
            uint64(START + DISPUTE + 1),
            true,
            address(0),
            0,
            ""
        );
        ledger.lapse(apart);
        assertTrue(ledger.submissionOf(apart).status == Submissions.Status.Struck);
        assertEq(ledger.owedTo(address(0)), 0);
    }

    /// @dev End-to-end scores are kept through the vote, negative ones too.
    function testFuzz_AVoteKeepsBothScores(int128 scoreWad, int128 e2eScoreWad) public {
        vm.assume(scoreWad > -type(int128).max && e2eScoreWad != type(int128).min);
        uint256 apart = _submit(ben);
        _judgeApart(apart, scoreWad, e2eScoreWad);
        bool isRecord = scoreWad < 10;
        int256 gain = 10 - int256(scoreWad);
        vm.expectEmit(true, true, true, true, address(ledger));
        emit Records.Scored(
            stepKey,
            address(this),
            apart,
            uint64(START),
            ben,
            scoreWad,
            true,
            10,
            gain,
            isRecord,
            e2eScoreWad,
            CID
        );
        _decide(apart, false, _panel(0, 3));
    }

    /// @dev The middle one of three is wanted; its neighbours are one apart.
    function _judgeApart(uint256 apart, int128 scoreWad, int128 e2eScoreWad) private {
        int128 better = scoreWad - 1;
        Attestations.Opening[] memory openings = _openings(_scores(scoreWad, scoreWad, better));
        openings[0].e2eScoreWad = e2eScoreWad;
        openings[1].e2eScoreWad = e2eScoreWad;
        bytes32 base = _commitRound(apart, openings);
        ledger.revealScores(apart, base, openings);
    }

    function _baseline(string memory challenge) private returns (uint256 first) {
        bytes32 pledge = _pledge(_stepKey(challenge, STEP), owner, CID, NO_PARENTS, SALT);
        vm.prank(owner);
        first = ledger.commit(challenge, STEP, pledge);
        _reveal(first, owner, CID, NO_PARENTS);
    }

    function _requireHead(uint256 head, int128 value) private view {
        Registry.Step memory entry = ledger.stepOf(CHALLENGE, STEP);
        assertEq(uint256(entry.headId), head);
        assertEq(int256(entry.headScore), int256(value));
    }
}
