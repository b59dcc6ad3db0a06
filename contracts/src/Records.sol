// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Submissions} from "./Submissions.sol";
import {Text} from "./Text.sol";

/// @notice What became of submissions, and the head of each step: its best accepted score.
/// @dev A head moves only by a record, which must beat it by more than the step's `minDelta`; by
/// `rescore`, when what the head is fed with, or its metric, changed; or back, when the record
/// is struck. How scores come to be agreed upon is Attestations' business.
abstract contract Records is Submissions {
    error AlreadyJudged();
    error ScoreOutOfRange();
    error NoHead();
    error HeadIsStale();
    error QuorumNeeded();

    event Scored(
        bytes32 indexed stepKey,
        address indexed actor,
        uint256 indexed submissionId,
        uint64 time,
        address contributor,
        int128 scoreWad,
        bool hasBefore,
        int128 beforeWad,
        int256 improvementWad,
        bool isRecord,
        int128 e2eScoreWad,
        string reportCid
    );
    event Rejected(
        bytes32 indexed stepKey,
        address indexed actor,
        uint256 indexed submissionId,
        uint64 time,
        address contributor,
        string reason,
        string reportCid
    );
    event HeadRescored(
        bytes32 indexed stepKey,
        address indexed actor,
        uint256 indexed because,
        uint64 time,
        int128 oldWad,
        int128 newWad
    );

    bytes32 private constant RESCORE_TYPE = keccak256(
        "Rescore(bytes32 stepKey,uint32 headId,int128 oldWad,int128 scoreWad,uint256 because,uint24 changes)"
    );
    /// @dev So that no score is its own negative's overflow.
    int128 private constant MAX_SCORE = type(int128).max;

    /// @notice Record what a submission scored, where one evaluator is the quorum.
    function score(
        uint256 submissionId,
        int128 scoreWad,
        int128 e2eScoreWad,
        string calldata reportCid
    ) external {
        Submission storage entry = _requireSole(submissionId);
        _requireScore(scoreWad);
        _requireScore(e2eScoreWad);
        Text.requireCid(reportCid);
        _record(submissionId, entry, scoreWad, e2eScoreWad, reportCid);
    }

    /// @notice Record that a submission has no score, where one evaluator is the quorum.
    /// @param reason A class: it crashed, broke its type, is no gain, or the like.
    function reject(uint256 submissionId, string calldata reason, string calldata reportCid)
        external
    {
        Submission storage entry = _requireSole(submissionId);
        Text.requireReason(reason);
        Text.requireCid(reportCid);
        _reject(submissionId, entry, reason, reportCid);
    }

    /// @notice Give the head the score that it has in a changed context, or by a new metric.
    /// @param because The submission, of the same challenge, that changed it; the head itself if
    /// the metric did.
    /// @param votes A quorum of evaluators, none of them the head's author (but see `_barred`).
    function rescore(
        string calldata challenge,
        string calldata step,
        int128 scoreWad,
        uint256 because,
        Vote[] calldata votes
    ) external {
        (bytes32 key, Step storage entry) = _requireStep(challenge, step);
        if (entry.headId == 0) revert NoHead();
        if (_steps[_requireSubmission(because).stepKey].challengeKey != entry.challengeKey) {
            revert UnknownSubmission();
        }
        _requireScore(scoreWad);
        int128 oldWad = entry.headScore;
        bytes32 digest =
            keccak256(
                abi.encode(
                    RESCORE_TYPE, key, entry.headId, oldWad, scoreWad, because, entry.changes
                )
            );
        address barred = _barred(entry, entry.headId);
        if (_countVotes(entry.challengeKey, digest, votes, barred) < _quorumOf(entry)) {
            revert QuorumNeeded();
        }
        entry.headScore = scoreWad;
        entry.isStale = false;
        entry.changes += 1;
        emit HeadRescored(key, _msgSender(), because, uint64(block.timestamp), oldWad, scoreWad);
    }

    function _quorumOf(Step storage step) internal view returns (uint256) {
        return _challenges[step.challengeKey].quorum;
    }

    /// @dev Who may not judge a submission: its author. The owner may judge its own baseline, for
    /// nobody gains by it, and as long as it is nobody's rival's.
    function _barred(Step storage step, uint256 submissionId) internal view returns (address) {
        address author = _submissions[submissionId].contributor;
        bool isBaseline =
            submissionId == step.firstId && author == _challenges[step.challengeKey].owner;
        return isBaseline ? address(0) : author;
    }

    function _requireScore(int128 value) internal pure {
        if (value > MAX_SCORE || value < -MAX_SCORE) revert ScoreOutOfRange();
    }

    function _requirePending(uint256 submissionId)
        internal
        view
        returns (Submission storage entry)
    {
        entry = _requireSubmission(submissionId);
        if (entry.status == Status.Committed) revert UnknownSubmission();
        if (entry.status != Status.Pending) revert AlreadyJudged();
    }

    function _reject(
        uint256 submissionId,
        Submission storage entry,
        string memory reason,
        string memory reportCid
    ) internal {
        entry.status = Status.Rejected;
        emit Rejected(
            entry.stepKey,
            _msgSender(),
            submissionId,
            uint64(block.timestamp),
            entry.contributor,
            reason,
            reportCid
        );
    }

    /// @dev A record keeps, for a dispute, what it took the place of, and by which metric.
    function _record(
        uint256 submissionId,
        Submission storage entry,
        int128 scoreWad,
        int128 e2eScoreWad,
        string memory reportCid
    ) internal {
        Step storage step = _steps[entry.stepKey];
        uint32 beforeId = step.headId;
        int128 beforeWad = step.headScore;
        if (beforeId != 0 && step.isStale) revert HeadIsStale();
        int256 improvement = 0;
        bool isRecord = beforeId == 0;
        if (!isRecord) {
            improvement = step.direction == Direction.Maximise
                ? int256(scoreWad) - beforeWad
                : int256(beforeWad) - scoreWad;
            isRecord = improvement > int256(uint256(step.minDelta));
        }
        if (isRecord) {
            step.headId = uint32(submissionId);
            step.headScore = scoreWad;
            step.isStale = false;
            entry.word = _pack(beforeWad, (uint128(step.metricVersion) << 32) | beforeId);
        }
        entry.status = isRecord ? Status.Record : Status.NoGain;
        entry.deadline =
            uint32(block.timestamp) + _challenges[step.challengeKey].disputeS;
        emit Scored(
            entry.stepKey,
            _msgSender(),
            submissionId,
            uint64(block.timestamp),
            entry.contributor,
            scoreWad,
            beforeId != 0,
            beforeWad,
            improvement,
            isRecord,
            e2eScoreWad,
            reportCid
        );
    }

    /// @dev A score in the upper half of a word, something else in the lower.
    function _pack(int128 scoreWad, uint128 rest) internal pure returns (bytes32) {
        return bytes32((uint256(uint128(scoreWad)) << 128) | rest);
    }


    function _unpack(bytes32 word) internal pure returns (int128 scoreWad, uint128 rest) {
        return (int128(uint128(uint256(word) >> 128)), uint128(uint256(word)));
    }

    function _requireSole(uint256 submissionId) private view returns (Submission storage entry) {
        entry = _requireSubmission(submissionId);
        Step storage step = _steps[entry.stepKey];
        _requireJudge(step.challengeKey, _msgSender(), address(0));
        entry = _requirePending(submissionId);
        if (_quorumOf(step) != 1) revert QuorumNeeded();
        _requireJudge(step.challengeKey, _msgSender(), _barred(step, submissionId));
    }
}
