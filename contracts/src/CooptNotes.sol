// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {ILedger} from "./ILedger.sol";
import {Relayed} from "./Relayed.sol";
import {Text} from "./Text.sol";

/// @title What people say: roots of artifacts, batches, reviews, endorsements
/// @notice None of it moves metric credit. Anybody may say it, the event tells who did, and
/// readers choose whom they believe.
contract CooptNotes is Relayed {
    enum Opinion {
        Comment,
        Reproduced,
        Concern
    }

    error UnknownChallenge();
    error OwnWork();
    error AlreadyEndorsed();
    error BadRoot();
    error BatchExists();

    event Anchored(
        bytes32 indexed challengeKey,
        address indexed actor,
        uint64 time,
        string challenge,
        string revision,
        string rootCid
    );
    event BatchAnchored(
        bytes32 indexed challengeKey,
        address indexed actor,
        uint64 time,
        string challenge,
        bytes32 root,
        uint64 count,
        string batchCid
    );
    event Reviewed(
        bytes32 indexed stepKey,
        address indexed actor,
        uint256 indexed submissionId,
        uint64 time,
        Opinion opinion,
        string reviewCid
    );
    event Endorsed(
        bytes32 indexed stepKey, address indexed actor, uint256 indexed submissionId, uint64 time
    );

    /// @notice The ledger whose challenges and submissions are spoken of.
    ILedger public ledger;

    /// @dev By who anchored, so that nobody can take another's root first with a false CID.
    mapping(bytes32 challengeKey => mapping(bytes32 root => mapping(address actor => uint64 time)))
        private _batches;
    mapping(uint256 submissionId => mapping(address account => bool)) private _endorsed;

    constructor(ILedger ledger_) {
        ledger = ledger_;
    }

    /// @notice Say that the artifacts of a challenge at a revision are those below a CID.
    function anchor(string calldata challenge, string calldata revision, string calldata rootCid)
        external
    {
        bytes32 key = _requireChallenge(challenge);
        Text.requireRevision(revision);
        Text.requireCid(rootCid);
        emit Anchored(key, _msgSender(), uint64(block.timestamp), challenge, revision, rootCid);
    }

    /// @notice Say `count` small contributions at once: their Merkle root, and where they lie.
    /// @dev Whoever is left out of a batch commits on the ledger, as always.
    function anchorBatch(
        string calldata challenge,
        bytes32 root,
        uint64 count,
        string calldata batchCid
    ) external {
        bytes32 key = _requireChallenge(challenge);
        Text.requireCid(batchCid);
        if (root == 0 || count == 0) revert BadRoot();
        if (_batches[key][root][_msgSender()] != 0) revert BatchExists();
        _batches[key][root][_msgSender()] = uint64(block.timestamp);
        emit BatchAnchored(
            key, _msgSender(), uint64(block.timestamp), challenge, root, count, batchCid
        );
    }

    /// @notice Say what one found in another's submission.
    function review(uint256 submissionId, Opinion opinion, string calldata reviewCid) external {
        bytes32 stepKey = _requireOthers(submissionId);
        Text.requireCid(reviewCid);
        emit Reviewed(
            stepKey, _msgSender(), submissionId, uint64(block.timestamp), opinion, reviewCid
        );
    }

    /// @notice Stand behind another's submission, once.
    function endorse(uint256 submissionId) external {
        bytes32 stepKey = _requireOthers(submissionId);
        if (_endorsed[submissionId][_msgSender()]) revert AlreadyEndorsed();
        _endorsed[submissionId][_msgSender()] = true;
        emit Endorsed(stepKey, _msgSender(), submissionId, uint64(block.timestamp));
    }

    /// @notice When an account anchored the batch that a leaf belongs to; 0 if it did not.
    /// @dev A leaf is to be a hash of something that is not 64 bytes long, or an inner node passes
    /// for one.
    function batchTimeOf(
        bytes32 challengeKey,
        bytes32 root,
        address account,
        bytes32 leaf,
        bytes32[] calldata proof
    ) external view returns (uint64) {
        bool isInside = MerkleProof.verifyCalldata(proof, root, leaf);
        return isInside ? _batches[challengeKey][root][account] : 0;
    }

    function _requireChallenge(string calldata challenge) private view returns (bytes32 key) {
        key = keccak256(bytes(challenge));
        if (ledger.ownerOf(key) == address(0)) revert UnknownChallenge();
    }

    function _requireOthers(uint256 submissionId) private view returns (bytes32 stepKey) {
        address contributor;
        (contributor, stepKey) = ledger.revealedBy(submissionId);
        if (contributor == _msgSender()) revert OwnWork();
    }

    /// @dev Nobody judges here.
    function _requireJudge(bytes32, address, address) internal pure override {}
}
