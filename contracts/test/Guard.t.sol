// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Base} from "./Base.sol";
import {CooptGuard} from "../src/CooptGuard.sol";
import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";

/// @notice The brake: it ends by itself and nobody holds it down.
contract GuardTest is Base {
    event PauseStarted(address indexed actor, uint64 time, uint64 until);

    CooptGuard private guard;
    address private admin = makeAddr("admin");
    address private stranger = makeAddr("stranger");

    function setUp() public {
        vm.warp(1_700_000_000);
        guard = new CooptGuard(admin);
    }

    function test_a_stranger_cannot_pause() public {
        bytes32 role = guard.GUARDIAN_ROLE();
        vm.prank(stranger);
        vm.expectRevert(
            abi.encodeWithSelector(
                IAccessControl.AccessControlUnauthorizedAccount.selector, stranger, role
            )
        );
        guard.pause();
    }

    function test_a_pause_says_when_it_ends() public {
        uint64 start = uint64(block.timestamp);
        vm.expectEmit(address(guard));
        emit PauseStarted(admin, start, start + 7 days);
        vm.prank(admin);
        guard.pause();
        assertTrue(guard.isPaused(), "paused");
    }

    function testFuzz_a_pause_ends_by_itself_after_a_week(uint256 later) public {
        uint256 start = block.timestamp;
        vm.prank(admin);
        guard.pause();
        later = bound(later, 0, 365 days);
        vm.warp(start + later);
        assertEq(guard.isPaused(), later < 7 days, "paused");
    }

    function testFuzz_a_pause_cannot_follow_another_within_a_week(uint256 later) public {
        uint256 start = block.timestamp;
        vm.prank(admin);
        guard.pause();
        later = bound(later, 0, 30 days);
        vm.warp(start + later);
        if (later < 14 days) vm.expectRevert(CooptGuard.TooSoon.selector);
        vm.prank(admin);
        guard.pause();
    }

    function test_a_pause_can_be_ended_early() public {
        vm.startPrank(admin);
        guard.pause();
        guard.unpause();
        vm.stopPrank();
        assertFalse(guard.isPaused(), "paused");
    }
}
