// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Records} from "./Records.sol";
import {Text} from "./Text.sol";

/// @notice A quorum of evaluators, none of whom can copy: all commit before any opens.
/// @dev Signed commitments are chained in one word, whoever brings them. When the quorum is
/// complete, no more are taken, and openings can be shown: all in one transaction, or one by one
/// (`publishOpening`) by evaluators who share no other channel. Who does not open in time is
/// shut out of this submission, and the others commit anew with whom there is.
abstract contract Attestations is Records {
    /// @notice An evaluator's promise; an empty signature stands for the sender's own.
    struct Commitment {
        address evaluator;
        bytes32 commitment;
        bytes signature;
    }

    /// @notice What an evaluator found: a score, or the reason why there is none.
    struct Opening {
        address evaluator;
        int128 scoreWad;
        int128 e2eScoreWad;
        string reason;
        string reportCid;
        bytes32 salt;
    }

    error QuorumComplete();
    error QuorumIncomplete();
    error AlreadyCommitted();
    error ShutOut();
    error WrongOpenings();
    error RoundNotOver();

    event ScoresCommitted(
        bytes32 indexed stepKey,
        address indexed actor,
        uint256 indexed submissionId,
        uint64 time,
        bytes32 base,
        address[] evaluators,
        bytes32[] commitments,
        uint64 revealBy
    );
    event Attested(
        bytes32 indexed stepKey,
        address indexed actor,
        uint256 indexed submissionId,
        uint64 time,
        address evaluator,
        int128 scoreWad,
        int128 e2eScoreWad,
        string reason,
        string reportCid
    );
    event OpeningPublished(
        bytes32 indexed stepKey,
        address indexed actor,
        uint256 indexed submissionId,
        uint64 time,
        Opening opening
    );
    event RoundExpired(
        bytes32 indexed stepKey,
        address indexed actor,
        uint256 indexed submissionId,
        uint64 time,
        uint16 withheld
    );
    event SpreadFound(
        bytes32 indexed stepKey,
        address indexed actor,
        uint256 indexed submissionId,
        uint64 time,
        int128 scoreWad,
        int128 e2eScoreWad,
        uint256 spreadWad,
        uint64 voteBy
    );

    bytes32 private constant COMMITMENT_TYPE = keccak256(
        "ScoreCommitment(uint256 submissionId,uint16 metricVersion,address evaluator,bytes32 commitment)"
    );

    /// @notice Take evaluators' commitments, one or many at a time, up to the quorum.
    function commitScores(uint256 submissionId, Commitment[] calldata commitments) external {
        Submission storage entry = _requirePending(submissionId);
        Step storage step = _steps[entry.stepKey];
        bytes32 base = entry.word;
        uint16 mask = _committed(entry, step);
        uint256 count = _count(mask) + commitments.length;
        uint256 quorum = _quorumOf(step);
        if (count > quorum) revert QuorumComplete();
        if (commitments.length == 0) revert BadBatch();
        if (mask == 0) (entry.metric, entry.revealed) = (uint8(step.metricVersion), 0);
        address[] memory evaluators = new address[](commitments.length);
        bytes32[] memory promises = new bytes32[](commitments.length);
        bytes32 word = base;
        address barred = _barred(step, submissionId);
        for (uint256 i = 0; i < commitments.length; ++i) {
            Commitment calldata given = commitments[i];
            mask |= _admit(entry, step, submissionId, given, mask, barred);
            word = _chain(word, given.evaluator, given.commitment);
            (evaluators[i], promises[i]) = (given.evaluator, given.commitment);
        }
        (entry.word, entry.committed) = (word, mask);
        uint32 revealBy = 0;
        if (count == quorum) {
            revealBy = uint32(block.timestamp) + _challenges[step.challengeKey].revealS;
            entry.deadline = revealBy;
        }
        emit ScoresCommitted(
            entry.stepKey,
            _msgSender(),
            submissionId,
            uint64(block.timestamp),
            base,
            evaluators,
            promises,
            revealBy
        );
    }

    /// @notice Open all commitments of a complete quorum, in the order in which they were made;
    /// anybody may who knows them. Their lower median is the score.
    /// @param base The word that the first of them was chained onto.
    function revealScores(uint256 submissionId, bytes32 base, Opening[] calldata openings)
        external
    {
        Submission storage entry = _requireComplete(submissionId);
        bytes32 word = base;
        for (uint256 i = 0; i < openings.length; ++i) {
            Opening calldata given = openings[i];
            word = _chain(word, given.evaluator, openingHash(submissionId, given));
            emit Attested(
                entry.stepKey,
                _msgSender(),
                submissionId,
                uint64(block.timestamp),
                given.evaluator,
                given.scoreWad,
                given.e2eScoreWad,
                given.reason,
                given.reportCid
            );
        }
        if (openings.length != _count(entry.committed) || word != entry.word) {
            revert WrongOpenings();
        }
        _judge(submissionId, entry, openings);
    }

    /// @notice Show one's own opening on the ledger, so that nobody can say one withheld it.
    /// @param commitments All of the quorum, in order; their signatures are not looked at.
    function publishOpening(
        uint256 submissionId,
        bytes32 base,
        Commitment[] calldata commitments,
        Opening calldata opening
    ) external {
        Submission storage entry = _requireComplete(submissionId);
        bytes32 wanted = openingHash(submissionId, opening);
        if (commitments.length != _count(entry.committed)) revert WrongOpenings();
        _requireOpening(opening);
        bytes32 word = base;
        bool isThere = false;
        for (uint256 i = 0; i < commitments.length; ++i) {
            Commitment calldata given = commitments[i];
            word = _chain(word, given.evaluator, given.commitment);
            isThere = isThere
                || (given.evaluator == opening.evaluator && given.commitment == wanted);
        }
        uint16 bit = _bitOf(_steps[entry.stepKey].challengeKey, opening.evaluator);
        if (!isThere || word != entry.word) revert WrongOpenings();
        if (entry.revealed & bit != 0) revert AlreadyRevealed();
        entry.revealed |= bit;
        emit OpeningPublished(
            entry.stepKey, _msgSender(), submissionId, uint64(block.timestamp), opening
        );
    }

    /// @notice End a round whose openings did not come; who showed none is shut out.
    function expireRound(uint256 submissionId) external {
        Submission storage entry = _requireComplete(submissionId);
        uint16 withheld = entry.committed & ~entry.revealed;
        if (block.timestamp <= entry.deadline || withheld == 0) revert RoundNotOver();
        entry.withheld |= withheld;
        entry.committed = 0;
        entry.revealed = 0;
        emit RoundExpired(
            entry.stepKey, _msgSender(), submissionId, uint64(block.timestamp), withheld
        );
    }

    /// @notice What an evaluator commits to; the salt keeps others from guessing.
    function openingHash(uint256 submissionId, Opening calldata opening)
        public
        pure
        returns (bytes32)
    {
        return keccak256(
            abi.encode(
                submissionId,
                opening.evaluator,
                opening.scoreWad,
                opening.e2eScoreWad,
                keccak256(bytes(opening.reason)),
                keccak256(bytes(opening.reportCid)),
                opening.salt
            )
        );
    }

    function _contest(uint256 submissionId, address disputer, uint96 bondWei)
        internal
        virtual
        returns (uint64 voteBy);

    /// @dev Checks one commitment and gives its evaluator's bit.
    function _admit(
        Submission storage entry,
        Step storage step,
        uint256 submissionId,
        Commitment calldata given,
        uint16 mask,
        address barred
    ) private view returns (uint16 bit) {
        bytes32 challengeKey = step.challengeKey;
        _requireJudge(challengeKey, given.evaluator, barred);
        bit = _bitOf(challengeKey, given.evaluator);
        if (mask & bit != 0) revert AlreadyCommitted();
        if (entry.withheld & bit != 0) revert ShutOut();
        if (given.signature.length == 0) {
            if (given.evaluator != _msgSender()) revert BadSignature();
        } else {
            bytes32 digest = keccak256(
                abi.encode(
                    COMMITMENT_TYPE,
                    submissionId,
                    step.metricVersion,
                    given.evaluator,
                    given.commitment
                )
            );
            if (!_isSignedBy(given.evaluator, digest, given.signature)) revert BadSignature();
        }
    }

    function _requireComplete(uint256 submissionId)
        private
        view
        returns (Submission storage entry)
    {
        entry = _requirePending(submissionId);
        Step storage step = _steps[entry.stepKey];
        if (_count(_committed(entry, step)) < _quorumOf(step)) revert QuorumIncomplete();
    }

    /// @dev Commitments to scores by another metric than today's count for nothing: the round
    /// begins anew, and nobody is shut out.
    function _committed(Submission storage entry, Step storage step)
        private
        view
        returns (uint16)
    {
        return entry.metric == uint8(step.metricVersion) ? entry.committed : 0;
    }

    function _judge(uint256 submissionId, Submission storage entry, Opening[] calldata openings)
        private
    {
        for (uint256 i = 0; i < openings.length; ++i) {
            _requireOpening(openings[i]);
        }
        Step storage step = _steps[entry.stepKey];
        (uint256 median, uint256 spread) = _agree(step.direction, openings);
        Opening calldata chosen = openings[median];
        if (bytes(chosen.reason).length != 0) {
            _reject(submissionId, entry, chosen.reason, chosen.reportCid);
        } else if (spread <= step.tolerance) {
            _record(submissionId, entry, chosen.scoreWad, chosen.e2eScoreWad, chosen.reportCid);
        } else {
            entry.word = _pack(chosen.scoreWad, uint128(chosen.e2eScoreWad));
            emit SpreadFound(
                entry.stepKey,
                _msgSender(),
                submissionId,
                uint64(block.timestamp),
                chosen.scoreWad,
                chosen.e2eScoreWad,
                spread,
                _contest(submissionId, address(0), 0)
            );
        }
    }

    function _requireOpening(Opening calldata opening) private pure {
        _requireScore(opening.scoreWad);
        _requireScore(opening.e2eScoreWad);
        Text.requireCid(opening.reportCid);
        if (bytes(opening.reason).length != 0) Text.requireReason(opening.reason);
    }

    /// @dev The lower median by merit: a refusal is worse than any score, and of two middle ones
    /// the worse counts. The spread is without bound where some refuse and some do not.
    /// @return median Which opening it is.
    /// @return spread Distance of the best score from the worst.
    function _agree(Direction direction, Opening[] calldata openings)
        private
        pure
        returns (uint256 median, uint256 spread)
    {
        uint256 n = openings.length;
        int256[] memory merits = new int256[](n);
        int256 worst = type(int256).max;
        int256 best = type(int256).min;
        for (uint256 i = 0; i < n; ++i) {
            int256 merit = type(int256).min;
            if (bytes(openings[i].reason).length == 0) {
                merit = openings[i].scoreWad;
                if (direction == Direction.Minimise) merit = -merit;
            }
            merits[i] = merit;
            if (merit < worst) worst = merit;
            if (merit > best) best = merit;
        }
        median = lowerMedian(merits);
        spread = worst == type(int256).min ? type(uint256).max : uint256(best - worst);
    }

    /// @notice Which of `values` has `(n - 1) / 2` before it in rising order; of equal ones, the
    /// one that stands first comes first.
    function lowerMedian(int256[] memory values) public pure returns (uint256) {
        uint256 n = values.length;
        for (uint256 i = 0; i < n; ++i) {
            uint256 below = 0;
            for (uint256 j = 0; j < n; ++j) {
                if (values[j] < values[i] || (values[j] == values[i] && j < i)) ++below;
            }
            if (below == (n - 1) / 2) return i;
        }
        revert WrongOpenings();
    }

    function _chain(bytes32 word, address evaluator, bytes32 commitment)
        private
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(word, evaluator, commitment));
    }

    function _bitOf(bytes32 challengeKey, address evaluator) private view returns (uint16) {
        uint8 number = _challenges[challengeKey].evaluatorOf[evaluator].number;
        return number == 0 ? 0 : uint16(1 << (number - 1));
    }

    function _count(uint16 mask) private pure returns (uint256 bits) {
        for (; mask != 0; mask &= mask - 1) {
            ++bits;
        }
    }
}
