// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Claims} from "./Claims.sol";
import {Text} from "./Text.sol";

/// @notice Offered solutions, numbered from 1 over all challenges, with the work they build on.
abstract contract Submissions is Claims {
    enum Status {
        Pending,
        Scored,
        Rejected
    }

    struct Submission {
        bytes32 stepKey;
        address contributor;
        Status status;
    }

    error TooManyParents();
    error ParentsNotRising();
    error UnknownParent();
    error UnknownSubmission();

    event Submitted(
        bytes32 indexed stepKey,
        address indexed actor,
        uint256 indexed submissionId,
        uint64 time,
        string challenge,
        string step,
        string solutionCid,
        uint256[] parents
    );

    uint256 public constant MAX_PARENTS = 64;

    uint64 public submissionCount;
    mapping(uint256 submissionId => Submission) internal _submissions;

    /// @notice Offer a solution. Needs a live lease; only the owner's first submission of a step,
    /// its baseline, needs none.
    function submit(
        string calldata challenge,
        string calldata step,
        string calldata solutionCid,
        uint256[] calldata parents
    ) external returns (uint256 submissionId) {
        (bytes32 key, Step storage entry) = _requireStep(challenge, step);
        Text.requireCid(solutionCid);
        bool isBaseline =
            !entry.hasSubmission && _challenges[entry.challengeKey].owner == msg.sender;
        if (!isBaseline && !_isLive(key, msg.sender)) revert NoLiveClaim();
        _requireParents(entry.challengeKey, parents);
        if (!entry.hasSubmission) entry.hasSubmission = true;
        submissionId = ++submissionCount;
        _submissions[submissionId] = Submission(key, msg.sender, Status.Pending);
        emit Submitted(
            key,
            msg.sender,
            submissionId,
            uint64(block.timestamp),
            challenge,
            step,
            solutionCid,
            parents
        );
    }

    /// @notice A submission's step, contributor and status.
    function submissionOf(uint256 submissionId) external view returns (Submission memory) {
        return _requireSubmission(submissionId);
    }

    function _requireSubmission(uint256 submissionId)
        internal
        view
        returns (Submission storage entry)
    {
        entry = _submissions[submissionId];
        if (entry.stepKey == 0) revert UnknownSubmission();
    }

    /// @dev Rising order makes a list of parents a set: nobody's lineage counts twice.
    function _requireParents(bytes32 challengeKey, uint256[] calldata parents) private view {
        if (parents.length > MAX_PARENTS) revert TooManyParents();
        uint256 previous = 0;
        for (uint256 i = 0; i < parents.length; ++i) {
            if (parents[i] <= previous) revert ParentsNotRising();
            previous = parents[i];
            bytes32 parentStep = _submissions[previous].stepKey;
            if (parentStep == 0 || _steps[parentStep].challengeKey != challengeKey) {
                revert UnknownParent();
            }
        }
    }
}
