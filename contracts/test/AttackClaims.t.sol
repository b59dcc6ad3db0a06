// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Claims} from "../src/Claims.sol";
import {Registry} from "../src/Registry.sol";
import {LedgerFixture} from "./LedgerFixture.sol";

/// @notice Sitting on the only slot of a step.
contract AttackClaimsTest is LedgerFixture {
    string private constant ONE = "one";

    function setUp() public {
        _begin(3, 2);
        _registerStep(CHALLENGE, ONE, Registry.Direction.Minimise, 0, 0, 1);
    }

    function test_ASquatterLeavesAfterThirtyDaysAndForThirtyDays() public {
        _claim(ann, ONE, 30 days);
        for (uint256 day = 1; day < 30; ++day) {
            vm.warp(START + day * 1 days);
            vm.expectRevert(Claims.HeldTooLong.selector);
            _claim(ann, ONE, uint64(30 days - day * 1 days + 1));
            _claim(ann, ONE, uint64(30 days - day * 1 days));
        }
        vm.warp(START + 30 days);
        vm.expectRevert(Claims.CoolingDown.selector);
        _claim(ann, ONE, 60);
        _claim(ben, ONE, 30 days);
        vm.warp(START + 60 days - 1);
        vm.expectRevert(Claims.CoolingDown.selector);
        _claim(ann, ONE, 60);
    }

    function test_ReleasingJustBeforeTheEndDoesNotResetTheClock() public {
        _claim(ann, ONE, 30 days);
        vm.warp(START + 29 days);
        vm.prank(ann);
        ledger.release(CHALLENGE, ONE);
        vm.warp(START + 58 days - 1);
        vm.expectRevert(Claims.CoolingDown.selector);
        _claim(ann, ONE, 60);
        vm.warp(START + 58 days);
        _claim(ann, ONE, 60);
    }

    /// @dev The defect: a single commitment, of anything, let a lease be renewed for ever.
    function test_OneCommitmentDoesNotHoldASlotForEver() public {
        _claim(ann, ONE, 30 days);
        _commitTo(ann, ONE, "bafyempty", NO_PARENTS);
        vm.warp(START + 29 days);
        _claim(ann, ONE, 30 days); // once more, for what it delivered
        vm.warp(START + 58 days);
        vm.expectRevert(Claims.HeldTooLong.selector);
        _claim(ann, ONE, 1 days + 1);
        vm.warp(START + 59 days);
        vm.expectRevert(Claims.CoolingDown.selector);
        _claim(ann, ONE, 60);
        _claim(ben, ONE, 1 days);
    }

    /// forge-config: default.fuzz.runs = 64
    /// forge-config: full.fuzz.runs = 64
    /// @dev Every stretch of holding without a delivery is 30 days at most and is followed by a
    /// gap as long, but for the last: of 120 days, at most (120 + 30) / 2. All is on a grid of
    /// twelve hours, so that nothing is rounded.
    function testFuzz_ASquatterHoldsASlotForHalfOfTheTimeAtMost(uint256 seed) public {
        uint256 held = 0;
        for (uint256 turn = 0; turn < 2 * 120; ++turn) {
            vm.warp(START + turn * 12 hours);
            seed = uint256(keccak256(abi.encode(seed)));
            vm.prank(ann);
            try ledger.claim(CHALLENGE, ONE, uint64((1 + seed % 60) * 12 hours)) {} catch {}
            if (ledger.leaseOf(CHALLENGE, ONE, ann).until > _now()) held += 12 hours;
        }
        assertLe(held, 75 days, "held for more than half of the time");
    }

    /// @dev Leases that ended are swept by the next newcomer, however many they were.
    function test_DeadLeasesDoNotFillTheSlots() public {
        _registerStep(CHALLENGE, "two", Registry.Direction.Minimise, 0, 0, 2);
        for (uint160 i = 0; i < 40; ++i) {
            vm.warp(START + uint256(i) * 1 hours);
            _claim(address(1000 + i), "two", 2 hours);
        }
        vm.expectRevert(Claims.ClaimsFull.selector);
        _claim(ann, "two", 60);
    }

    function test_ARenewalDoesNotTakeASecondSlot() public {
        _registerStep(CHALLENGE, "two", Registry.Direction.Minimise, 0, 0, 2);
        _claim(ann, "two", 1 days);
        _claim(ann, "two", 2 days);
        _claim(ben, "two", 1 days);
        vm.prank(ann);
        ledger.release(CHALLENGE, "two");
        _claim(ann, "two", 1 days); // released at once: nothing to cool down from
        vm.expectRevert(Claims.ClaimsFull.selector);
        _claim(owner, "two", 1 days);
    }
}
