// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Submissions} from "./Submissions.sol";
import {Text} from "./Text.sol";

/// @notice Scores by evaluators, and the head of each step: its best accepted score.
/// @dev A head moves only by a record, which must beat it by more than the step's `minDelta`; or
/// by `rescore`, when a record upstream changed what the head's solution is fed with.
abstract contract Records is Submissions {
    error AlreadyJudged();
    error NotIndependent();
    error ScoreOutOfRange();
    error NoHead();

    event Scored(
        bytes32 indexed stepKey,
        address indexed actor,
        uint256 indexed submissionId,
        uint64 time,
        address contributor,
        int256 score,
        bool hasBefore,
        int256 before,
        int256 improvement,
        bool isRecord,
        int256 e2eScore,
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
        int256 oldScore,
        int256 newScore
    );

    /// @dev Half of int256, so that the difference of two scores always fits.
    int256 private constant MAX_SCORE = type(int256).max / 2;

    struct Outcome {
        bool hasBefore;
        int256 before;
        int256 improvement;
        bool isRecord;
    }

    /// @notice Record what a submission scored; the first score of a step sets its head.
    function score(
        uint256 submissionId,
        int256 stepScore,
        int256 e2eScore,
        string calldata reportCid
    ) external {
        Submission storage entry = _requirePending(submissionId);
        Step storage step = _steps[entry.stepKey];
        // The owner may score its own baseline, for nobody gains by it; nobody scores a rival.
        if (step.headId != 0 && entry.contributor == msg.sender) revert NotIndependent();
        _requireScore(stepScore);
        _requireScore(e2eScore);
        Text.requireCid(reportCid);
        entry.status = Status.Scored;
        Outcome memory outcome = _outcome(step, stepScore);
        if (outcome.isRecord) {
            step.headId = uint64(submissionId);
            step.headScore = stepScore;
        }
        emit Scored(
            entry.stepKey,
            msg.sender,
            submissionId,
            uint64(block.timestamp),
            entry.contributor,
            stepScore,
            outcome.hasBefore,
            outcome.before,
            outcome.improvement,
            outcome.isRecord,
            e2eScore,
            reportCid
        );
    }

    /// @notice Record that a submission has no score: it crashed, broke its type, or the like.
    function reject(uint256 submissionId, string calldata reason, string calldata reportCid)
        external
    {
        Submission storage entry = _requirePending(submissionId);
        Text.requireReason(reason);
        Text.requireCid(reportCid);
        entry.status = Status.Rejected;
        emit Rejected(
            entry.stepKey,
            msg.sender,
            submissionId,
            uint64(block.timestamp),
            entry.contributor,
            reason,
            reportCid
        );
    }

    /// @notice Give the head the score that it has in a changed context.
    /// @param because The submission, of the same challenge, that changed it.
    function rescore(
        string calldata challenge,
        string calldata step,
        int256 newScore,
        uint256 because
    ) external {
        (bytes32 key, Step storage entry) = _requireStep(challenge, step);
        _requireEvaluator(entry.challengeKey);
        if (entry.headId == 0) revert NoHead();
        bytes32 causeKey = _requireSubmission(because).stepKey;
        if (_steps[causeKey].challengeKey != entry.challengeKey) revert UnknownSubmission();
        _requireScore(newScore);
        int256 oldScore = entry.headScore;
        entry.headScore = newScore;
        emit HeadRescored(key, msg.sender, because, uint64(block.timestamp), oldScore, newScore);
    }

    function _requirePending(uint256 submissionId) private view returns (Submission storage entry) {
        entry = _requireSubmission(submissionId);
        _requireEvaluator(_steps[entry.stepKey].challengeKey);
        if (entry.status != Status.Pending) revert AlreadyJudged();
    }

    function _requireScore(int256 value) private pure {
        if (value > MAX_SCORE || value < -MAX_SCORE) revert ScoreOutOfRange();
    }

    function _outcome(Step storage step, int256 value) private view returns (Outcome memory o) {
        o.hasBefore = step.headId != 0;
        if (!o.hasBefore) {
            o.isRecord = true;
            return o;
        }
        o.before = step.headScore;
        o.improvement =
            step.direction == Direction.Maximise ? value - o.before : o.before - value;
        o.isRecord = o.improvement > int256(uint256(step.minDelta));
    }
}
