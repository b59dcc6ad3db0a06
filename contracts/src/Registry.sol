// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bonds} from "./Bonds.sol";
import {CooptGuard} from "./CooptGuard.sol";
import {ILedger} from "./ILedger.sol";
import {Text} from "./Text.sol";

/// @notice Challenges with their owner and evaluators, and the steps they are made of.
/// @dev Storage holds only what a later call must enforce; texts live in events. A challenge is
/// known by `keccak256(name)`, a step by `keccak256(challengeKey ++ keccak256(name))`.
abstract contract Registry is ILedger, Bonds {
    enum Direction {
        Minimise,
        Maximise
    }

    /// @notice Rules of a challenge, fixed when it is registered.
    /// @param slots Submissions of one account to one step in one epoch; 0 = unlimited.
    /// @param closesAt Second from which nothing can be submitted; 0 = never.
    /// @param quorum Evaluators who must agree on a score.
    /// @param revealS Seconds from a commitment to the end of its reveal.
    /// @param disputeS Seconds in which a record or a settlement can be disputed; 0 = not at all.
    /// @param bondWei What a dispute costs if it proves unfounded.
    /// @param pot Credit units that one epoch can pay.
    struct Rules {
        uint32 slots;
        uint64 closesAt;
        uint8 quorum;
        uint32 revealS;
        uint32 disputeS;
        uint96 bondWei;
        uint96 pot;
    }

    struct Challenge {
        address owner;
        uint64 closesAt;
        uint16 epoch; // number of the latest seal; 0 while there is none
        uint8 quorum;
        uint8 evaluatorCount; // ever named: it numbers them
        uint32 slots;
        uint32 revealS;
        uint32 disputeS;
        uint96 bondWei;
        uint96 pot;
        address[] evaluators;
        mapping(address account => Evaluator) evaluatorOf;
        mapping(uint256 epoch => bool) isUnsealed;
    }

    /// @dev `number` counts from 1; judges from second `since` to before `until`.
    struct Evaluator {
        uint8 number;
        uint64 since;
        uint64 until;
    }

    struct Step {
        bytes32 challengeKey;
        int128 headScore;
        uint32 headId; // submission that holds the record; 0 while there is none
        uint32 firstId; // first submission ever; the owner's is the baseline
        uint16 metricVersion;
        uint8 claimCap; // live claims at a time; 0 = unlimited
        Direction direction;
        bool isStale; // the head's score is of an older metric: rescore it first
        uint24 changes; // of the metric, or of the head's score by votes: old votes bind no more
        uint128 minDelta;
        uint128 tolerance; // evaluators whose scores differ by more do not agree
    }

    error Paused();
    error ChallengeExists();
    error UnknownChallenge();
    error NoEvaluators();
    error TooManyEvaluators();
    error BadEvaluator();
    error BadQuorum();
    error BadWindow();
    error NotOwner();
    error NotEvaluator();
    error NotIndependent();
    error StepExists();
    error UnknownStep();

    event ChallengeRegistered(
        bytes32 indexed challengeKey,
        address indexed actor,
        uint64 time,
        string challenge,
        string manifestCid,
        address[] evaluators,
        Rules rules
    );
    event EvaluatorAdded(
        bytes32 indexed challengeKey,
        address indexed actor,
        uint64 time,
        string challenge,
        address evaluator,
        uint64 since
    );
    event EvaluatorRetired(
        bytes32 indexed challengeKey,
        address indexed actor,
        uint64 time,
        string challenge,
        address evaluator,
        uint64 until
    );
    event StepRegistered(
        bytes32 indexed stepKey,
        address indexed actor,
        uint64 time,
        string challenge,
        string step,
        string specCid,
        Direction direction,
        uint128 minDeltaWad,
        uint128 toleranceWad,
        uint8 claimCap
    );

    uint256 public constant MAX_EVALUATORS = 16;
    uint32 public constant MIN_REVEAL = 60 seconds;
    uint32 public constant MAX_WINDOW = 30 days;
    /// @notice A change of evaluators is known for so long before it counts.
    uint64 public constant NOTICE = 7 days;

    /// @notice The brake that stops new things.
    CooptGuard public guard;
    mapping(bytes32 challengeKey => Challenge) internal _challenges;
    mapping(bytes32 stepKey => Step) internal _steps;

    modifier whileOpen() {
        if (guard.isPaused()) revert Paused();
        _;
    }

    /// @notice Open a challenge; the sender becomes its owner.
    function registerChallenge(
        string calldata challenge,
        string calldata manifestCid,
        address[] calldata evaluators,
        Rules calldata rules
    ) external whileOpen {
        Text.requireName(challenge);
        Text.requireCid(manifestCid);
        bytes32 key = keccak256(bytes(challenge));
        Challenge storage entry = _challenges[key];
        if (entry.owner != address(0)) revert ChallengeExists();
        if (evaluators.length == 0) revert NoEvaluators();
        if (rules.quorum == 0 || rules.quorum > evaluators.length) revert BadQuorum();
        bool isBad = rules.revealS < MIN_REVEAL || rules.revealS > MAX_WINDOW;
        if (isBad || rules.disputeS > MAX_WINDOW) revert BadWindow();
        entry.owner = _msgSender();
        entry.closesAt = rules.closesAt;
        entry.quorum = rules.quorum;
        entry.slots = rules.slots;
        entry.revealS = rules.revealS;
        entry.disputeS = rules.disputeS;
        entry.bondWei = rules.bondWei;
        entry.pot = rules.pot;
        for (uint256 i = 0; i < evaluators.length; ++i) {
            _nameEvaluator(entry, evaluators[i], 0);
        }
        emit ChallengeRegistered(
            key, _msgSender(), uint64(block.timestamp), challenge, manifestCid, evaluators, rules
        );
    }

    /// @notice Name another evaluator, who may judge after the notice; only the owner may.
    function addEvaluator(string calldata challenge, address evaluator) external {
        (bytes32 key, Challenge storage entry) = _requireOwner(challenge);
        uint64 since = uint64(block.timestamp) + NOTICE;
        _nameEvaluator(entry, evaluator, since);
        emit EvaluatorAdded(
            key, _msgSender(), uint64(block.timestamp), challenge, evaluator, since
        );
    }

    /// @notice Let an evaluator go after the notice; only the owner may.
    function retireEvaluator(string calldata challenge, address evaluator) external {
        (bytes32 key, Challenge storage entry) = _requireOwner(challenge);
        Evaluator storage found = entry.evaluatorOf[evaluator];
        if (found.number == 0 || found.until != type(uint64).max) revert BadEvaluator();
        uint64 until = uint64(block.timestamp) + NOTICE;
        found.until = until;
        emit EvaluatorRetired(
            key, _msgSender(), uint64(block.timestamp), challenge, evaluator, until
        );
    }

    /// @notice Add a step to a challenge; only its owner may.
    function registerStep(
        string calldata challenge,
        string calldata step,
        string calldata specCid,
        Direction direction,
        uint128 minDeltaWad,
        uint128 toleranceWad,
        uint8 claimCap
    ) external whileOpen {
        (bytes32 challengeKey,) = _requireOwner(challenge);
        Text.requireName(step);
        Text.requireCid(specCid);
        bytes32 key = stepKeyOf(challenge, step);
        Step storage entry = _steps[key];
        if (entry.challengeKey != 0) revert StepExists();
        entry.challengeKey = challengeKey;
        entry.minDelta = minDeltaWad;
        entry.tolerance = toleranceWad;
        entry.claimCap = claimCap;
        entry.direction = direction;
        emit StepRegistered(
            key,
            _msgSender(),
            uint64(block.timestamp),
            challenge,
            step,
            specCid,
            direction,
            minDeltaWad,
            toleranceWad,
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

    /// @notice Who owns a challenge; the zero address if there is none.
    function ownerOf(bytes32 challengeKey) external view returns (address) {
        return _challenges[challengeKey].owner;
    }

    /// @notice Whether an account may judge now.
    function isEvaluator(bytes32 challengeKey, address account) public view returns (bool) {
        Evaluator storage found = _challenges[challengeKey].evaluatorOf[account];
        return found.number != 0 && block.timestamp >= found.since
            && block.timestamp < found.until;
    }

    /// @notice Votes that are more than half of the evaluators who may judge and are not barred.
    function majorityOf(bytes32 challengeKey, address barred, address other)
        public
        view
        returns (uint256)
    {
        address[] storage named = _challenges[challengeKey].evaluators;
        uint256 live = 0;
        for (uint256 i = 0; i < named.length; ++i) {
            if (named[i] == barred || named[i] == other) continue;
            if (isEvaluator(challengeKey, named[i])) ++live;
        }
        return live / 2 + 1;
    }

    /// @notice How long and for what bond a settlement can be disputed, and what it can pay.
    function settlementRules(bytes32 challengeKey)
        external
        view
        returns (uint32 disputeS, uint96 bondWei, uint96 pot)
    {
        Challenge storage entry = _challenges[challengeKey];
        return (entry.disputeS, entry.bondWei, entry.pot);
    }

    /// @notice Whether nothing more can be submitted in an epoch.
    function isEpochOver(bytes32 challengeKey, uint256 epoch) external view returns (bool) {
        Challenge storage entry = _challenges[challengeKey];
        if (epoch > entry.epoch) return false;
        if (epoch < entry.epoch || entry.isUnsealed[epoch]) return true;
        return entry.closesAt != 0 && block.timestamp >= entry.closesAt;
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

    function _requireOwner(string calldata challenge)
        internal
        view
        returns (bytes32 key, Challenge storage entry)
    {
        key = keccak256(bytes(challenge));
        entry = _challenges[key];
        if (entry.owner == address(0)) revert UnknownChallenge();
        if (entry.owner != _msgSender()) revert NotOwner();
    }

    function _requireJudge(bytes32 challengeKey, address who, address barred)
        internal
        view
        override
    {
        if (!isEvaluator(challengeKey, who)) revert NotEvaluator();
        if (who == barred) revert NotIndependent();
    }

    function _nameEvaluator(Challenge storage entry, address who, uint64 since) private {
        if (who == address(0) || entry.evaluatorOf[who].number != 0) revert BadEvaluator();
        if (entry.evaluators.length == MAX_EVALUATORS) revert TooManyEvaluators();
        entry.evaluators.push(who);
        uint8 number = ++entry.evaluatorCount;
        entry.evaluatorOf[who] = Evaluator(number, since, type(uint64).max);
    }
}
