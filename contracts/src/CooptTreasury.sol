// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILedger} from "./ILedger.sol";
import {Settlement} from "./Settlement.sol";

/// @title Pots, bounties and what is paid out of them
/// @notice Credit units that cannot be transferred, and coin or tokens that sponsors have put up.
contract CooptTreasury is Settlement {
    constructor(ILedger ledger_) {
        ledger = ledger_;
    }
}
