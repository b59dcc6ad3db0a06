// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {CooptGuard} from "./CooptGuard.sol";

/// @title What the treasury and the notes ask of the ledger
interface ILedger {
    /// @notice The brake that stops new things.
    function guard() external view returns (CooptGuard);

    /// @notice Who owns a challenge; the zero address if there is none.
    function ownerOf(bytes32 challengeKey) external view returns (address);

    /// @notice Whether an account may judge in a challenge now.
    function isEvaluator(bytes32 challengeKey, address account) external view returns (bool);

    /// @notice Votes that are more than half of the evaluators but two who are barred.
    function majorityOf(bytes32 challengeKey, address barred, address other)
        external
        view
        returns (uint256);

    /// @notice How long and for what bond a settlement can be disputed, and what it can pay.
    function settlementRules(bytes32 challengeKey)
        external
        view
        returns (uint32 disputeS, uint96 bondWei, uint96 pot);

    /// @notice Whether nothing more can be submitted in an epoch.
    function isEpochOver(bytes32 challengeKey, uint256 epoch) external view returns (bool);

    /// @notice Who made a submission that was revealed, and for which step.
    function revealedBy(uint256 submissionId)
        external
        view
        returns (address contributor, bytes32 stepKey);
}
