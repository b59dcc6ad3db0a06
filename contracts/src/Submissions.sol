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
    error SubmissionsClosed();
    error NoSlotLeft();

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
    mapping(bytes32 stepKey => mapping(uint256 epoch => mapping(address account => uint32)))
        private _used;

    /// @notice Offer a solution. Needs a live lease and a free slot, before the deadline and while
    /// the hidden data are hidden; only the owner's first submission of a step, its baseline,
    /// needs none of these.
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
        if (!isBaseline) {
            if (!_isLive(key, msg.sender)) revert NoLiveClaim();
            _useSlot(key, _challenges[entry.challengeKey]);
        }
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

    /// @dev A new seal is a new epoch: other hidden data, so that all slots are free again.
    function _useSlot(bytes32 key, Challenge storage rules) private {
        uint64 epoch = rules.epoch;
        bool isLate = rules.closesAt != 0 && block.timestamp >= rules.closesAt;
        if (isLate || rules.isUnsealed[epoch]) revert SubmissionsClosed();
        if (rules.slots == 0) return;
        uint32 used = _used[key][epoch][msg.sender];
        if (used >= rules.slots) revert NoSlotLeft();
        _used[key][epoch][msg.sender] = used + 1;
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
