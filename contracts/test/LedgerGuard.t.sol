// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Attestations} from "../src/Attestations.sol";
import {CooptGuard} from "../src/CooptGuard.sol";
import {Registry} from "../src/Registry.sol";
import {LedgerFixture} from "./LedgerFixture.sol";

/// @notice The brake: it stops beginnings, lets every ending through, and cannot be held down.
contract LedgerGuardTest is LedgerFixture {
    function setUp() public {
        _begin(3, 2);
        _registerStep(CHALLENGE, "capped", Registry.Direction.Minimise, 0, 0, 1);
    }

    function test_APauseStopsWhatBegins() public {
        guard.pause();
        vm.expectRevert(Registry.Paused.selector);
        _register("other", _rules(1));
        vm.expectRevert(Registry.Paused.selector);
        _registerStep(CHALLENGE, "other", Registry.Direction.Minimise, 0, 0, 0);
    }

    /// @dev Deadlines run on in a pause, so nobody may be kept from meeting them.
    function test_APauseMakesNobodyMissADeadline() public {
        guard.pause();
        _contribute(ann, 9 * WAD);
        assertEq(uint256(ledger.stepOf(CHALLENGE, STEP).headId), 1);
    }

    /// @dev Whatever was begun before the pause comes to its end in it.
    function test_APauseStopsNothingThatEnds() public {
        uint256 record = _contribute(ann, 9 * WAD);
        uint256 other = _contribute(ben, 8 * WAD);
        uint256 late = _submit(ann);
        uint256 withheld = _submit(ann);
        uint256 apart = _submit(ben);
        uint256 promised = _commit(ann, "bafylast", NO_PARENTS);
        bytes32 base = _commitRound(withheld, _openings(_all(2, WAD)));
        _claim(ben, "capped", 1 days);
        guard.pause();

        _reveal(promised, ann, "bafylast", NO_PARENTS);
        _judge(late, _all(2, 7 * WAD));
        _dispute(record, ben);
        _decide(record, true, _panel(0, 2));
        _dispute(other, ann);
        vm.prank(ben);
        ledger.release(CHALLENGE, "capped");
        int128[] memory far = _all(2, 6 * WAD);
        far[1] = 60 * WAD;
        _judge(apart, far);
        vm.prank(evaluators[0]);
        ledger.publishOpening(
            withheld,
            base,
            _signedCommitments(withheld, _openings(_all(2, WAD))),
            _opening(evaluators[0], WAD)
        );
        vm.warp(START + REVEAL + 1);
        ledger.expireRound(withheld);
        vm.warp(START + DISPUTE + 1);
        assertTrue(guard.isPaused());
        ledger.lapse(other);
        ledger.lapse(apart);
        _rescore(5 * WAD, record, _panel(0, 2));
        uint256 before = ben.balance;
        vm.prank(ben);
        ledger.withdraw();
        assertEq(ben.balance, before + BOND);
        vm.prank(ann);
        ledger.withdraw();
        assertEq(address(ledger).balance, 0);
    }

    function test_SealsAndMetricsGoOnInAPause() public {
        guard.pause();
        _seal();
        vm.prank(owner);
        ledger.proposeMetric(CHALLENGE, STEP, SPEC, Registry.Direction.Maximise, 0, 0);
        vm.prank(owner);
        ledger.unseal(CHALLENGE, 1, "bafykeys");
        _seal();
        vm.prank(owner);
        ledger.activateMetric(CHALLENGE, STEP);
        vm.prank(owner);
        ledger.retireEvaluator(CHALLENGE, evaluators[0]);
    }

    function test_APauseEndsByItselfAfterAWeek() public {
        vm.expectEmit(true, true, true, true, address(guard));
        emit CooptGuard.PauseStarted(address(this), uint64(START), uint64(START + 7 days));
        guard.pause();
        vm.warp(START + 7 days - 1);
        assertTrue(guard.isPaused());
        vm.warp(START + 7 days);
        assertFalse(guard.isPaused());
        _claim(ann, STEP, 1 days);
    }

    function test_APauseCannotFollowAnotherAtOnce() public {
        guard.pause();
        vm.expectRevert(CooptGuard.TooSoon.selector);
        guard.pause();
        vm.expectEmit(true, true, true, true, address(guard));
        emit CooptGuard.PauseEnded(address(this), uint64(START));
        guard.unpause();
        assertFalse(guard.isPaused());
        vm.warp(START + 14 days - 1);
        vm.expectRevert(CooptGuard.TooSoon.selector);
        guard.pause();
        vm.warp(START + 14 days);
        guard.pause();
        assertTrue(guard.isPaused());
    }

    /// forge-config: default.fuzz.runs = 64
    /// forge-config: full.fuzz.runs = 256
    /// @dev However guardians come and go, at least half of any time is free.
    function testFuzz_GuardiansCannotHoldItDown(uint256 seed) public {
        bytes32 role = guard.GUARDIAN_ROLE();
        guard.grantRole(role, ann);
        uint256 paused = 0;
        for (uint256 day = 0; day < 70; ++day) {
            vm.warp(START + day * 1 days);
            seed = uint256(keccak256(abi.encode(seed)));
            if (seed & 1 == 0) vm.prank(ann);
            try guard.pause() {} catch {}
            if (guard.isPaused()) ++paused;
        }
        assertLe(paused, 35, "paused for more than half of the days");
    }

    function test_OnlyGuardiansPause() public {
        bytes32 role = guard.GUARDIAN_ROLE();
        string memory refusal = "AccessControlUnauthorizedAccount(address,bytes32)";
        vm.prank(ann);
        vm.expectRevert(abi.encodeWithSignature(refusal, ann, role));
        guard.pause();
        guard.pause();
        vm.prank(owner);
        vm.expectRevert(abi.encodeWithSignature(refusal, owner, role));
        guard.unpause();
        guard.revokeRole(role, address(this));
        vm.expectRevert(abi.encodeWithSignature(refusal, address(this), role));
        guard.unpause();
    }

    /// @dev The deployer names guardians; it owns no challenge and moves no head.
    function test_WhoDeploysIsNobodyInAChallenge() public {
        uint256 id = _submit(ann);
        vm.expectRevert(Registry.NotOwner.selector);
        ledger.seal(CHALLENGE, keccak256("x"), CID);
        vm.expectRevert(Registry.NotEvaluator.selector);
        ledger.score(id, WAD, 0, CID);
        Attestations.Commitment[] memory one = new Attestations.Commitment[](1);
        one[0] = Attestations.Commitment(address(this), keccak256("x"), "");
        vm.expectRevert(Registry.NotEvaluator.selector);
        ledger.commitScores(id, one);
    }
}
