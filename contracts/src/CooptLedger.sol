// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Anchors} from "./Anchors.sol";
import {Records} from "./Records.sol";
import {Seals} from "./Seals.sol";

/// @title coopt-dag ledger
/// @notice Who did what, when, and what it improved, for challenges made of small steps.
/// @dev Registry (challenges, steps) → Claims (leases) → Submissions → Records (scores, heads).
/// It has no constructor and no immutables: its code on any chain is the committed runtime, byte
/// by byte, and a client refuses to talk to anything else. It holds no funds.
/// Anchors (roots of artifacts) and Seals (hidden data) stand beside that chain, on Registry.
contract CooptLedger is Records, Anchors, Seals {}
