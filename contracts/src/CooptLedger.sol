// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {CooptGuard} from "./CooptGuard.sol";
import {CooptNotes} from "./CooptNotes.sol";
import {CooptTreasury} from "./CooptTreasury.sol";
import {Disputes} from "./Disputes.sol";
import {Metrics} from "./Metrics.sol";
import {Seals} from "./Seals.sol";

/// @title coopt-dag ledger
/// @notice Who did what, when, and what it improved, for challenges made of small steps.
/// @dev Registry (challenges, steps, evaluators) → Claims (leases) → Submissions (commit, reveal)
/// → Records (scores, heads) → Attestations (quorum) → Disputes. Seals (hidden data) and Metrics
/// (versions) stand beside that chain, on Registry. Pay is the treasury's, notes are the notes'.
/// No immutables: its code on any chain is the committed runtime, byte by byte, and a client
/// refuses to talk to anything else. It holds no coin but bonds.
contract CooptLedger is Disputes, Seals, Metrics {
    /// @notice Where pots, bounties and settlements are kept.
    CooptTreasury public treasury;
    /// @notice Where reviews, endorsements and anchors are said.
    CooptNotes public notes;

    /// @notice Deploy all four; whoever deploys may name guardians, and nothing else.
    constructor() {
        guard = new CooptGuard(msg.sender);
        treasury = new CooptTreasury(this);
        notes = new CooptNotes(this);
    }
}
