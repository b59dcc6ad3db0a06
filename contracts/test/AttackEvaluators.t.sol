// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Attestations} from "../src/Attestations.sol";
import {Records} from "../src/Records.sol";
import {Registry} from "../src/Registry.sol";
import {Relayed} from "../src/Relayed.sol";
import {Submissions} from "../src/Submissions.sol";
import {Text} from "../src/Text.sol";
import {LedgerFixture} from "./LedgerFixture.sol";

/// @notice What evaluators might try, against each other and against authors.
contract AttackEvaluatorsTest is LedgerFixture {
    uint256 private id;

    function setUp() public {
        _begin(5, 3);
        id = _submit(ann);
    }

    function test_AnEvaluatorDoesNotAttestItsOwnWork() public {
        address author = evaluators[0];
        uint256 own = _submit(author);
        Attestations.Commitment[] memory made =
            _signedCommitments(own, _openings(_all(3, 5)));
        vm.expectRevert(Registry.NotIndependent.selector);
        ledger.commitScores(own, made);
        vm.expectRevert(Registry.NotIndependent.selector);
        _commitOwn(own, _opening(author, 5));
    }

    function test_AnEvaluatorDoesNotVoteOnItsOwnWork() public {
        address author = evaluators[0];
        uint256 own = _submit(author);
        Attestations.Opening[] memory openings = new Attestations.Opening[](3);
        for (uint256 i = 0; i < 3; ++i) {
            openings[i] = _opening(evaluators[i + 1], 5);
        }
        bytes32 base = _commitRound(own, openings);
        ledger.revealScores(own, base, openings);
        Relayed.Vote[] memory votes = _votes(_rescoreHash(2, own), _panel(0, 3));
        vm.expectRevert(Registry.NotIndependent.selector);
        ledger.rescore(CHALLENGE, STEP, 2, own, votes);
        _dispute(own, ben);
        votes = _votes(_verdictHash(own, false), _panel(0, 3));
        vm.expectRevert(Registry.NotIndependent.selector);
        ledger.decide(own, false, CID, votes);
        _decide(own, false, _panel(1, 4)); // 3 of the other 4
    }

    function test_ADisputerDoesNotVoteOnItsDispute() public {
        _judge(id, _all(3, 5));
        _dispute(id, evaluators[2]);
        Relayed.Vote[] memory votes = _votes(_verdictHash(id, true), _panel(0, 3));
        vm.expectRevert(Registry.NotIndependent.selector);
        ledger.decide(id, true, CID, votes);
        votes = _votes(_verdictHash(id, true), _panel(0, 2));
        vm.expectRevert(Records.QuorumNeeded.selector); // 3 of the other 4
        ledger.decide(id, true, CID, votes);
    }

    function test_AnEvaluatorCommitsOnce() public {
        Attestations.Opening[] memory openings = _openings(_all(3, 5));
        openings[2] = openings[0];
        openings[2].scoreWad = 6;
        Attestations.Commitment[] memory made = _signedCommitments(id, openings);
        vm.expectRevert(Attestations.AlreadyCommitted.selector);
        ledger.commitScores(id, made);
        _commitOwn(id, openings[0]);
        vm.expectRevert(Attestations.AlreadyCommitted.selector);
        _commitOwn(id, openings[0]);
        vm.expectRevert(Attestations.AlreadyCommitted.selector);
        _commitOwn(id, _opening(openings[0].evaluator, 6));
    }

    function test_AnEvaluatorVotesOnce() public {
        _judge(id, _all(3, 5));
        address[] memory twice = _panel(0, 3);
        twice[2] = twice[1];
        Relayed.Vote[] memory votes = _votes(_rescoreHash(2, id), twice);
        vm.expectRevert(Relayed.VotesNotRising.selector);
        ledger.rescore(CHALLENGE, STEP, 2, id, votes);
        (twice[1], twice[2]) = (evaluators[2], evaluators[1]);
        votes = _votes(_rescoreHash(2, id), twice);
        vm.expectRevert(Relayed.VotesNotRising.selector);
        ledger.rescore(CHALLENGE, STEP, 2, id, votes);
        _dispute(id, ben);
        twice[1] = twice[0];
        votes = _votes(_verdictHash(id, true), twice);
        vm.expectRevert(Relayed.VotesNotRising.selector);
        ledger.decide(id, true, CID, votes);
    }

    function test_AStrangerNeitherAttestsNorVotes() public {
        vm.expectRevert(Registry.NotEvaluator.selector);
        _commitOwn(id, _opening(ben, 5));
        _judge(id, _all(3, 5));
        address[] memory one = new address[](1);
        one[0] = ben;
        Relayed.Vote[] memory votes = _votes(_rescoreHash(2, id), one);
        vm.expectRevert(Registry.NotEvaluator.selector);
        ledger.rescore(CHALLENGE, STEP, 2, id, votes);
        _dispute(id, ann);
        votes = _votes(_verdictHash(id, true), one);
        vm.expectRevert(Registry.NotEvaluator.selector);
        ledger.decide(id, true, CID, votes);
    }

    function test_NobodyCommitsForAnEvaluatorWithoutItsSignature() public {
        Attestations.Commitment[] memory made = new Attestations.Commitment[](1);
        made[0] = Attestations.Commitment(evaluators[0], keccak256("x"), "");
        vm.prank(evaluators[1]);
        vm.expectRevert(Relayed.BadSignature.selector);
        ledger.commitScores(id, made);
    }

    /// @dev The hash holds its evaluator: a copy opens for nobody, and the copier is shut out.
    function test_AnEvaluatorWhoCopiesACommitmentCannotOpenIt() public {
        Attestations.Opening memory good = _opening(evaluators[0], 5);
        bytes32 base = ledger.submissionOf(id).word;
        _commitOwn(id, good);
        Attestations.Commitment[] memory copy = new Attestations.Commitment[](1);
        copy[0] = Attestations.Commitment(evaluators[1], _hide(id, good), "");
        vm.prank(evaluators[1]);
        ledger.commitScores(id, copy);
        _commitOwn(id, _opening(evaluators[2], 5));

        Attestations.Opening[] memory openings = _openings(_all(3, 5));
        vm.expectRevert(Attestations.WrongOpenings.selector);
        ledger.revealScores(id, base, openings);
        openings[1] = good;
        vm.expectRevert(Attestations.WrongOpenings.selector);
        ledger.revealScores(id, base, openings);

        Attestations.Commitment[] memory made = new Attestations.Commitment[](3);
        made[0] = Attestations.Commitment(evaluators[0], _hide(id, good), "");
        made[1] = copy[0];
        made[2] = Attestations.Commitment(evaluators[2], _hide(id, openings[2]), "");
        vm.expectRevert(Attestations.WrongOpenings.selector);
        ledger.publishOpening(id, base, made, _opening(evaluators[1], 5));
        ledger.publishOpening(id, base, made, good);
        ledger.publishOpening(id, base, made, openings[2]);
        vm.warp(START + REVEAL + 1);
        ledger.expireRound(id);
        vm.expectRevert(Attestations.ShutOut.selector);
        _commitOwn(id, _opening(evaluators[1], 5));
    }

    function test_AnEvaluatorOpensOnlyWhatItCommittedTo() public {
        Attestations.Opening[] memory openings = _openings(_all(3, 5));
        bytes32 base = _commitRound(id, openings);
        Attestations.Opening[5] memory others;
        for (uint256 i = 0; i < 5; ++i) {
            others[i] = _opening(evaluators[1], 5);
        }
        others[0].scoreWad = 6;
        others[1].e2eScoreWad = 1;
        others[2].reason = "crashed";
        others[3].reportCid = "bafyother";
        others[4].salt = keccak256("another salt");
        for (uint256 i = 0; i < 5; ++i) {
            openings[1] = others[i];
            vm.expectRevert(Attestations.WrongOpenings.selector);
            ledger.revealScores(id, base, openings);
        }
    }

    /// @dev Who keeps its opening back is shut out; with two others the rest finish.
    function test_AWithholdingEvaluatorDelaysByOneRoundOnly() public {
        Attestations.Opening[] memory openings = _openings(_all(3, 5));
        bytes32 base = _commitRound(id, openings);
        Attestations.Commitment[] memory made = _signedCommitments(id, openings);
        ledger.publishOpening(id, base, made, openings[0]);
        ledger.publishOpening(id, base, made, openings[1]);
        vm.warp(START + REVEAL + 1);
        ledger.expireRound(id);
        Attestations.Opening[] memory next = new Attestations.Opening[](3);
        for (uint256 i = 0; i < 3; ++i) {
            next[i] = _opening(evaluators[i < 2 ? i : 4], 5);
        }
        base = _commitRound(id, next);
        ledger.revealScores(id, base, next);
        assertTrue(ledger.submissionOf(id).status == Submissions.Status.Record);
    }

    function test_AnEvaluatorWhoPublishedItsOpeningIsNotShutOut() public {
        Attestations.Opening[] memory openings = _openings(_all(3, 5));
        bytes32 base = _commitRound(id, openings);
        Attestations.Commitment[] memory made = _signedCommitments(id, openings);
        vm.warp(START + REVEAL + 100); // late, but nobody has ended the round
        ledger.publishOpening(id, base, made, openings[0]);
        ledger.expireRound(id);
        _commitOwn(id, openings[0]);
        vm.expectRevert(Attestations.ShutOut.selector);
        _commitOwn(id, openings[1]);
    }

    function test_ALateEvaluatorIsNotTakenOnceTheQuorumIsComplete() public {
        _commitRound(id, _openings(_all(3, 5)));
        vm.expectRevert(Attestations.QuorumComplete.selector);
        _commitOwn(id, _opening(evaluators[3], 5));
        Attestations.Commitment[] memory made = _signedCommitments(id, _openings(_all(4, 5)));
        vm.expectRevert(Attestations.QuorumComplete.selector);
        ledger.commitScores(id, made);
    }

    /// @dev The defect: an empty list moved a complete round's end on, again and again.
    function test_NobodyDelaysTheEndOfARound() public {
        _commitRound(id, _openings(_all(3, 5)));
        vm.warp(START + REVEAL);
        vm.expectRevert(Relayed.BadBatch.selector);
        ledger.commitScores(id, new Attestations.Commitment[](0));
        vm.warp(START + REVEAL + 1);
        ledger.expireRound(id);
    }

    /// @dev The defect: in a second round an evaluator showed its opening of the first, which
    /// the chain of hashes still held, and passed for one who had opened.
    function test_AnOpeningOfAnEarlierRoundExcusesNobody() public {
        Attestations.Opening[] memory first = _openings(_all(3, 5));
        bytes32 base = _commitRound(id, first);
        Attestations.Commitment[] memory made = _signedCommitments(id, first);
        ledger.publishOpening(id, base, made, first[0]);
        vm.warp(START + REVEAL + 1);
        ledger.expireRound(id);
        Attestations.Opening[] memory second = new Attestations.Opening[](3);
        second[0] = _opening(evaluators[0], 999);
        second[1] = _opening(evaluators[3], 5);
        second[2] = _opening(evaluators[4], 5);
        bytes32 middle = _commitRound(id, second);
        Attestations.Commitment[] memory fresh = _signedCommitments(id, second);
        Attestations.Commitment[] memory both = new Attestations.Commitment[](6);
        for (uint256 i = 0; i < 3; ++i) {
            (both[i], both[i + 3]) = (made[i], fresh[i]);
        }
        vm.expectRevert(Attestations.WrongOpenings.selector);
        ledger.publishOpening(id, base, both, first[0]);
        ledger.publishOpening(id, middle, fresh, second[1]);
        ledger.publishOpening(id, middle, fresh, second[2]);
        vm.warp(_now() + REVEAL + 1);
        ledger.expireRound(id);
        vm.expectRevert(Attestations.ShutOut.selector);
        _commitOwn(id, first[0]);
    }

    /// @dev The same with fewer: an end of the chain is not the whole of the round.
    function test_APartOfARoundIsNotARound() public {
        Attestations.Opening[] memory openings = _openings(_all(3, 5));
        bytes32 base = ledger.submissionOf(id).word;
        _commitOwn(id, openings[0]);
        bytes32 afterFirst = ledger.submissionOf(id).word;
        _commitOwn(id, openings[1]);
        _commitOwn(id, openings[2]);
        Attestations.Commitment[] memory all = _signedCommitments(id, openings);
        Attestations.Commitment[] memory two = new Attestations.Commitment[](2);
        (two[0], two[1]) = (all[1], all[2]);
        vm.expectRevert(Attestations.WrongOpenings.selector);
        ledger.publishOpening(id, afterFirst, two, openings[1]);
        ledger.publishOpening(id, base, all, openings[1]);
    }

    /// @dev The defect: an opening that no reveal can take was published; nobody could be shut
    /// out for it, nor the round ended.
    function test_AnOpeningThatNoRevealCanTakeIsNotPublished() public {
        Attestations.Opening[] memory openings = _openings(_all(3, 5));
        openings[2].reportCid = "";
        bytes32 base = _commitRound(id, openings);
        Attestations.Commitment[] memory made = _signedCommitments(id, openings);
        vm.expectRevert(Text.BadCid.selector);
        ledger.publishOpening(id, base, made, openings[2]);
        ledger.publishOpening(id, base, made, openings[0]);
        ledger.publishOpening(id, base, made, openings[1]);
        vm.warp(START + REVEAL + 1);
        ledger.expireRound(id);
        vm.expectRevert(Attestations.ShutOut.selector);
        _commitOwn(id, _opening(evaluators[2], 5));
        _commitOwn(id, openings[0]);
        _commitOwn(id, openings[1]);
        _commitOwn(id, _opening(evaluators[3], 5));
    }

    /// @dev A signed commitment of an earlier round may come back, but only of one whose opening
    /// everybody has: nobody is shut out by it.
    function test_ACommitmentBroughtBackIsOneThatAnybodyCanOpen() public {
        Attestations.Opening[] memory openings = _openings(_all(3, 5));
        bytes32 base = _commitRound(id, openings);
        Attestations.Commitment[] memory made = _signedCommitments(id, openings);
        ledger.publishOpening(id, base, made, openings[0]);
        ledger.publishOpening(id, base, made, openings[1]);
        vm.warp(START + REVEAL + 1);
        ledger.expireRound(id);
        vm.expectRevert(Attestations.ShutOut.selector);
        ledger.commitScores(id, made);
        openings[2] = _opening(evaluators[3], 5);
        base = _commitRound(id, openings); // the first two are the same signatures as before
        ledger.revealScores(id, base, openings);
        assertTrue(ledger.submissionOf(id).status == Submissions.Status.Record);
    }

    /// @dev Whoever was let go opens what it committed to before, and commits to no more.
    function test_ARetiredEvaluatorOpensButDoesNotCommit() public {
        vm.prank(owner);
        ledger.retireEvaluator(CHALLENGE, evaluators[0]);
        vm.warp(START + 7 days - 1);
        Attestations.Opening[] memory openings = _openings(_all(3, 5));
        bytes32 base = _commitRound(id, openings);
        vm.warp(START + 7 days);
        ledger.revealScores(id, base, openings);
        assertTrue(ledger.submissionOf(id).status == Submissions.Status.Record);
        uint256 next = _submit(ann);
        vm.expectRevert(Registry.NotEvaluator.selector);
        _commitOwn(next, _opening(evaluators[0], 5));
        Relayed.Vote[] memory votes = _votes(_rescoreHash(2, id), _panel(0, 3));
        vm.expectRevert(Registry.NotEvaluator.selector);
        ledger.rescore(CHALLENGE, STEP, 2, id, votes);
    }

    /// @dev If more keep back than a quorum can spare, there is no score; the author offers the
    /// work again, and they are free to judge it.
    function test_WhereTooManyWithholdTheAuthorMayOfferTheWorkAgain() public {
        _commitRound(id, _openings(_all(3, 5)));
        vm.warp(START + REVEAL + 1);
        ledger.expireRound(id);
        _commitOwn(id, _opening(evaluators[3], 5));
        _commitOwn(id, _opening(evaluators[4], 5));
        vm.expectRevert(Attestations.QuorumIncomplete.selector);
        ledger.expireRound(id);
        uint256 again = _contribute(ann, 5);
        assertEq(uint256(ledger.stepOf(CHALLENGE, STEP).headId), again);
    }

    /// @dev One who finds something quite else cannot move the score past its neighbours: it
    /// can only bring about a vote.
    function test_OneEvaluatorCannotMoveTheScore() public {
        _judge(id, _scores(5, 5, -type(int128).max));
        assertTrue(ledger.submissionOf(id).status == Submissions.Status.Contested);
        _decide(id, false, _panel(0, 3));
        assertEq(int256(ledger.stepOf(CHALLENGE, STEP).headScore), 5);
    }
}
