// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Claims} from "../src/Claims.sol";
import {Registry} from "../src/Registry.sol";
import {LedgerFixture} from "./LedgerFixture.sol";

/// @notice Leases: how long, how many, and how nobody sits on one.
contract LedgerClaimsTest is LedgerFixture {
    string private constant ONE = "one"; // a step with a single slot

    function setUp() public {
        _begin(3, 2);
        _registerStep(CHALLENGE, ONE, Registry.Direction.Minimise, 0, 0, 1);
    }

    function test_AClaimIsToldWithItsEnd() public {
        vm.expectEmit(true, true, true, true, address(ledger));
        emit Claims.Claimed(stepKey, ann, uint64(START), CHALLENGE, STEP, uint64(START + 1 days));
        _claim(ann, STEP, 1 days);
        Claims.Lease memory lease = ledger.leaseOf(CHALLENGE, STEP, ann);
        assertEq(uint256(lease.since), START);
        assertEq(uint256(lease.until), START + 1 days);
        assertFalse(lease.delivered);
    }

    function test_ALeaseLastsAMinuteToThirtyDays() public {
        vm.expectRevert(Claims.BadDuration.selector);
        _claim(ann, STEP, 59);
        vm.expectRevert(Claims.BadDuration.selector);
        _claim(ann, STEP, 30 days + 1);
        vm.expectRevert(Claims.BadDuration.selector);
        _claim(ann, STEP, type(uint64).max);
        _claim(ann, STEP, 60);
        _claim(ben, STEP, 30 days);
    }

    function test_OnlyStepsThatExistAreClaimedAndReleased() public {
        vm.expectRevert(Registry.UnknownStep.selector);
        _claim(ann, "nowhere", 60);
        vm.prank(ann);
        vm.expectRevert(Registry.UnknownStep.selector);
        ledger.release(CHALLENGE, "nowhere");
    }

    function test_AReleaseEndsALiveLeaseAndIsTold() public {
        _claim(ann, ONE, 1 days);
        vm.warp(START + 5);
        vm.expectEmit(true, true, true, true, address(ledger));
        emit Claims.Released(_stepKey(CHALLENGE, ONE), ann, uint64(START + 5), CHALLENGE, ONE);
        vm.prank(ann);
        ledger.release(CHALLENGE, ONE);
        _claim(ben, ONE, 1 days);
        vm.prank(ann);
        vm.expectRevert(Claims.NoLiveClaim.selector);
        ledger.release(CHALLENGE, ONE);
    }

    function test_ALeaseThatEndedCannotBeReleased() public {
        _claim(ann, STEP, 60);
        vm.warp(START + 60);
        vm.prank(ann);
        vm.expectRevert(Claims.NoLiveClaim.selector);
        ledger.release(CHALLENGE, STEP);
    }

    function test_ACapCountsLiveLeasesOnly() public {
        _claim(ann, ONE, 1 days);
        vm.warp(START + 1 days - 1);
        vm.expectRevert(Claims.ClaimsFull.selector);
        _claim(ben, ONE, 1 days);
        vm.warp(START + 1 days);
        _claim(ben, ONE, 1 days);
    }

    function test_AStepWithoutACapTakesAnyNumber() public {
        for (uint256 i = 1; i <= 300; ++i) {
            _claim(address(uint160(i + 1000)), STEP, 1 days);
        }
    }

    function test_ACapOf255IsKept() public {
        _registerStep(CHALLENGE, "wide", Registry.Direction.Minimise, 0, 0, 255);
        for (uint256 i = 1; i <= 255; ++i) {
            _claim(address(uint160(i + 1000)), "wide", 1 days);
        }
        vm.expectRevert(Claims.ClaimsFull.selector);
        _claim(ann, "wide", 1 days);
    }

    function test_ARenewalMovesTheEndAndKeepsTheStart() public {
        _claim(ann, ONE, 1 days);
        vm.warp(START + 100);
        _claim(ann, ONE, 2 days);
        Claims.Lease memory lease = ledger.leaseOf(CHALLENGE, ONE, ann);
        assertEq(uint256(lease.since), START);
        assertEq(uint256(lease.until), START + 100 + 2 days);
    }

    function test_ACappedLeaseIsHeldForThirtyDaysInAllUnlessSomethingIsDelivered() public {
        _claim(ann, ONE, 30 days);
        vm.warp(START + 10 days);
        vm.expectRevert(Claims.HeldTooLong.selector);
        _claim(ann, ONE, 20 days + 1);
        _claim(ann, ONE, 20 days);
        _commitTo(ann, ONE, CID, NO_PARENTS);
        assertTrue(ledger.leaseOf(CHALLENGE, ONE, ann).delivered);
        _claim(ann, ONE, 30 days);
        assertEq(uint256(ledger.leaseOf(CHALLENGE, ONE, ann).until), START + 40 days);
    }

    function test_WhoHeldASlotForNothingLeavesItForAsLong() public {
        _claim(ann, ONE, 3 days);
        vm.warp(START + 3 days);
        vm.expectRevert(Claims.CoolingDown.selector);
        _claim(ann, ONE, 1 days);
        vm.warp(START + 6 days - 1);
        vm.expectRevert(Claims.CoolingDown.selector);
        _claim(ann, ONE, 1 days);
        vm.warp(START + 6 days);
        _claim(ann, ONE, 1 days);
    }

    function test_WhoDeliveredComesBackAtOnce() public {
        _claim(ann, ONE, 3 days);
        _commitTo(ann, ONE, CID, NO_PARENTS);
        vm.warp(START + 3 days);
        _claim(ann, ONE, 1 days);
        assertFalse(ledger.leaseOf(CHALLENGE, ONE, ann).delivered);
    }

    function test_AStepWithoutACapKnowsNoCoolingDown() public {
        _claim(ann, STEP, 30 days);
        vm.warp(START + 29 days);
        _claim(ann, STEP, 30 days);
        vm.warp(START + 59 days);
        _claim(ann, STEP, 30 days);
    }

    /// forge-config: default.fuzz.runs = 64
    /// forge-config: full.fuzz.runs = 64
    /// @dev Whatever ten accounts do with a step of three slots, no more than three leases live.
    function testFuzz_LiveLeasesNeverPassTheCap(uint256 seed) public {
        _registerStep(CHALLENGE, "three", Registry.Direction.Minimise, 0, 0, 3);
        for (uint256 i = 0; i < 60; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            vm.warp(_now() + (seed >> 8) % 2 days);
            address who = address(uint160(1000 + seed % 10));
            vm.prank(who);
            if ((seed >> 64) % 4 == 0) {
                try ledger.release(CHALLENGE, "three") {} catch {}
            } else {
                try ledger.claim(CHALLENGE, "three", uint64(60 + (seed >> 32) % 3 days)) {} catch {}
            }
            uint256 live = 0;
            for (uint160 j = 0; j < 10; ++j) {
                if (ledger.leaseOf(CHALLENGE, "three", address(1000 + j)).until > _now()) ++live;
            }
            assertLe(live, 3, "more live leases than slots");
        }
    }
}
