// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Text} from "./Text.sol";

/// @notice Challenges with their owner and evaluators, and the steps they are made of.
/// @dev Storage holds only what a later call must enforce; texts live in events. A challenge is
/// known by `keccak256(name)`, a step by `keccak256(challengeKey ++ keccak256(name))`.
abstract contract Registry {
    enum Direction {
        Minimise,
        Maximise
    }

    struct Challenge {
        address owner;
        uint64 closesAt; // no submission from this second on; 0 = never
        uint32 slots; // submissions of one account to one step in one epoch; 0 = unlimited
        uint64 epoch; // number of the latest seal; 0 while there is none
        mapping(address account => bool) isEvaluator;
        mapping(uint256 epoch => bool) isUnsealed;
    }

    struct Step {
        bytes32 challengeKey;
        uint128 minDelta;
        uint64 headId; // submission that holds the record; 0 while there is none
        uint8 claimCap; // live claims at a time; 0 = unlimited
        Direction direction;
        bool hasSubmission;
        int256 headScore;
    }

    error ChallengeExists();
    error UnknownChallenge();
    error NoEvaluators();
    error BadEvaluator();
    error NotOwner();
    error NotEvaluator();
    error StepExists();
    error UnknownStep();

    event ChallengeRegistered(
        bytes32 indexed challengeKey,
        address indexed actor,
        uint64 time,
        string challenge,
        string manifestCid,
        address[] evaluators,
        uint32 slots,
        uint64 closesAt
    );
    event StepRegistered(
        bytes32 indexed stepKey,
        address indexed actor,
        uint64 time,
        string challenge,
        string step,
        string specCid,
        Direction direction,
        uint128 minDelta,
        uint8 claimCap
    );

    mapping(bytes32 challengeKey => Challenge) internal _challenges;
    mapping(bytes32 stepKey => Step) internal _steps;

    /// @notice Open a challenge; the sender becomes its owner.
    /// @param slots Submissions that one account may make to one step in one epoch; 0 = unlimited.
    /// @param closesAt Second from which nothing can be submitted; 0 = never.
    function registerChallenge(
        string calldata challenge,
        string calldata manifestCid,
        address[] calldata evaluators,
        uint32 slots,
        uint64 closesAt
    ) external {
        Text.requireName(challenge);
        Text.requireCid(manifestCid);
        bytes32 key = keccak256(bytes(challenge));
        Challenge storage entry = _challenges[key];
        if (entry.owner != address(0)) revert ChallengeExists();
        if (evaluators.length == 0) revert NoEvaluators();
        entry.owner = msg.sender;
        entry.slots = slots;
        entry.closesAt = closesAt;
        for (uint256 i = 0; i < evaluators.length; ++i) {
            if (evaluators[i] == address(0)) revert BadEvaluator();
            entry.isEvaluator[evaluators[i]] = true;
        }
        emit ChallengeRegistered(
            key,
            msg.sender,
            uint64(block.timestamp),
            challenge,
            manifestCid,
            evaluators,
            slots,
            closesAt
        );
    }

    /// @notice Add a step to a challenge; only its owner may.
    function registerStep(
        string calldata challenge,
        string calldata step,
        string calldata specCid,
        Direction direction,
        uint128 minDelta,
        uint8 claimCap
    ) external {
        bytes32 challengeKey = keccak256(bytes(challenge));
        address owner = _challenges[challengeKey].owner;
        if (owner == address(0)) revert UnknownChallenge();
        if (owner != msg.sender) revert NotOwner();
        Text.requireName(step);
        Text.requireCid(specCid);
        bytes32 key = stepKeyOf(challenge, step);
        Step storage entry = _steps[key];
        if (entry.challengeKey != 0) revert StepExists();
        entry.challengeKey = challengeKey;
        entry.minDelta = minDelta;
        entry.claimCap = claimCap;
        entry.direction = direction;
        emit StepRegistered(
            key,
            msg.sender,
            uint64(block.timestamp),
            challenge,
            step,
            specCid,
            direction,
            minDelta,
            claimCap
        );
    }

    /// @notice The key under which a step's events are indexed.
    function stepKeyOf(string calldata challenge, string calldata step)
        public
        pure
        returns (bytes32)
    {
        return keccak256(abi.encodePacked(keccak256(bytes(challenge)), keccak256(bytes(step))));
    }

    /// @notice A step's rules and head, as enforced.
    function stepOf(string calldata challenge, string calldata step)
        external
        view
        returns (Step memory)
    {
        (, Step storage entry) = _requireStep(challenge, step);
        return entry;
    }

    function _requireStep(string calldata challenge, string calldata step)
        internal
        view
        returns (bytes32 key, Step storage entry)
    {
        key = stepKeyOf(challenge, step);
        entry = _steps[key];
        if (entry.challengeKey == 0) revert UnknownStep();
    }

    function _requireEvaluator(bytes32 challengeKey) internal view {
        if (!_challenges[challengeKey].isEvaluator[msg.sender]) revert NotEvaluator();
    }
}
