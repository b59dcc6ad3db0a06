// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Registry} from "./Registry.sol";
import {Text} from "./Text.sol";

/// @notice Which root of artifacts (data and results, by CID) belongs to a revision.
/// @dev Anybody may say so, and the event tells who did: readers choose whom they believe.
/// Nothing later depends on an anchor, so nothing is stored.
abstract contract Anchors is Registry {
    event Anchored(
        bytes32 indexed challengeKey,
        address indexed actor,
        uint64 time,
        string challenge,
        string revision,
        string rootCid
    );

    /// @notice Say that the artifacts of a challenge at a revision are those below a CID.
    function anchor(string calldata challenge, string calldata revision, string calldata rootCid)
        external
    {
        bytes32 key = keccak256(bytes(challenge));
        if (_challenges[key].owner == address(0)) revert UnknownChallenge();
        Text.requireRevision(revision);
        Text.requireCid(rootCid);
        emit Anchored(key, msg.sender, uint64(block.timestamp), challenge, revision, rootCid);
    }
}
