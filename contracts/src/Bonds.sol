// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Relayed} from "./Relayed.sol";

/// @notice Coin that a contract owes to accounts; each fetches its own.
/// @dev Pull, never push: an account that cannot be paid stops nobody else.
abstract contract Bonds is Relayed {
    error WrongValue();
    error NothingOwed();
    error PaymentFailed();

    event Withdrawn(address indexed actor, uint64 time, uint256 amountWei);

    mapping(address account => uint256) private _owed;

    /// @notice Fetch the coin that is owed to the sender.
    function withdraw() external {
        address who = _msgSender();
        uint256 amount = _owed[who];
        if (amount == 0) revert NothingOwed();
        _owed[who] = 0;
        emit Withdrawn(who, uint64(block.timestamp), amount);
        _pay(who, amount);
    }

    /// @notice Coin that an account can fetch.
    function owedTo(address account) external view returns (uint256) {
        return _owed[account];
    }

    function _owe(address account, uint256 amount) internal {
        _owed[account] += amount;
    }

    function _pay(address to, uint256 amount) internal {
        (bool done,) = to.call{value: amount}("");
        if (!done) revert PaymentFailed();
    }
}
