// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Attestations} from "./Attestations.sol";
import {Text} from "./Text.sol";

/// @notice A second look: at records that anybody disputes against a bond, and at submissions
/// whose evaluators were too far apart.
/// @dev More than half of the evaluators re-run and vote; neither the author nor the disputer is
/// among them. Once decided a record is final, so that it cannot be disputed for ever.
abstract contract Disputes is Attestations {
    struct Dispute {
        address disputer; // zero where the spread was the cause
        uint96 bondWei;
        uint64 voteBy;
    }

    error NotDisputable();
    error NotContested();
    error VoteOver();
    error VoteNotOver();

    event Disputed(
        bytes32 indexed stepKey,
        address indexed actor,
        uint256 indexed submissionId,
        uint64 time,
        uint96 bondWei,
        uint64 voteBy,
        string evidenceCid
    );
    event DisputeDecided(
        bytes32 indexed stepKey,
        address indexed actor,
        uint256 indexed submissionId,
        uint64 time,
        bool upheld,
        address bondTo,
        uint96 bondWei,
        string reportCid
    );
    event Struck(
        bytes32 indexed stepKey,
        address indexed actor,
        uint256 indexed submissionId,
        uint64 time,
        bool wasHead,
        uint32 headId,
        int128 headScoreWad
    );

    bytes32 private constant VERDICT_TYPE =
        keccak256("Verdict(uint256 submissionId,bool upheld,string reportCid)");
    uint64 public constant MIN_VOTE = 1 days;

    mapping(uint256 submissionId => Dispute) private _disputes;

    /// @notice Dispute a record within its window; the bond comes back unless it proves unfounded.
    function dispute(uint256 submissionId, string calldata evidenceCid) external payable {
        Submission storage entry = _requireSubmission(submissionId);
        if (entry.status != Status.Record || block.timestamp >= entry.deadline) {
            revert NotDisputable();
        }
        Text.requireCid(evidenceCid);
        uint96 bondWei = _challenges[_steps[entry.stepKey].challengeKey].bondWei;
        if (msg.value != bondWei) revert WrongValue();
        uint64 voteBy = _contest(submissionId, _msgSender(), bondWei);
        emit Disputed(
            entry.stepKey,
            _msgSender(),
            submissionId,
            uint64(block.timestamp),
            bondWei,
            voteBy,
            evidenceCid
        );
    }

    /// @notice Decide a dispute by votes of more than half of the evaluators.
    /// @param upheld True strikes the submission; false lets its score stand for good.
    function decide(
        uint256 submissionId,
        bool upheld,
        string calldata reportCid,
        Vote[] calldata votes
    ) external {
        (Submission storage entry, Dispute memory found) = _requireContested(submissionId);
        if (block.timestamp > found.voteBy) revert VoteOver();
        Text.requireCid(reportCid);
        bytes32 digest = keccak256(
            abi.encode(VERDICT_TYPE, submissionId, upheld, keccak256(bytes(reportCid)))
        );
        bytes32 challengeKey = _steps[entry.stepKey].challengeKey;
        _requireMajority(challengeKey, digest, votes, entry.contributor, found.disputer);
        _close(submissionId, entry, found, upheld, upheld ? found.disputer : entry.contributor, reportCid);
        if (upheld) {
            _strike(submissionId, entry, found.disputer == address(0));
            return;
        }
        if (found.disputer == address(0)) {
            (int128 scoreWad, uint128 e2eScoreWad) = _unpack(entry.word);
            _record(submissionId, entry, scoreWad, int128(e2eScoreWad), reportCid);
        } else {
            entry.status = Status.Record;
        }
        entry.deadline = 0;
    }

    /// @notice End a vote that came to nothing: without a quorum's agreement there is no score,
    /// and against it, no dispute.
    function lapse(uint256 submissionId) external {
        (Submission storage entry, Dispute memory found) = _requireContested(submissionId);
        if (block.timestamp <= found.voteBy) revert VoteNotOver();
        bool isSpread = found.disputer == address(0);
        _close(submissionId, entry, found, isSpread, found.disputer, "");
        if (isSpread) {
            _strike(submissionId, entry, true);
        } else {
            entry.status = Status.Record;
            entry.deadline = 0;
        }
    }

    /// @notice A submission's open dispute; all zero if there is none.
    function disputeOf(uint256 submissionId) external view returns (Dispute memory) {
        return _disputes[submissionId];
    }

    function _contest(uint256 submissionId, address disputer, uint96 bondWei)
        internal
        override
        returns (uint64 voteBy)
    {
        Submission storage entry = _submissions[submissionId];
        uint64 window = _challenges[_steps[entry.stepKey].challengeKey].disputeS;
        voteBy = uint64(block.timestamp) + (window < MIN_VOTE ? MIN_VOTE : window);
        _disputes[submissionId] = Dispute(disputer, bondWei, voteBy);
        entry.status = Status.Contested;
    }

    function _requireContested(uint256 submissionId)
        private
        view
        returns (Submission storage entry, Dispute memory found)
    {
        entry = _requireSubmission(submissionId);
        if (entry.status != Status.Contested) revert NotContested();
        found = _disputes[submissionId];
    }

    function _requireMajority(
        bytes32 challengeKey,
        bytes32 digest,
        Vote[] calldata votes,
        address author,
        address disputer
    ) private view {
        uint256 count = _countVotes(challengeKey, digest, votes, author);
        for (uint256 i = 0; i < votes.length; ++i) {
            if (votes[i].evaluator == disputer) revert NotIndependent();
        }
        if (count < majorityOf(challengeKey, author, disputer)) revert QuorumNeeded();
    }

    function _close(
        uint256 submissionId,
        Submission storage entry,
        Dispute memory found,
        bool upheld,
        address bondTo,
        string memory reportCid
    ) private {
        delete _disputes[submissionId];
        if (found.bondWei != 0) _owe(bondTo, found.bondWei);
        emit DisputeDecided(
            entry.stepKey,
            _msgSender(),
            submissionId,
            uint64(block.timestamp),
            upheld,
            bondTo,
            found.bondWei,
            reportCid
        );
    }

    /// @dev The head goes back to the nearest record before it that stands; it is stale if the
    /// metric has changed since its score was beaten. Each turn of the loop passes a record that a
    /// majority struck, so nobody else can make it long.
    function _strike(uint256 submissionId, Submission storage entry, bool isUnrecorded) private {
        entry.status = Status.Struck;
        Step storage step = _steps[entry.stepKey];
        bool wasHead = !isUnrecorded && step.headId == submissionId;
        if (wasHead) {
            uint256 id = submissionId;
            int128 beforeWad;
            uint128 link;
            do {
                (beforeWad, link) = _unpack(_submissions[id].word);
                id = uint32(link);
            } while (id != 0 && _submissions[id].status == Status.Struck);
            step.headId = uint32(id);
            step.headScore = beforeWad;
            step.isStale = id != 0 && link >> 32 != step.metricVersion;
        }
        emit Struck(
            entry.stepKey,
            _msgSender(),
            submissionId,
            uint64(block.timestamp),
            wasHead,
            step.headId,
            step.headScore
        );
    }
}
