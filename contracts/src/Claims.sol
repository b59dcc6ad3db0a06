// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Registry} from "./Registry.sol";

/// @notice A claim is a lease on a step: it ends by itself, and its slot is free again.
/// @dev On capped steps nobody sits on a slot: who delivers nothing can hold it for `MAX_LEASE`
/// in all, and then has to leave it for as long as it was held. A delivery counts until the next
/// renewal, so that one commitment does not hold a slot for ever.
abstract contract Claims is Registry {
    struct Lease {
        uint64 since;
        uint64 until;
        bool delivered;
    }

    error BadDuration();
    error ClaimsFull();
    error NoLiveClaim();
    error HeldTooLong();
    error CoolingDown();

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

    mapping(bytes32 stepKey => mapping(address holder => Lease)) internal _leases;
    /// @dev Only for capped steps: holders whose lease may be live. Dead ones are swept by the
    /// next newcomer, so the length never passes the cap.
    mapping(bytes32 stepKey => address[]) private _holders;

    /// @notice Lease a step for `durationS` seconds from now, or renew the lease one holds.
    function claim(string calldata challenge, string calldata step, uint64 durationS)
        external
    {
        (bytes32 key, Step storage entry) = _requireStep(challenge, step);
        if (durationS < MIN_LEASE || durationS > MAX_LEASE) revert BadDuration();
        uint64 start = uint64(block.timestamp);
        Lease storage lease = _leases[key][_msgSender()];
        bool isNew = lease.until <= start;
        if (entry.claimCap != 0) {
            if (isNew) _takeSlot(key, entry.claimCap, lease);
            else if (!lease.delivered && start + durationS > lease.since + MAX_LEASE) {
                revert HeldTooLong();
            }
        }
        if (isNew || lease.delivered) {
            lease.since = start;
            lease.delivered = false;
        }
        lease.until = start + durationS;
        emit Claimed(key, _msgSender(), start, challenge, step, start + durationS);
    }

    /// @notice Give a live lease back before it ends.
    function release(string calldata challenge, string calldata step) external {
        (bytes32 key,) = _requireStep(challenge, step);
        if (!_isLive(key, _msgSender())) revert NoLiveClaim();
        _leases[key][_msgSender()].until = uint64(block.timestamp);
        emit Released(key, _msgSender(), uint64(block.timestamp), challenge, step);
    }

    /// @notice A holder's last lease of a step; all zero if there was none.
    function leaseOf(string calldata challenge, string calldata step, address holder)
        external
        view
        returns (Lease memory)
    {
        return _leases[stepKeyOf(challenge, step)][holder];
    }

    function _isLive(bytes32 key, address holder) internal view returns (bool) {
        return _leases[key][holder].until > block.timestamp;
    }

    function _takeSlot(bytes32 key, uint256 cap, Lease storage last) private {
        if (!last.delivered && block.timestamp < 2 * uint256(last.until) - last.since) {
            revert CoolingDown();
        }
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
        holders.push(_msgSender());
    }
}
