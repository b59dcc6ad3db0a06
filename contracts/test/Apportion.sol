// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice How a pot is divided by weights so that nothing is left: by largest remainders.
/// @dev A reference, not a part of the contracts: tables are computed off the chain, and a root
/// is all that comes here. Whoever computes one is to follow this rule: everybody first gets the
/// whole part of `pot * weight / sum`; of what is left one unit each goes to those with the
/// largest remainders, of equal ones to who stands first.
library Apportion {
    error NothingToDivideBy();

    function divide(uint256 pot, uint256[] memory weights)
        internal
        pure
        returns (uint256[] memory shares)
    {
        uint256 n = weights.length;
        uint256 sum = 0;
        for (uint256 i = 0; i < n; ++i) {
            sum += weights[i];
        }
        if (sum == 0) revert NothingToDivideBy();
        shares = new uint256[](n);
        uint256[] memory rests = new uint256[](n);
        uint256 left = pot;
        for (uint256 i = 0; i < n; ++i) {
            shares[i] = pot * weights[i] / sum;
            rests[i] = pot * weights[i] - shares[i] * sum;
            left -= shares[i];
        }
        spread(shares, rests, left);
    }

    /// @dev One unit more each, for the `left` largest rests.
    function spread(uint256[] memory shares, uint256[] memory rests, uint256 left) internal pure {
        for (uint256 i = 0; i < shares.length; ++i) {
            if (_before(rests, i) < left) ++shares[i];
        }
    }

    /// @dev How many have a larger rest, or the same and stand before.
    function _before(uint256[] memory rests, uint256 i) private pure returns (uint256 count) {
        for (uint256 j = 0; j < rests.length; ++j) {
            if (rests[j] > rests[i] || (rests[j] == rests[i] && j < i)) ++count;
        }
    }
}
