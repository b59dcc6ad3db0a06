// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Registry} from "./Registry.sol";
import {Text} from "./Text.sol";

/// @notice Commitments to hidden data, one an epoch, and the keys that open them afterwards.
/// @dev A seal cannot be changed: whoever hides other data makes another epoch. While the keys
/// of the present epoch are known to all, nobody can submit (see Submissions).
abstract contract Seals is Registry {
    error BadRoot();
    error UnknownEpoch();
    error AlreadyUnsealed();

    event Sealed(
        bytes32 indexed challengeKey,
        address indexed actor,
        uint256 indexed epoch,
        uint64 time,
        string challenge,
        bytes32 root,
        string sealedCid
    );
    event Unsealed(
        bytes32 indexed challengeKey,
        address indexed actor,
        uint256 indexed epoch,
        uint64 time,
        string challenge,
        string keysCid
    );

    /// @notice Commit to hidden data before anybody is judged by them; only the owner may.
    /// @param root Salted Merkle root of the data.
    /// @param sealedCid Where the ciphertext lies.
    function seal(string calldata challenge, bytes32 root, string calldata sealedCid) external {
        (bytes32 key, Challenge storage entry) = _requireOwner(challenge);
        if (root == 0) revert BadRoot();
        Text.requireCid(sealedCid);
        uint256 epoch = ++entry.epoch;
        emit Sealed(
            key, _msgSender(), epoch, uint64(block.timestamp), challenge, root, sealedCid
        );
    }

    /// @notice Reveal the keys of an epoch, once; only the owner may.
    function unseal(string calldata challenge, uint256 epoch, string calldata keysCid) external {
        (bytes32 key, Challenge storage entry) = _requireOwner(challenge);
        if (epoch == 0 || epoch > entry.epoch) revert UnknownEpoch();
        if (entry.isUnsealed[epoch]) revert AlreadyUnsealed();
        Text.requireCid(keysCid);
        entry.isUnsealed[epoch] = true;
        emit Unsealed(key, _msgSender(), epoch, uint64(block.timestamp), challenge, keysCid);
    }
}
