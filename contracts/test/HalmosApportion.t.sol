// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Apportion} from "./Apportion.sol";

/// @notice The step by which a pot is given away to the last unit, for all numbers: what is left
/// after the whole parts is spread exactly, one unit each, and never past a larger rest.
/// @dev That what is left is less than there are shares is arithmetic: rests are each less than
/// the sum of the weights, and `left` times that sum is what they sum to. ApportionTest tries the
/// whole rule, with its divisions, which are too hard to prove here.
contract HalmosApportionTest {
    /// @custom:halmos --loop 32
    function check_WhatIsLeftIsSpreadExactly(uint256 a, uint256 b, uint256 c, uint256 left)
        public
        pure
    {
        if (left > 3) return;
        uint256[] memory rests = new uint256[](3);
        (rests[0], rests[1], rests[2]) = (a, b, c);
        uint256[] memory more = new uint256[](3);
        Apportion.spread(more, rests, left);
        assert(more[0] + more[1] + more[2] == left);
        for (uint256 i = 0; i < 3; ++i) {
            assert(more[i] <= 1);
            for (uint256 j = 0; j < 3; ++j) {
                assert(more[i] >= more[j] || rests[i] <= rests[j]);
            }
        }
    }
}
