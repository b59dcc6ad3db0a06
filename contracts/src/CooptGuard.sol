// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";

/// @title A brake against new things while a fault is looked into; nobody can hold it down
/// @notice A pause ends by itself and cannot follow another at once. It stops what begins
/// something (registering, funding, proposing a settlement) and nothing that ends something or
/// that somebody could miss a deadline by: claims, submissions, scores, disputes, refunds and
/// payments go on.
contract CooptGuard is AccessControl {
    error TooSoon();

    event PauseStarted(address indexed actor, uint64 time, uint64 until);
    event PauseEnded(address indexed actor, uint64 time);

    bytes32 public constant GUARDIAN_ROLE = keccak256("GUARDIAN_ROLE");
    uint64 public constant MAX_PAUSE = 7 days;

    uint64 private _pausedUntil;
    uint64 private _notBefore;

    /// @param admin Who may name guardians, and is the first; it can do nothing else.
    constructor(address admin) {
        _grantRole(DEFAULT_ADMIN_ROLE, admin);
        _grantRole(GUARDIAN_ROLE, admin);
    }

    /// @notice Stop new things for at most a week, and then not for another week.
    function pause() external onlyRole(GUARDIAN_ROLE) {
        if (block.timestamp < _notBefore) revert TooSoon();
        uint64 until = uint64(block.timestamp) + MAX_PAUSE;
        _pausedUntil = until;
        _notBefore = until + MAX_PAUSE;
        emit PauseStarted(msg.sender, uint64(block.timestamp), until);
    }

    /// @notice End a pause early.
    function unpause() external onlyRole(GUARDIAN_ROLE) {
        _pausedUntil = uint64(block.timestamp);
        emit PauseEnded(msg.sender, uint64(block.timestamp));
    }

    /// @notice Whether new things are stopped now.
    function isPaused() external view returns (bool) {
        return block.timestamp < _pausedUntil;
    }
}
