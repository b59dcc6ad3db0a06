// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Attestations} from "../src/Attestations.sol";
import {Records} from "../src/Records.sol";
import {Registry} from "../src/Registry.sol";
import {Relayed} from "../src/Relayed.sol";
import {Submissions} from "../src/Submissions.sol";
import {Text} from "../src/Text.sol";
import {LedgerFixture} from "./LedgerFixture.sol";

/// @notice Rounds of a quorum of three of five: commitments, openings, and those who keep theirs.
contract LedgerRoundsTest is LedgerFixture {
    uint256 private id;

    function setUp() public {
        _begin(5, 3);
        _registerStep(CHALLENGE, "up", Registry.Direction.Maximise, 0, 10, 0);
        id = _submit(ann);
    }

    function test_CommitmentsAreToldWithTheWordTheyAreChainedOnto() public {
        Attestations.Opening[] memory openings = _openings(_all(3, 5));
        bytes32 base = ledger.submissionOf(id).word;
        Attestations.Commitment[] memory made = _signedCommitments(id, openings);
        (address[] memory who, bytes32[] memory hidden, bytes32 word) = _unzip(base, made);
        vm.expectEmit(true, true, true, true, address(ledger));
        emit Attestations.ScoresCommitted(
            stepKey,
            address(this),
            id,
            uint64(START),
            base,
            who,
            hidden,
            uint64(START + REVEAL)
        );
        ledger.commitScores(id, made);
        Submissions.Submission memory entry = ledger.submissionOf(id);
        assertEq(entry.word, word);
        assertEq(uint256(entry.deadline), START + REVEAL);
    }

    function test_BeforeTheQuorumIsCompleteThereIsNoEnd() public {
        Attestations.Opening memory opening = _opening(evaluators[0], 5);
        bytes32 base = ledger.submissionOf(id).word;
        Attestations.Commitment[] memory made = new Attestations.Commitment[](1);
        made[0] = Attestations.Commitment(evaluators[0], _hide(id, opening), "");
        (address[] memory who, bytes32[] memory hidden,) = _unzip(base, made);
        vm.expectEmit(true, true, true, true, address(ledger));
        emit Attestations.ScoresCommitted(
            stepKey, evaluators[0], id, uint64(START), base, who, hidden, 0
        );
        vm.prank(evaluators[0]);
        ledger.commitScores(id, made);
    }

    function test_TheHashIsThatOfTheSpecification() public view {
        Attestations.Opening memory opening =
            Attestations.Opening(ann, -5, 8, "crashed", "bafyx", keccak256("s"));
        assertEq(ledger.openingHash(9, opening), _hide(9, opening));
    }

    function test_AllOpeningsInOneCallMakeTheRecord() public {
        Attestations.Opening[] memory openings = _openings(_all(3, 5));
        openings[1].e2eScoreWad = 77;
        bytes32 base = _commitRound(id, openings);
        for (uint256 i = 0; i < 3; ++i) {
            vm.expectEmit(true, true, true, true, address(ledger));
            emit Attestations.Attested(
                stepKey,
                address(this),
                id,
                uint64(START),
                evaluators[i],
                5,
                openings[i].e2eScoreWad,
                "",
                CID
            );
        }
        vm.expectEmit(true, true, true, true, address(ledger));
        emit Records.Scored(
            stepKey, address(this), id, uint64(START), ann, 5, false, 0, 0, true, 77, CID
        );
        ledger.revealScores(id, base, openings);
        assertEq(uint256(ledger.stepOf(CHALLENGE, STEP).headId), id);
    }

    function test_EvaluatorsMayCommitOneByOneAndStandInAnyOrder() public {
        bytes32 base = ledger.submissionOf(id).word;
        Attestations.Opening[] memory openings = new Attestations.Opening[](3);
        openings[0] = _opening(evaluators[4], 5);
        openings[1] = _opening(evaluators[0], 5);
        openings[2] = _opening(evaluators[2], 5);
        for (uint256 i = 0; i < 3; ++i) {
            _commitOwn(id, openings[i]);
        }
        ledger.revealScores(id, base, openings);
        assertTrue(ledger.submissionOf(id).status == Submissions.Status.Record);
    }

    function test_OpeningsComeInTheOrderOfTheCommitments() public {
        Attestations.Opening[] memory openings = _openings(_all(3, 5));
        bytes32 base = _commitRound(id, openings);
        (openings[0], openings[1]) = (openings[1], openings[0]);
        vm.expectRevert(Attestations.WrongOpenings.selector);
        ledger.revealScores(id, base, openings);
    }

    function test_NoMoreAndNoLessThanTheQuorumIsOpened() public {
        Attestations.Opening[] memory openings = _openings(_all(3, 5));
        bytes32 base = _commitRound(id, openings);
        vm.expectRevert(Attestations.WrongOpenings.selector);
        ledger.revealScores(id, base, _openings(_all(2, 5)));
        vm.expectRevert(Attestations.WrongOpenings.selector);
        ledger.revealScores(id, base, _openings(_all(4, 5)));
        vm.expectRevert(Attestations.WrongOpenings.selector);
        ledger.revealScores(id, base, new Attestations.Opening[](0));
        bytes32 word = ledger.submissionOf(id).word;
        vm.expectRevert(Attestations.WrongOpenings.selector);
        ledger.revealScores(id, word, new Attestations.Opening[](0));
        vm.expectRevert(Attestations.WrongOpenings.selector);
        ledger.revealScores(id, keccak256("other base"), openings);
    }

    function test_NothingOpensBeforeTheQuorumIsComplete() public {
        bytes32 base = ledger.submissionOf(id).word;
        _commitOwn(id, _opening(evaluators[0], 5));
        _commitOwn(id, _opening(evaluators[1], 5));
        Attestations.Opening[] memory openings = _openings(_all(2, 5));
        Attestations.Commitment[] memory made = _signedCommitments(id, openings);
        vm.expectRevert(Attestations.QuorumIncomplete.selector);
        ledger.revealScores(id, base, openings);
        vm.expectRevert(Attestations.QuorumIncomplete.selector);
        ledger.publishOpening(id, base, made, openings[0]);
        vm.expectRevert(Attestations.QuorumIncomplete.selector);
        ledger.expireRound(id);
    }

    function test_OnlyWhatWasRevealedIsJudged() public {
        uint256 hidden = _commit(ann, "bafyhidden", NO_PARENTS);
        Attestations.Commitment[] memory made =
            _signedCommitments(hidden, _openings(_all(3, 5)));
        vm.expectRevert(Submissions.UnknownSubmission.selector);
        ledger.commitScores(hidden, made);
        vm.expectRevert(Submissions.UnknownSubmission.selector);
        ledger.commitScores(99, made);
        _judge(id, _all(3, 5));
        made = _signedCommitments(id, _openings(_all(3, 5)));
        vm.expectRevert(Records.AlreadyJudged.selector);
        ledger.commitScores(id, made);
        vm.expectRevert(Records.AlreadyJudged.selector);
        ledger.revealScores(id, 0, _openings(_all(3, 5)));
        vm.expectRevert(Records.AlreadyJudged.selector);
        ledger.expireRound(id);
    }

    function test_AnEmptyListOfCommitmentsIsRefused() public {
        vm.expectRevert(Relayed.BadBatch.selector);
        ledger.commitScores(id, new Attestations.Commitment[](0));
    }

    /// @dev By merit: of 3, 9 and 6 to be minimised the middle is 6.
    function test_TheMedianIsTheScore() public {
        _registerStep(CHALLENGE, "loose", Registry.Direction.Minimise, 0, 6, 0);
        id = _submitTo(ann, "loose");
        _judge(id, _scores(3, 9, 6));
        assertEq(int256(ledger.stepOf(CHALLENGE, "loose").headScore), 6);
    }

    /// @dev Tolerance is 10: apart by 10 they agree, by 11 they do not.
    function test_ScoresApartByMoreThanTheToleranceGoToAVote() public {
        uint256 near = _submitTo(ann, "up");
        _judge(near, _scores(100, 110, 105));
        assertEq(int256(ledger.stepOf(CHALLENGE, "up").headScore), 105);
        uint256 far = _submitTo(ben, "up");
        Attestations.Opening[] memory openings = _openings(_scores(200, 211, 205));
        bytes32 base = _commitRound(far, openings);
        vm.expectEmit(true, true, true, true, address(ledger));
        emit Attestations.SpreadFound(
            _stepKey(CHALLENGE, "up"),
            address(this),
            far,
            uint64(START),
            205,
            0,
            11,
            uint64(START + DISPUTE)
        );
        ledger.revealScores(far, base, openings);
        assertTrue(ledger.submissionOf(far).status == Submissions.Status.Contested);
        assertEq(int256(ledger.stepOf(CHALLENGE, "up").headScore), 105);
    }

    function test_AMajorityOfRefusalsIsARefusalWithItsReason() public {
        Attestations.Opening[] memory openings = _openings(_all(3, 5));
        openings[1] = _refusal(evaluators[1], "crashed");
        openings[1].reportCid = "bafycrash";
        openings[2] = _refusal(evaluators[2], "timed_out");
        bytes32 base = _commitRound(id, openings);
        vm.expectEmit(true, true, true, true, address(ledger));
        // Two refusals stand lowest; the lower median of three is the second of them.
        emit Records.Rejected(
            stepKey, address(this), id, uint64(START), ann, "timed_out", CID
        );
        ledger.revealScores(id, base, openings);
        assertTrue(ledger.submissionOf(id).status == Submissions.Status.Rejected);
    }

    function test_OneRefusalAmongScoresGoesToAVote() public {
        Attestations.Opening[] memory openings = _openings(_all(3, 5));
        openings[0] = _refusal(evaluators[0], "crashed");
        bytes32 base = _commitRound(id, openings);
        vm.expectEmit(true, true, true, true, address(ledger));
        emit Attestations.SpreadFound(
            stepKey,
            address(this),
            id,
            uint64(START),
            5,
            0,
            type(uint256).max,
            uint64(START + DISPUTE)
        );
        ledger.revealScores(id, base, openings);
    }

    /// @dev No tolerance is wide enough to take a refusal for a score.
    function test_TheWidestToleranceDoesNotCoverARefusal() public {
        uint128 all = type(uint128).max;
        _registerStep(CHALLENGE, "any", Registry.Direction.Maximise, 0, all, 0);
        id = _submitTo(ann, "any");
        int128 top = type(int128).max;
        _judge(id, _scores(-top, top, 0)); // 2^128 - 2 apart, which is within 2^128 - 1
        assertTrue(ledger.submissionOf(id).status == Submissions.Status.Record);
        id = _submitTo(ann, "any");
        Attestations.Opening[] memory openings = _openings(_all(3, 5));
        openings[2] = _refusal(evaluators[2], "crashed");
        bytes32 base = _commitRound(id, openings);
        ledger.revealScores(id, base, openings);
        assertTrue(ledger.submissionOf(id).status == Submissions.Status.Contested);
    }

    function test_OpeningsThatNoRecordCanHoldAreRefused() public {
        Attestations.Opening[4] memory bad;
        for (uint256 i = 0; i < 4; ++i) {
            bad[i] = _opening(evaluators[0], 5);
        }
        bad[0].scoreWad = type(int128).min;
        bad[1].e2eScoreWad = type(int128).min;
        bad[2].reportCid = "";
        bad[3].reason = "12345678901234567890123456789012";
        bytes4[4] memory why = [
            Records.ScoreOutOfRange.selector,
            Records.ScoreOutOfRange.selector,
            Text.BadCid.selector,
            Text.BadReason.selector
        ];
        for (uint256 i = 0; i < 4; ++i) {
            id = _submit(ann);
            Attestations.Opening[] memory openings = _openings(_all(3, 5));
            openings[0] = bad[i];
            bytes32 base = _commitRound(id, openings);
            vm.expectRevert(why[i]);
            ledger.revealScores(id, base, openings);
        }
    }

    function test_APublishedOpeningIsToldAndPublishedOnce() public {
        Attestations.Opening[] memory openings = _openings(_all(3, 5));
        bytes32 base = _commitRound(id, openings);
        Attestations.Commitment[] memory made = _signedCommitments(id, openings);
        vm.expectEmit(true, true, true, true, address(ledger));
        emit Attestations.OpeningPublished(
            stepKey, evaluators[1], id, uint64(START), openings[1]
        );
        vm.prank(evaluators[1]);
        ledger.publishOpening(id, base, made, openings[1]);
        vm.expectRevert(Submissions.AlreadyRevealed.selector);
        ledger.publishOpening(id, base, made, openings[1]);
    }

    function test_OnlyAnOpeningOfThisRoundIsPublished() public {
        Attestations.Opening[] memory openings = _openings(_all(3, 5));
        bytes32 base = _commitRound(id, openings);
        Attestations.Commitment[] memory made = _signedCommitments(id, openings);
        vm.expectRevert(Attestations.WrongOpenings.selector);
        ledger.publishOpening(id, base, made, _opening(evaluators[0], 6));
        vm.expectRevert(Attestations.WrongOpenings.selector);
        ledger.publishOpening(id, base, made, _opening(evaluators[3], 5));
        vm.expectRevert(Attestations.WrongOpenings.selector);
        ledger.publishOpening(id, keccak256("x"), made, openings[0]);
        vm.expectRevert(Attestations.WrongOpenings.selector);
        ledger.publishOpening(id, base, new Attestations.Commitment[](0), openings[0]);
    }

    function test_AnExpiredRoundIsToldAndTheOthersCommitAnew() public {
        Attestations.Opening[] memory openings = _openings(_all(3, 5));
        bytes32 base = _commitRound(id, openings);
        Attestations.Commitment[] memory made = _signedCommitments(id, openings);
        ledger.publishOpening(id, base, made, openings[0]);
        ledger.publishOpening(id, base, made, openings[2]);
        vm.warp(START + REVEAL + 1);
        // The only one who showed nothing is the second commitment's evaluator, number 1 + bit.
        uint16 silent = uint16(1 << 1);
        vm.expectEmit(true, true, true, true, address(ledger));
        emit Attestations.RoundExpired(
            stepKey, address(this), id, uint64(START + REVEAL + 1), silent
        );
        ledger.expireRound(id);
        Submissions.Submission memory entry = ledger.submissionOf(id);
        assertEq(uint256(entry.withheld), silent);
        assertEq(uint256(entry.committed), 0);
        assertEq(uint256(entry.revealed), 0);
        vm.expectRevert(Attestations.ShutOut.selector);
        _commitOwn(id, _opening(evaluators[1], 5));
        openings[1] = _opening(evaluators[3], 5);
        base = _commitRound(id, openings);
        ledger.revealScores(id, base, openings);
        assertTrue(ledger.submissionOf(id).status == Submissions.Status.Record);
    }

    function test_ShutOutIsForOneSubmissionOnly() public {
        _commitRound(id, _openings(_all(3, 5)));
        vm.warp(START + REVEAL + 1);
        ledger.expireRound(id);
        uint256 next = _submit(ben);
        _judge(next, _all(3, 5));
        assertTrue(ledger.submissionOf(next).status == Submissions.Status.Record);
    }

    function test_ARoundOfWhichAllIsPublishedDoesNotExpire() public {
        Attestations.Opening[] memory openings = _openings(_all(3, 5));
        bytes32 base = _commitRound(id, openings);
        Attestations.Commitment[] memory made = _signedCommitments(id, openings);
        for (uint256 i = 0; i < 3; ++i) {
            ledger.publishOpening(id, base, made, openings[i]);
        }
        vm.warp(START + 365 days);
        vm.expectRevert(Attestations.RoundNotOver.selector);
        ledger.expireRound(id);
        ledger.revealScores(id, base, openings);
        assertTrue(ledger.submissionOf(id).status == Submissions.Status.Record);
    }

    function test_AQuorumOfOneMayAlsoCommitAndOpen() public {
        _register("sole", _rules(1));
        _registerStep("sole", STEP, Registry.Direction.Minimise, 0, 0, 0);
        bytes32 pledge = _pledge(_stepKey("sole", STEP), owner, CID, NO_PARENTS, SALT);
        vm.prank(owner);
        id = ledger.commit("sole", STEP, pledge);
        _reveal(id, owner, CID, NO_PARENTS);
        _commitOwn(id, _opening(evaluators[2], 5));
        Attestations.Opening[] memory openings = new Attestations.Opening[](1);
        openings[0] = _opening(evaluators[2], 5);
        ledger.revealScores(id, pledge, openings);
        assertTrue(ledger.submissionOf(id).status == Submissions.Status.Record);
    }

    function _unzip(bytes32 base, Attestations.Commitment[] memory made)
        private
        pure
        returns (address[] memory who, bytes32[] memory hidden, bytes32 word)
    {
        who = new address[](made.length);
        hidden = new bytes32[](made.length);
        word = base;
        for (uint256 i = 0; i < made.length; ++i) {
            (who[i], hidden[i]) = (made[i].evaluator, made[i].commitment);
            word = keccak256(abi.encode(word, who[i], hidden[i]));
        }
    }
}
