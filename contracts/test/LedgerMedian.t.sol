// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Attestations} from "../src/Attestations.sol";
import {Registry} from "../src/Registry.sol";
import {Submissions} from "../src/Submissions.sol";
import {LedgerFixture} from "./LedgerFixture.sol";

/// @notice The lower median against a reference that sorts, alone and in whole rounds.
contract LedgerMedianTest is LedgerFixture {
    function setUp() public {
        _begin(5, 5);
        uint128 all = type(uint128).max;
        _registerStep(CHALLENGE, "down", Registry.Direction.Minimise, 0, all, 0);
        _registerStep(CHALLENGE, "up", Registry.Direction.Maximise, 0, all, 0);
    }

    function test_TheLowerMedianByHand() public view {
        int256[] memory values = new int256[](1);
        values[0] = 7;
        assertEq(ledger.lowerMedian(values), 0);
        values = new int256[](4);
        (values[0], values[1], values[2], values[3]) = (9, -3, 5, 4);
        assertEq(ledger.lowerMedian(values), 3); // of 4 and 5, the lower
        (values[0], values[1], values[2], values[3]) = (2, 2, 2, 2);
        assertEq(ledger.lowerMedian(values), 1); // of equals, the second of four
        (values[0], values[1]) = (type(int256).max, type(int256).min);
        assertEq(ledger.lowerMedian(values), 2); // min, 2, 2, max
    }

    function test_NothingHasNoMedian() public {
        vm.expectRevert(Attestations.WrongOpenings.selector);
        ledger.lowerMedian(new int256[](0));
    }

    function testFuzz_TheLowerMedianIsThatOfTheSortedList(int256[] memory values) public view {
        vm.assume(values.length > 0);
        if (values.length > 16) _cut(values, 16);
        _requireMedian(values);
    }

    /// @dev Few different values, so that equal ones are common.
    function testFuzz_EqualValuesCountInTheirOrder(uint8[16] memory few, uint8 n) public view {
        int256[] memory values = new int256[](1 + n % 16);
        for (uint256 i = 0; i < values.length; ++i) {
            values[i] = int256(uint256(few[i] % 3)) - 1;
        }
        _requireMedian(values);
    }

    /// forge-config: default.fuzz.runs = 256
    /// forge-config: full.fuzz.runs = 256
    /// @dev Five evaluators; the score is the third from the worst, whichever way is better.
    function testFuzz_ARoundScoresTheMiddleByMerit(int128[5] memory found, bool up) public {
        int128[] memory scores = new int128[](5);
        int256[] memory merits = new int256[](5);
        for (uint256 i = 0; i < 5; ++i) {
            scores[i] = found[i] == type(int128).min ? int128(0) : found[i];
            merits[i] = up ? int256(scores[i]) : -int256(scores[i]);
        }
        string memory step = up ? "up" : "down";
        _judge(_submitTo(ann, step), scores);
        _sort(merits);
        int256 expected = up ? merits[2] : -merits[2];
        assertEq(int256(ledger.stepOf(CHALLENGE, step).headScore), expected);
    }

    /// forge-config: default.fuzz.runs = 256
    /// forge-config: full.fuzz.runs = 256
    /// @dev Spread is best minus worst; it is compared with the tolerance by its exact size.
    function testFuzz_ARoundAgreesIfAndOnlyIfTheSpreadIsTolerated(
        int64[5] memory found,
        uint64 tolerance
    ) public {
        _registerStep(CHALLENGE, "some", Registry.Direction.Minimise, 0, tolerance, 0);
        int128[] memory scores = new int128[](5);
        (int256 low, int256 high) = (type(int256).max, type(int256).min);
        for (uint256 i = 0; i < 5; ++i) {
            scores[i] = found[i];
            if (found[i] < low) low = found[i];
            if (found[i] > high) high = found[i];
        }
        uint256 id = _submitTo(ann, "some");
        _judge(id, scores);
        bool isRecord = ledger.submissionOf(id).status == Submissions.Status.Record;
        assertTrue(isRecord == (high - low <= int256(uint256(tolerance))));
        assertTrue(isRecord || ledger.submissionOf(id).status == Submissions.Status.Contested);
    }

    /// forge-config: default.fuzz.runs = 256
    /// forge-config: full.fuzz.runs = 256
    /// @dev Of five, three refusals refuse; one or two send it to a vote; none is a record.
    function testFuzz_RefusalsAreWorseThanAnyScore(uint8 who, int64 scoreWad) public {
        Attestations.Opening[] memory openings = _openings(_all(5, scoreWad));
        uint256 refusals = 0;
        for (uint256 i = 0; i < 5; ++i) {
            if (who & (1 << i) == 0) continue;
            openings[i] = _refusal(evaluators[i], "crashed");
            ++refusals;
        }
        uint256 id = _submitTo(ann, "down");
        bytes32 base = _commitRound(id, openings);
        ledger.revealScores(id, base, openings);
        Submissions.Status status = ledger.submissionOf(id).status;
        if (refusals == 0) assertTrue(status == Submissions.Status.Record);
        else if (refusals < 3) assertTrue(status == Submissions.Status.Contested);
        else assertTrue(status == Submissions.Status.Rejected);
    }

    function _requireMedian(int256[] memory values) private view {
        uint256 n = values.length;
        uint256 found = ledger.lowerMedian(values);
        int256 value = values[found];
        uint256 before = 0;
        for (uint256 i = 0; i < found; ++i) {
            if (values[i] == value) ++before;
        }
        int256[] memory sorted = new int256[](n);
        for (uint256 i = 0; i < n; ++i) {
            sorted[i] = values[i];
        }
        _sort(sorted);
        assertEq(value, sorted[(n - 1) / 2]);
        // Its place among its equals is its place in the sorted list.
        uint256 first = 0;
        while (sorted[first] != value) ++first;
        assertEq(first + before, (n - 1) / 2);
    }

    /// @dev By insertion.
    function _sort(int256[] memory values) private pure {
        for (uint256 i = 1; i < values.length; ++i) {
            for (uint256 j = i; j > 0 && values[j] < values[j - 1]; --j) {
                (values[j], values[j - 1]) = (values[j - 1], values[j]);
            }
        }
    }

    function _cut(int256[] memory values, uint256 n) private pure {
        assembly ("memory-safe") {
            mstore(values, n)
        }
    }
}
