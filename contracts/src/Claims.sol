// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Registry} from "./Registry.sol";

/// @notice A claim is a lease on a step: it ends by itself, and its slot is free again.
abstract contract Claims is Registry {
    error BadDuration();
    error ClaimsFull();
    error NoLiveClaim();

    event Claimed(
        bytes32 indexed stepKey,
        address indexed actor,
        uint64 time,
        string challenge,
        string step,
        uint64 expiresAt
    );
    event Released(
        bytes32 indexed stepKey, address indexed actor, uint64 time, string challenge, string step
    );

    uint64 public constant MIN_LEASE = 60 seconds;
    uint64 public constant MAX_LEASE = 30 days;

    mapping(bytes32 stepKey => mapping(address holder => uint64)) internal _expiry;
    /// @dev Only for capped steps: holders whose lease may be live. Dead ones are swept by the
    /// next newcomer, so the length never passes the cap.
    mapping(bytes32 stepKey => address[]) private _holders;

    /// @notice Lease a step for `duration` seconds from now, or renew the lease one holds.
    function claim(string calldata challenge, string calldata step, uint64 duration) external {
        (bytes32 key, Step storage entry) = _requireStep(challenge, step);
        if (duration < MIN_LEASE || duration > MAX_LEASE) revert BadDuration();
        if (entry.claimCap != 0 && !_isLive(key, msg.sender)) _takeSlot(key, entry.claimCap);
        uint64 expiresAt = uint64(block.timestamp) + duration;
        _expiry[key][msg.sender] = expiresAt;
        emit Claimed(key, msg.sender, uint64(block.timestamp), challenge, step, expiresAt);
    }

    /// @notice Give a live lease back before it ends.
    function release(string calldata challenge, string calldata step) external {
        (bytes32 key,) = _requireStep(challenge, step);
        if (!_isLive(key, msg.sender)) revert NoLiveClaim();
        _expiry[key][msg.sender] = 0;
        emit Released(key, msg.sender, uint64(block.timestamp), challenge, step);
    }

    /// @notice When the holder's last lease ends or ended; 0 if there is none.
    function leaseOf(string calldata challenge, string calldata step, address holder)
        external
        view
        returns (uint64)
    {
        return _expiry[stepKeyOf(challenge, step)][holder];
    }

    function _isLive(bytes32 key, address holder) internal view returns (bool) {
        return _expiry[key][holder] > block.timestamp;
    }

    function _takeSlot(bytes32 key, uint256 cap) private {
        address[] storage holders = _holders[key];
        uint256 i = 0;
        while (i < holders.length) {
            if (_isLive(key, holders[i])) {
                ++i;
            } else {
                holders[i] = holders[holders.length - 1];
                holders.pop();
            }
        }
        if (holders.length >= cap) revert ClaimsFull();
        holders.push(msg.sender);
    }
}
