// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Apportion} from "./Apportion.sol";
import {Base} from "./Base.sol";

/// @notice The rule by which tables divide a pot, on numbers of any size (see HalmosApportion for
/// a proof on small ones).
contract ApportionTest is Base {
    function test_TheClassicExampleIsDividedAsInTheBooks() public pure {
        uint256[] memory votes = new uint256[](6);
        (votes[0], votes[1], votes[2]) = (47_000, 16_000, 15_800);
        (votes[3], votes[4], votes[5]) = (12_000, 6_100, 3_100);
        uint256[] memory seats = Apportion.divide(10, votes);
        uint256[6] memory wanted = [uint256(5), 2, 1, 1, 1, 0];
        for (uint256 i = 0; i < 6; ++i) {
            assertEq(seats[i], wanted[i], "largest remainders, by Hare's quota");
        }
    }

    function test_OfEqualRemaindersTheFirstGetsTheUnit() public pure {
        uint256[] memory weights = new uint256[](3);
        (weights[0], weights[1], weights[2]) = (1, 1, 1);
        uint256[] memory shares = Apportion.divide(100, weights);
        assertEq(shares[0], 34, "first");
        assertEq(shares[1], 33, "second");
        assertEq(shares[2], 33, "third");
    }

    function testFuzz_SharesSumToThePotAndLieWithinOneOfTheirQuota(
        uint96 pot,
        uint128[] memory given
    ) public pure {
        uint256 n = bound(given.length, 1, 12);
        uint256[] memory weights = new uint256[](n);
        uint256 sum = 0;
        for (uint256 i = 0; i < n && i < given.length; ++i) {
            weights[i] = given[i];
            sum += given[i];
        }
        vm.assume(sum != 0);
        uint256[] memory shares = Apportion.divide(pot, weights);
        uint256 paid = 0;
        for (uint256 i = 0; i < n; ++i) {
            uint256 whole = uint256(pot) * weights[i] / sum;
            assertTrue(shares[i] == whole || shares[i] == whole + 1, "within one");
            assertTrue(weights[i] != 0 || shares[i] == 0, "no weight, no share");
            paid += shares[i];
        }
        assertEq(paid, pot, "nothing is left, nothing too much");
    }
}
