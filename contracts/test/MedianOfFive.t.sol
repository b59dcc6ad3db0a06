// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {LedgerFixture} from "./LedgerFixture.sol";

/// @notice The lower median of five, by every order that five values can stand in, ties too: it
/// only compares, so that there are no other cases. (HalmosMedian proves one to four.)
contract MedianOfFiveTest is LedgerFixture {
    function setUp() public {
        _deploy();
    }

    function test_TheLowerMedianOfFiveHasTwoBeforeItInEveryOrder() public view {
        int256[] memory values = new int256[](5);
        for (uint256 word = 0; word < 3125; ++word) {
            uint256 rest = word;
            for (uint256 i = 0; i < 5; ++i) {
                values[i] = int256(rest % 5);
                rest /= 5;
            }
            uint256 chosen = ledger.lowerMedian(values);
            uint256 ahead = 0;
            for (uint256 i = 0; i < 5; ++i) {
                bool isTie = values[i] == values[chosen] && i < chosen;
                if (values[i] < values[chosen] || isTie) ++ahead;
            }
            assertEq(ahead, 2, "two before it");
        }
    }
}
