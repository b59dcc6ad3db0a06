// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Claims} from "../src/Claims.sol";
import {Registry} from "../src/Registry.sol";
import {Submissions} from "../src/Submissions.sol";
import {Text} from "../src/Text.sol";
import {LedgerFixture} from "./LedgerFixture.sol";

/// @notice Solutions: promised, shown, numbered, and what they build on.
contract LedgerSubmissionsTest is LedgerFixture {
    function setUp() public {
        _begin(3, 2);
    }

    function test_ACommitmentIsNumberedStoredAndTold() public {
        _claim(ann, STEP, 1 days);
        bytes32 pledge = keccak256("x");
        vm.expectEmit(true, true, true, true, address(ledger));
        emit Submissions.Committed(
            stepKey, ann, 1, uint64(START), pledge, uint64(START + REVEAL)
        );
        vm.prank(ann);
        assertEq(ledger.commit(CHALLENGE, STEP, pledge), 1);
        Submissions.Submission memory entry = ledger.submissionOf(1);
        assertEq(entry.stepKey, stepKey);
        assertEq(entry.contributor, ann);
        assertTrue(entry.status == Submissions.Status.Committed);
        assertEq(entry.word, pledge);
        assertEq(uint256(entry.deadline), START + REVEAL);
        assertEq(uint256(ledger.submissionCount()), 1);
    }

    function test_ARevealIsTold() public {
        uint256 first = _submit(ann);
        uint256[] memory parents = new uint256[](1);
        parents[0] = first;
        uint256 id = _commit(ben, "bafymine", parents);
        vm.expectEmit(true, true, true, true, address(ledger));
        emit Submissions.Submitted(stepKey, ben, id, uint64(START), "bafymine", parents);
        _reveal(id, ben, "bafymine", parents);
        assertTrue(ledger.submissionOf(id).status == Submissions.Status.Pending);
        (address contributor, bytes32 key) = ledger.revealedBy(id);
        assertEq(contributor, ben);
        assertEq(key, stepKey);
    }

    function test_TheHashIsThatOfTheSpecification() public view {
        uint256[] memory parents = new uint256[](2);
        (parents[0], parents[1]) = (3, 8);
        assertEq(
            ledger.commitmentOf(stepKey, ann, "bafymine", parents, SALT),
            _pledge(stepKey, ann, "bafymine", parents, SALT)
        );
    }

    function test_WhatWasOnlyCommittedIsNotKnownAsRevealed() public {
        uint256 id = _commit(ann, CID, NO_PARENTS);
        vm.expectRevert(Submissions.UnknownSubmission.selector);
        ledger.revealedBy(id);
        vm.expectRevert(Submissions.UnknownSubmission.selector);
        ledger.revealedBy(99);
        vm.expectRevert(Submissions.UnknownSubmission.selector);
        ledger.submissionOf(0);
    }

    function test_ACommitmentNeedsALiveLease() public {
        vm.prank(ann);
        vm.expectRevert(Claims.NoLiveClaim.selector);
        ledger.commit(CHALLENGE, STEP, keccak256("x"));
        _claim(ann, STEP, 60);
        vm.warp(START + 60);
        vm.prank(ann);
        vm.expectRevert(Claims.NoLiveClaim.selector);
        ledger.commit(CHALLENGE, STEP, keccak256("x"));
        _claim(ann, STEP, 60);
        vm.warp(START + 119);
        vm.prank(ann);
        ledger.commit(CHALLENGE, STEP, keccak256("x"));
    }

    function test_AnEmptyCommitmentAndAnUnknownStepAreRefused() public {
        _claim(ann, STEP, 60);
        vm.prank(ann);
        vm.expectRevert(Submissions.BadCommitment.selector);
        ledger.commit(CHALLENGE, STEP, 0);
        vm.prank(ann);
        vm.expectRevert(Registry.UnknownStep.selector);
        ledger.commit(CHALLENGE, "nowhere", keccak256("x"));
    }

    function test_TheOwnersBaselineNeedsNoLeaseAndNoSlotAndNoOpenEpoch() public {
        Registry.Rules memory rules = _rules(2);
        rules.closesAt = 1;
        _register("other", rules);
        _registerStep("other", STEP, Registry.Direction.Minimise, 0, 0, 0);
        vm.prank(owner);
        uint256 id = ledger.commit("other", STEP, keccak256("x"));
        assertEq(uint256(ledger.stepOf("other", STEP).firstId), id);
        vm.prank(owner);
        vm.expectRevert(Claims.NoLiveClaim.selector);
        ledger.commit("other", STEP, keccak256("y"));
    }

    function test_OnceAnotherCameFirstTheOwnerIsOneOfMany() public {
        _submit(ann);
        vm.prank(owner);
        vm.expectRevert(Claims.NoLiveClaim.selector);
        ledger.commit(CHALLENGE, STEP, keccak256("x"));
    }

    function test_SlotsAreCountedPerAccountStepAndEpoch() public {
        Registry.Rules memory rules = _rules(2);
        rules.slots = 2;
        _register("other", rules);
        _registerStep("other", STEP, Registry.Direction.Minimise, 0, 0, 0);
        _registerStep("other", "second", Registry.Direction.Minimise, 0, 0, 0);
        _commitOther(ann, STEP);
        _commitOther(ann, STEP);
        vm.prank(ann);
        vm.expectRevert(Submissions.NoSlotLeft.selector);
        ledger.commit("other", STEP, keccak256("x"));
        _commitOther(ann, "second");
        _commitOther(ben, STEP);
        vm.prank(owner);
        ledger.seal("other", keccak256("root"), CID);
        _commitOther(ann, STEP);
        _commitOther(ann, STEP);
        vm.prank(ann);
        vm.expectRevert(Submissions.NoSlotLeft.selector);
        ledger.commit("other", STEP, keccak256("x"));
    }

    function test_NothingIsCommittedFromTheSecondOfClosingOn() public {
        Registry.Rules memory rules = _rules(2);
        rules.closesAt = uint64(START + 1000);
        _register("other", rules);
        _registerStep("other", STEP, Registry.Direction.Minimise, 0, 0, 0);
        vm.warp(START + 999);
        _commitOther(ann, STEP);
        vm.warp(START + 1000);
        vm.prank(ann);
        vm.expectRevert(Submissions.SubmissionsClosed.selector);
        ledger.commit("other", STEP, keccak256("x"));
    }

    function test_ARevealIsOnceByItsAuthorInTimeAndOfWhatWasPromised() public {
        uint256 id = _commit(ann, CID, NO_PARENTS);
        vm.expectRevert(Submissions.NotContributor.selector);
        _reveal(id, ben, CID, NO_PARENTS);
        vm.expectRevert(Submissions.BadOpening.selector);
        _reveal(id, ann, "bafyother", NO_PARENTS);
        uint256[] memory one = new uint256[](1);
        vm.expectRevert(Submissions.BadOpening.selector);
        _reveal(id, ann, CID, one);
        vm.prank(ann);
        vm.expectRevert(Submissions.BadOpening.selector);
        ledger.reveal(id, CID, NO_PARENTS, keccak256("another salt"));
        vm.expectRevert(Submissions.UnknownSubmission.selector);
        _reveal(id + 1, ann, CID, NO_PARENTS);
        _reveal(id, ann, CID, NO_PARENTS);
        vm.expectRevert(Submissions.AlreadyRevealed.selector);
        _reveal(id, ann, CID, NO_PARENTS);
    }

    function test_ASolutionWithoutAnIdentifierIsNeverRevealed() public {
        uint256 id = _commit(ann, "", NO_PARENTS);
        vm.expectRevert(Text.BadCid.selector);
        _reveal(id, ann, "", NO_PARENTS);
    }

    function test_ParentsAreRisingKnownRevealedAndOfTheSameChallenge() public {
        uint256 first = _submit(ann);
        uint256 hidden = _commit(ann, CID, NO_PARENTS);
        _register("other", _rules(2));
        _registerStep("other", STEP, Registry.Direction.Minimise, 0, 0, 0);
        _commitOther(ben, STEP);
        uint256 foreign = ledger.submissionCount();
        vm.prank(ben);
        ledger.reveal(foreign, CID, NO_PARENTS, SALT);
        _refuseParents(_two(first, first), Submissions.ParentsNotRising.selector);
        _refuseParents(_two(0, first), Submissions.ParentsNotRising.selector);
        _refuseParents(_two(foreign, first), Submissions.UnknownParent.selector);
        _refuseParents(_two(first, hidden), Submissions.UnknownParent.selector);
        _refuseParents(_two(first, 999), Submissions.UnknownParent.selector);
        _refuseParents(_two(first, type(uint256).max), Submissions.UnknownParent.selector);
        _refuseParents(_two(first, ledger.submissionCount() + 1), Submissions.UnknownParent.selector);
        _refuseParents(_two(first, foreign), Submissions.UnknownParent.selector);
        _refuseParents(new uint256[](65), Submissions.TooManyParents.selector);
    }

    function test_SixtyFourParentsAreTaken() public {
        uint256[] memory parents = new uint256[](64);
        for (uint256 i = 0; i < 64; ++i) {
            parents[i] = _submit(ann);
        }
        uint256 id = _commit(ben, CID, parents);
        _reveal(id, ben, CID, parents);
    }

    /// @dev The order of commitments is the order of numbers, whoever reveals first.
    function testFuzz_NumbersFollowCommitments(uint8 n, uint256 seed) public {
        uint256 count = 2 + n % 6;
        uint256[] memory ids = new uint256[](count);
        for (uint256 i = 0; i < count; ++i) {
            ids[i] = _commit(i % 2 == 0 ? ann : ben, CID, NO_PARENTS);
            assertEq(ids[i], i + 1);
        }
        uint256 last = seed % count;
        for (uint256 i = 0; i < count; ++i) {
            uint256 turn = (last + i) % count;
            _reveal(ids[turn], turn % 2 == 0 ? ann : ben, CID, NO_PARENTS);
        }
        assertEq(uint256(ledger.submissionCount()), count);
    }

    function _commitOther(address who, string memory step) private {
        vm.prank(who);
        ledger.claim("other", step, 1 days);
        bytes32 pledge = _pledge(_stepKey("other", step), who, CID, NO_PARENTS, SALT);
        vm.prank(who);
        ledger.commit("other", step, pledge);
    }

    function _refuseParents(uint256[] memory parents, bytes4 reason) private {
        uint256 id = _commit(ben, CID, parents);
        vm.expectRevert(reason);
        _reveal(id, ben, CID, parents);
    }

    function _two(uint256 a, uint256 b) private pure returns (uint256[] memory two) {
        two = new uint256[](2);
        (two[0], two[1]) = (a, b);
    }
}
