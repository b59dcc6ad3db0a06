// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Attestations} from "../src/Attestations.sol";
import {Claims} from "../src/Claims.sol";
import {Disputes} from "../src/Disputes.sol";
import {Relayed} from "../src/Relayed.sol";
import {Submissions} from "../src/Submissions.sol";
import {LedgerFixture} from "./LedgerFixture.sol";

/// @notice Every deadline one second before, at, and one second after it.
/// @dev Leases, notices, pauses and closing have their edges in their own files.
contract AttackTimeTest is LedgerFixture {
    function setUp() public {
        _begin(5, 3);
    }

    function test_ARevealIsInTimeUntilItsDeadlineAndNotAfter() public {
        for (uint64 i = 0; i < 3; ++i) {
            uint256 id = _commit(ann, CID, NO_PARENTS);
            vm.warp(_now() + REVEAL - 1 + i);
            if (i == 2) vm.expectRevert(Submissions.RevealTooLate.selector);
            _reveal(id, ann, CID, NO_PARENTS);
        }
    }

    function test_ARoundExpiresOneSecondAfterItsDeadline() public {
        uint256 id = _submit(ann);
        _commitRound(id, _openings(_all(3, 5)));
        for (uint64 i = 0; i < 2; ++i) {
            vm.warp(START + REVEAL - 1 + i);
            vm.expectRevert(Attestations.RoundNotOver.selector);
            ledger.expireRound(id);
        }
        vm.warp(START + REVEAL + 1);
        ledger.expireRound(id);
    }

    /// @dev A round that nobody has ended can still be opened: nobody loses by that.
    function test_ARoundOpensAfterItsDeadlineUntilSomebodyEndsIt() public {
        uint256 id = _submit(ann);
        Attestations.Opening[] memory openings = _openings(_all(3, 5));
        bytes32 base = _commitRound(id, openings);
        vm.warp(START + REVEAL + 1);
        uint256 here = vm.snapshotState();
        ledger.revealScores(id, base, openings);
        vm.revertToState(here);
        ledger.expireRound(id);
        vm.expectRevert(Attestations.QuorumIncomplete.selector);
        ledger.revealScores(id, base, openings);
    }

    function test_ARecordIsDisputedBeforeItsDeadlineAndNotAtIt() public {
        for (uint64 i = 0; i < 3; ++i) {
            uint64 start = _now();
            uint256 id = _contribute(ann, 10 - int128(int64(i)));
            vm.warp(start + DISPUTE - 1 + i);
            vm.deal(ben, BOND);
            vm.prank(ben);
            if (i > 0) vm.expectRevert(Disputes.NotDisputable.selector);
            ledger.dispute{value: BOND}(id, CID);
        }
    }

    function test_AVoteCountsUntilItsDeadlineAndLapsesAfterIt() public {
        uint256 id = _contribute(ann, 10);
        _dispute(id, ben);
        Relayed.Vote[] memory votes = _votes(_verdictHash(id, true), _panel(0, 3));
        for (uint64 i = 0; i < 3; ++i) {
            vm.warp(START + DISPUTE - 1 + i);
            uint256 here = vm.snapshotState();
            if (i == 2) vm.expectRevert(Disputes.VoteOver.selector);
            ledger.decide(id, true, CID, votes);
            vm.revertToState(here);
            if (i < 2) vm.expectRevert(Disputes.VoteNotOver.selector);
            ledger.lapse(id);
        }
    }

    function test_ARequestCountsUntilItsDeadlineAndNotAfter() public {
        bytes memory call = abi.encodeCall(ledger.cancelNonce, (77));
        for (uint64 i = 0; i < 3; ++i) {
            (Relayed.Request memory request, bytes memory signature) =
                _request(ann, i, uint64(START + 10), call);
            vm.warp(START + 9 + i);
            uint256 here = vm.snapshotState();
            if (i == 2) vm.expectRevert(Relayed.RequestExpired.selector);
            ledger.relay(request, signature);
            vm.revertToState(here);
        }
    }

    function test_ARequestWithoutADeadlineIsExpired() public {
        (Relayed.Request memory request, bytes memory signature) =
            _request(ann, 1, 0, abi.encodeCall(ledger.cancelNonce, (77)));
        vm.expectRevert(Relayed.RequestExpired.selector);
        ledger.relay(request, signature);
    }

    function test_ALeaseIsLiveBeforeItsEndAndNotAtIt() public {
        _claim(ann, STEP, 1 days);
        vm.warp(START + 1 days - 1);
        uint256 here = vm.snapshotState();
        vm.prank(ann);
        ledger.release(CHALLENGE, STEP);
        vm.revertToState(here);
        vm.warp(START + 1 days);
        vm.prank(ann);
        vm.expectRevert(Claims.NoLiveClaim.selector);
        ledger.commit(CHALLENGE, STEP, keccak256("x"));
    }

    /// @dev Deadlines are 32 bits of seconds: all works until they end, in February 2106.
    function test_DeadlinesHoldUntil2106() public {
        vm.warp(uint256(type(uint32).max) - DISPUTE - REVEAL);
        uint256 id = _contribute(ann, 10);
        assertEq(
            uint256(ledger.submissionOf(id).deadline), uint256(type(uint32).max) - REVEAL
        );
        _dispute(id, ben);
        vm.warp(_now() + DISPUTE + 1);
        ledger.lapse(id);
        vm.warp(type(uint32).max);
        _claim(ann, STEP, 60);
        vm.prank(ann);
        vm.expectRevert(abi.encodeWithSignature("Panic(uint256)", 0x11));
        ledger.commit(CHALLENGE, STEP, keccak256("x"));
    }
}
