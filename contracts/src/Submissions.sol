// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Claims} from "./Claims.sol";
import {Text} from "./Text.sol";

/// @notice Offered solutions, numbered from 1 over all challenges in the order of their
/// commitments, with the work they build on.
/// @dev First a hash is committed, then the solution is revealed. The hash holds its author, so
/// whoever copies a reveal has no commitment to reveal it under, and comes later in any case.
abstract contract Submissions is Claims {
    enum Status {
        Committed,
        Pending,
        Rejected,
        NoGain,
        Record,
        Contested,
        Struck
    }

    /// @dev Three slots. Bits of the masks are evaluators by number, from bit 0 on. `word` is the
    /// author's commitment; then evaluators' commitments are chained onto it; once judged it
    /// holds what a dispute needs (see Records).
    struct Submission {
        bytes32 stepKey;
        address contributor;
        Status status;
        uint16 committed;
        uint16 revealed;
        uint16 withheld;
        uint8 metric; // low byte of the metric's version by which `committed` scored
        uint32 deadline; // of the reveal, of the evaluators' reveal, or of disputing
        bytes32 word;
    }

    error TooManyParents();
    error ParentsNotRising();
    error UnknownParent();
    error UnknownSubmission();
    error SubmissionsClosed();
    error NoSlotLeft();
    error BadCommitment();
    error BadOpening();
    error AlreadyRevealed();
    error RevealTooLate();
    error NotContributor();

    event Committed(
        bytes32 indexed stepKey,
        address indexed actor,
        uint256 indexed submissionId,
        uint64 time,
        bytes32 commitment,
        uint64 revealBy
    );
    event Submitted(
        bytes32 indexed stepKey,
        address indexed actor,
        uint256 indexed submissionId,
        uint64 time,
        string solutionCid,
        uint256[] parents
    );

    uint256 public constant MAX_PARENTS = 64;

    uint32 public submissionCount;
    mapping(uint256 submissionId => Submission) internal _submissions;
    mapping(bytes32 stepKey => mapping(uint256 epoch => mapping(address account => uint32)))
        private _used;

    /// @notice Promise a solution. Needs a live lease and a free slot, before the deadline and
    /// while the hidden data are hidden; only the owner's first submission of a step, its
    /// baseline, needs none of these.
    /// @param commitment See `commitmentOf`.
    function commit(string calldata challenge, string calldata step, bytes32 commitment)
        external
        returns (uint256 submissionId)
    {
        (bytes32 key, Step storage entry) = _requireStep(challenge, step);
        if (commitment == 0) revert BadCommitment();
        address who = _msgSender();
        Challenge storage rules = _challenges[entry.challengeKey];
        submissionId = ++submissionCount;
        if (entry.firstId != 0 || rules.owner != who) {
            Lease storage lease = _leases[key][who];
            if (lease.until <= block.timestamp) revert NoLiveClaim();
            if (entry.claimCap != 0 && !lease.delivered) lease.delivered = true;
            _useSlot(key, who, rules);
        }
        if (entry.firstId == 0) entry.firstId = uint32(submissionId);
        uint32 revealBy = uint32(block.timestamp) + rules.revealS;
        _submissions[submissionId] =
            Submission(key, who, Status.Committed, 0, 0, 0, 0, revealBy, commitment);
        emit Committed(key, who, submissionId, uint64(block.timestamp), commitment, revealBy);
    }

    /// @notice Show what was committed to, until the reveal's end.
    /// @param parents Rising numbers of submissions, revealed before, that this one builds on.
    function reveal(
        uint256 submissionId,
        string calldata solutionCid,
        uint256[] calldata parents,
        bytes32 salt
    ) external {
        Submission storage entry = _requireSubmission(submissionId);
        if (entry.contributor != _msgSender()) revert NotContributor();
        if (entry.status != Status.Committed) revert AlreadyRevealed();
        if (block.timestamp > entry.deadline) revert RevealTooLate();
        bytes32 key = entry.stepKey;
        if (entry.word != commitmentOf(key, _msgSender(), solutionCid, parents, salt)) {
            revert BadOpening();
        }
        Text.requireCid(solutionCid);
        _requireParents(_steps[key].challengeKey, submissionId, parents);
        entry.status = Status.Pending;
        emit Submitted(
            key, _msgSender(), submissionId, uint64(block.timestamp), solutionCid, parents
        );
    }

    /// @notice What an author commits to; the salt keeps others from guessing.
    function commitmentOf(
        bytes32 stepKey,
        address contributor,
        string calldata solutionCid,
        uint256[] calldata parents,
        bytes32 salt
    ) public pure returns (bytes32) {
        return keccak256(
            abi.encode(
                stepKey,
                contributor,
                keccak256(bytes(solutionCid)),
                keccak256(abi.encodePacked(parents)),
                salt
            )
        );
    }

    /// @notice What is stored of a submission.
    function submissionOf(uint256 submissionId) external view returns (Submission memory) {
        return _requireSubmission(submissionId);
    }

    /// @notice Who made a submission that was revealed, and for which challenge.
    function revealedBy(uint256 submissionId)
        external
        view
        returns (address contributor, bytes32 stepKey)
    {
        Submission storage entry = _requireSubmission(submissionId);
        if (entry.status == Status.Committed) revert UnknownSubmission();
        return (entry.contributor, entry.stepKey);
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
    function _useSlot(bytes32 key, address who, Challenge storage rules) private {
        uint256 epoch = rules.epoch;
        bool isLate = rules.closesAt != 0 && block.timestamp >= rules.closesAt;
        if (isLate || rules.isUnsealed[epoch]) revert SubmissionsClosed();
        if (rules.slots == 0) return;
        uint32 used = _used[key][epoch][who];
        if (used >= rules.slots) revert NoSlotLeft();
        _used[key][epoch][who] = used + 1;
    }

    /// @dev Rising order makes a list of parents a set: nobody's lineage counts twice.
    function _requireParents(bytes32 challengeKey, uint256 child, uint256[] calldata parents)
        private
        view
    {
        if (parents.length > MAX_PARENTS) revert TooManyParents();
        uint256 previous = 0;
        for (uint256 i = 0; i < parents.length; ++i) {
            uint256 parent = parents[i];
            if (parent <= previous) revert ParentsNotRising();
            previous = parent;
            Submission storage entry = _submissions[parent];
            if (parent == child || entry.stepKey == 0 || entry.status == Status.Committed) {
                revert UnknownParent();
            }
            if (_steps[entry.stepKey].challengeKey != challengeKey) revert UnknownParent();
        }
    }
}
