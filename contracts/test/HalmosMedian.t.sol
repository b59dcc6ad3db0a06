// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {CooptLedger} from "../src/CooptLedger.sol";

/// @notice For all numbers: the lower median is the (n - 1) / 2-th in rising order, which is one
/// value in whatever order they are given. Of one to four; five have too many paths for the
/// prover and are gone through one by one (MedianOfFive).
/// @custom:halmos --loop 32
contract HalmosMedianTest {
    CooptLedger private _ledger;

    function setUp() public {
        _ledger = new CooptLedger();
    }

    function check_TheLowerMedianOfOne(int256 a) public view {
        int256[] memory values = new int256[](1);
        values[0] = a;
        _check(values);
    }

    function check_TheLowerMedianOfTwo(int256 a, int256 b) public view {
        int256[] memory values = new int256[](2);
        (values[0], values[1]) = (a, b);
        _check(values);
    }

    function check_TheLowerMedianOfThree(int256 a, int256 b, int256 c) public view {
        int256[] memory values = new int256[](3);
        (values[0], values[1], values[2]) = (a, b, c);
        _check(values);
    }

    function check_TheLowerMedianOfFour(int256 a, int256 b, int256 c, int256 d) public view {
        int256[] memory values = new int256[](4);
        (values[0], values[1], values[2], values[3]) = (a, b, c, d);
        _check(values);
    }

    /// @dev At most k are less and more than k are not more: no other value is like that, so that
    /// the order of the values cannot matter. Counted without branches: fewer paths to prove.
    function _check(int256[] memory values) private view {
        uint256 k = (values.length - 1) / 2;
        uint256 middle = _ledger.lowerMedian(values);
        int256 median = values[middle];
        uint256 less = 0;
        uint256 notMore = 0;
        uint256 ahead = 0;
        for (uint256 i = 0; i < values.length; ++i) {
            int256 value = values[i];
            assembly ("memory-safe") {
                less := add(less, slt(value, median))
                notMore := add(notMore, iszero(sgt(value, median)))
                let tie := and(eq(value, median), lt(i, middle))
                ahead := add(ahead, or(slt(value, median), tie))
            }
        }
        assert(less <= k && notMore > k);
        assert(ahead == k);
    }
}
