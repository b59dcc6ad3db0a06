// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Records} from "../src/Records.sol";
import {Registry} from "../src/Registry.sol";
import {Submissions} from "../src/Submissions.sol";
import {Text} from "../src/Text.sol";
import {LedgerFixture} from "./LedgerFixture.sol";

/// @notice Scores and heads, where one evaluator is the quorum.
contract LedgerRecordsTest is LedgerFixture {
    address private judge;

    function setUp() public {
        _begin(3, 1);
        judge = evaluators[0];
        _registerStep(CHALLENGE, "up", Registry.Direction.Maximise, uint128(WAD), 0, 0);
    }

    function test_TheFirstScoreIsARecordWhateverItIs() public {
        uint256 id = _submit(ann);
        vm.expectEmit(true, true, true, true, address(ledger));
        emit Records.Scored(
            stepKey, judge, id, uint64(START), ann, -7, false, 0, 0, true, 11, CID
        );
        vm.prank(judge);
        ledger.score(id, -7, 11, CID);
        Submissions.Submission memory entry = ledger.submissionOf(id);
        assertTrue(entry.status == Submissions.Status.Record);
        assertEq(uint256(entry.deadline), START + DISPUTE);
        _requireHead(STEP, id, -7);
    }

    function test_ARecordIsToldWithWhatItBeat() public {
        _scoreIt(_submit(ann), 10);
        uint256 id = _submit(ben);
        vm.expectEmit(true, true, true, true, address(ledger));
        emit Records.Scored(stepKey, judge, id, uint64(START), ben, 4, true, 10, 6, true, 0, CID);
        _scoreIt(id, 4);
        _requireHead(STEP, id, 4);
    }

    function test_NoGainIsToldAndMovesNothing() public {
        uint256 first = _submit(ann);
        _scoreIt(first, 10);
        uint256 id = _submit(ben);
        vm.expectEmit(true, true, true, true, address(ledger));
        emit Records.Scored(
            stepKey, judge, id, uint64(START), ben, 12, true, 10, -2, false, 0, CID
        );
        _scoreIt(id, 12);
        assertTrue(ledger.submissionOf(id).status == Submissions.Status.NoGain);
        _requireHead(STEP, first, 10);
    }

    function test_AHeadMovesOnlyByMoreThanMinDelta() public {
        uint256 first = _submitTo(ann, "up");
        _scoreIt(first, 10 * WAD);
        _scoreIt(_submitTo(ben, "up"), 11 * WAD);
        _requireHead("up", first, 10 * WAD);
        uint256 third = _submitTo(ben, "up");
        _scoreIt(third, 11 * WAD + 1);
        _requireHead("up", third, 11 * WAD + 1);
    }

    /// forge-config: default.fuzz.runs = 256
    /// forge-config: full.fuzz.runs = 1000
    /// @dev A slow, obvious copy of the rule follows along.
    function testFuzz_AHeadIsTheBestByMoreThanMinDelta(int128[8] memory scores, bool up) public {
        string memory step = up ? "up" : STEP;
        int256 delta = up ? int256(WAD) : int256(0);
        (uint256 headId, int256 head) = (0, 0);
        for (uint256 i = 0; i < scores.length; ++i) {
            int128 value = scores[i];
            if (value == type(int128).min) continue;
            uint256 id = _submitTo(i % 2 == 0 ? ann : ben, step);
            _scoreIt(id, value);
            bool isBetter = up ? value > head + delta : value < head - delta;
            if (headId == 0 || isBetter) (headId, head) = (id, value);
            _requireHead(step, headId, int128(head));
        }
    }

    function test_ScoresAreSymmetricAboutZero() public {
        uint256 id = _submit(ann);
        vm.expectRevert(Records.ScoreOutOfRange.selector);
        _scoreIt(id, type(int128).min);
        vm.prank(judge);
        vm.expectRevert(Records.ScoreOutOfRange.selector);
        ledger.score(id, 0, type(int128).min, CID);
        _scoreIt(id, type(int128).max);
        uint256 best = _submit(ben);
        _scoreIt(best, -type(int128).max);
        _requireHead(STEP, best, -type(int128).max);
    }

    /// @dev The widest gain and the widest `minDelta` overflow nothing.
    function test_TheWidestDeltaIsBeatenByNothingThatCanBeScored() public {
        _registerStep(CHALLENGE, "wide", Registry.Direction.Maximise, type(uint128).max, 0, 0);
        uint256 first = _submitTo(ann, "wide");
        _scoreIt(first, -type(int128).max);
        _scoreIt(_submitTo(ben, "wide"), type(int128).max);
        _requireHead("wide", first, -type(int128).max);
    }

    function test_ARejectionIsToldAndFinal() public {
        uint256 id = _submit(ann);
        vm.expectEmit(true, true, true, true, address(ledger));
        emit Records.Rejected(stepKey, judge, id, uint64(START), ann, "crashed", CID);
        vm.prank(judge);
        ledger.reject(id, "crashed", CID);
        assertTrue(ledger.submissionOf(id).status == Submissions.Status.Rejected);
        vm.expectRevert(Records.AlreadyJudged.selector);
        _scoreIt(id, 1);
        _requireHead(STEP, 0, 0);
    }

    function test_AReasonHasOneToThirtyOneBytesAndEveryReportAnIdentifier() public {
        uint256 id = _submit(ann);
        vm.startPrank(judge);
        vm.expectRevert(Text.BadReason.selector);
        ledger.reject(id, "", CID);
        vm.expectRevert(Text.BadReason.selector);
        ledger.reject(id, "12345678901234567890123456789012", CID);
        vm.expectRevert(Text.BadCid.selector);
        ledger.reject(id, "crashed", "");
        vm.expectRevert(Text.BadCid.selector);
        ledger.score(id, 1, 1, "");
        ledger.reject(id, "1234567890123456789012345678901", CID);
        vm.stopPrank();
    }

    function test_OnlyEvaluatorsJudgeAndOnlyWhatWasRevealed() public {
        uint256 id = _commit(ann, CID, NO_PARENTS);
        vm.prank(ben);
        vm.expectRevert(Registry.NotEvaluator.selector);
        ledger.score(id, 1, 1, CID);
        vm.expectRevert(Submissions.UnknownSubmission.selector);
        _scoreIt(id, 1);
        vm.expectRevert(Submissions.UnknownSubmission.selector);
        _scoreIt(id + 1, 1);
        _reveal(id, ann, CID, NO_PARENTS);
        _scoreIt(id, 1);
        vm.expectRevert(Records.AlreadyJudged.selector);
        _scoreIt(id, 1);
        vm.prank(judge);
        vm.expectRevert(Records.AlreadyJudged.selector);
        ledger.reject(id, "crashed", CID);
    }

    function test_WhereAQuorumIsNeededOneEvaluatorIsNotEnough() public {
        _register("other", _rules(2));
        _registerStep("other", STEP, Registry.Direction.Minimise, 0, 0, 0);
        vm.prank(owner);
        uint256 id = ledger.commit(
            "other", STEP, _pledge(_stepKey("other", STEP), owner, CID, NO_PARENTS, SALT)
        );
        _reveal(id, owner, CID, NO_PARENTS);
        vm.expectRevert(Records.QuorumNeeded.selector);
        _scoreIt(id, 1);
        vm.prank(judge);
        vm.expectRevert(Records.QuorumNeeded.selector);
        ledger.reject(id, "crashed", CID);
    }

    function test_ARescoreMovesTheHeadWithAQuorumsVotesAndIsTold() public {
        uint256 head = _submit(ann);
        _scoreIt(head, 10);
        uint256 because = _submitTo(ben, "up");
        vm.expectEmit(true, true, true, true, address(ledger));
        emit Records.HeadRescored(stepKey, address(this), because, uint64(START), 10, 14);
        _rescore(14, because, _panel(1, 2));
        _requireHead(STEP, head, 14);
        _scoreIt(_submit(ben), 13);
        _requireHead(STEP, 3, 13);
    }

    function test_ARescoreNeedsAHeadACauseOfThisChallengeAndAQuorum() public {
        address[] memory nobody = new address[](0);
        vm.expectRevert(Records.NoHead.selector);
        ledger.rescore(CHALLENGE, STEP, 1, 1, _votes(0, nobody));
        uint256 head = _submit(ann);
        _scoreIt(head, 10);
        vm.expectRevert(Submissions.UnknownSubmission.selector);
        ledger.rescore(CHALLENGE, STEP, 1, 99, _votes(0, nobody));
        _register("other", _rules(1));
        _registerStep("other", STEP, Registry.Direction.Minimise, 0, 0, 0);
        vm.prank(owner);
        uint256 foreign = ledger.commit("other", STEP, keccak256("x"));
        vm.expectRevert(Submissions.UnknownSubmission.selector);
        ledger.rescore(CHALLENGE, STEP, 1, foreign, _votes(0, nobody));
        vm.expectRevert(Records.ScoreOutOfRange.selector);
        ledger.rescore(CHALLENGE, STEP, type(int128).min, head, _votes(0, nobody));
        vm.expectRevert(Records.QuorumNeeded.selector);
        ledger.rescore(CHALLENGE, STEP, 1, head, _votes(0, nobody));
        vm.expectRevert(Registry.UnknownStep.selector);
        ledger.rescore(CHALLENGE, "nowhere", 1, head, _votes(0, nobody));
    }

    function test_TheOwnerMayJudgeItsOwnBaselineAndNothingElseOfItsOwn() public {
        evaluators.push(owner);
        _register("own", _rules(1));
        _registerStep("own", STEP, Registry.Direction.Minimise, 0, 0, 0);
        bytes32 key = _stepKey("own", STEP);
        bytes32 pledge = _pledge(key, owner, CID, NO_PARENTS, SALT);
        vm.startPrank(owner);
        uint256 baseline = ledger.commit("own", STEP, pledge);
        ledger.reveal(baseline, CID, NO_PARENTS, SALT);
        ledger.score(baseline, 10, 0, CID);
        ledger.claim("own", STEP, 1 days);
        uint256 second = ledger.commit("own", STEP, pledge);
        ledger.reveal(second, CID, NO_PARENTS, SALT);
        vm.expectRevert(Registry.NotIndependent.selector);
        ledger.score(second, 5, 0, CID);
        vm.expectRevert(Registry.NotIndependent.selector);
        ledger.reject(second, "crashed", CID);
        vm.stopPrank();
    }

    function _scoreIt(uint256 id, int128 value) private {
        vm.prank(judge);
        ledger.score(id, value, 0, CID);
    }

    function _requireHead(string memory step, uint256 id, int128 value) private view {
        Registry.Step memory entry = ledger.stepOf(CHALLENGE, step);
        assertEq(uint256(entry.headId), id);
        assertEq(int256(entry.headScore), int256(value));
    }
}
