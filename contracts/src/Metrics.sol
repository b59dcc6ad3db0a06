// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Registry} from "./Registry.sol";
import {Text} from "./Text.sol";

/// @notice Versions of a step's metric: announced in one epoch, in force from a later one.
/// @dev Old records keep their version. A head whose metric changed is stale: nothing can beat
/// it before a quorum has scored it anew.
abstract contract Metrics is Registry {
    struct Proposal {
        uint128 minDelta;
        uint128 tolerance;
        uint16 epoch; // when it was announced
        Direction direction;
        bool exists;
    }

    error NoProposal();
    error NotYet();

    event MetricProposed(
        bytes32 indexed stepKey,
        address indexed actor,
        uint64 time,
        string specCid,
        Direction direction,
        uint128 minDeltaWad,
        uint128 toleranceWad,
        uint16 epoch
    );
    event MetricActivated(
        bytes32 indexed stepKey, address indexed actor, uint64 time, uint16 metricVersion
    );

    mapping(bytes32 stepKey => Proposal) private _proposals;

    /// @notice Announce the next version; it takes the place of one that was not activated.
    function proposeMetric(
        string calldata challenge,
        string calldata step,
        string calldata specCid,
        Direction direction,
        uint128 minDeltaWad,
        uint128 toleranceWad
    ) external {
        (bytes32 challengeKey,) = _requireOwner(challenge);
        (bytes32 key,) = _requireStep(challenge, step);
        Text.requireCid(specCid);
        uint16 epoch = _challenges[challengeKey].epoch;
        _proposals[key] = Proposal(minDeltaWad, toleranceWad, epoch, direction, true);
        emit MetricProposed(
            key,
            _msgSender(),
            uint64(block.timestamp),
            specCid,
            direction,
            minDeltaWad,
            toleranceWad,
            epoch
        );
    }

    /// @notice Put the announced version in force, in a later epoch than that of its notice.
    function activateMetric(string calldata challenge, string calldata step) external {
        (bytes32 challengeKey,) = _requireOwner(challenge);
        (bytes32 key, Step storage entry) = _requireStep(challenge, step);
        Proposal memory next = _proposals[key];
        if (!next.exists) revert NoProposal();
        if (_challenges[challengeKey].epoch <= next.epoch) revert NotYet();
        delete _proposals[key];
        entry.direction = next.direction;
        entry.minDelta = next.minDelta;
        entry.tolerance = next.tolerance;
        entry.metricVersion += 1;
        entry.changes += 1;
        entry.isStale = entry.headId != 0;
        emit MetricActivated(key, _msgSender(), uint64(block.timestamp), entry.metricVersion);
    }
}
