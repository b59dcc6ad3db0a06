// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Registry} from "../src/Registry.sol";
import {Seals} from "../src/Seals.sol";
import {Submissions} from "../src/Submissions.sol";
import {Text} from "../src/Text.sol";
import {LedgerFixture} from "./LedgerFixture.sol";

/// @notice Epochs: what is sealed, what opens them, and what can be submitted in between.
contract LedgerSealsTest is LedgerFixture {
    bytes32 private constant ROOT = keccak256("root");

    function setUp() public {
        _begin(3, 2);
    }

    function test_EachSealIsANewEpochAndIsTold() public {
        vm.expectEmit(true, true, true, true, address(ledger));
        emit Seals.Sealed(
            challengeKey, owner, 1, uint64(START), CHALLENGE, ROOT, "bafysealed"
        );
        _seal();
        vm.expectEmit(true, true, true, true, address(ledger));
        emit Seals.Sealed(
            challengeKey, owner, 2, uint64(START), CHALLENGE, ROOT, "bafysealed"
        );
        _seal();
    }

    function test_AnEpochIsUnsealedOnceAndThatIsTold() public {
        _seal();
        vm.expectEmit(true, true, true, true, address(ledger));
        emit Seals.Unsealed(challengeKey, owner, 1, uint64(START), CHALLENGE, "bafykeys");
        vm.prank(owner);
        ledger.unseal(CHALLENGE, 1, "bafykeys");
        vm.prank(owner);
        vm.expectRevert(Seals.AlreadyUnsealed.selector);
        ledger.unseal(CHALLENGE, 1, "bafykeys");
    }

    function test_WhatIsNoSealIsRefused() public {
        vm.prank(owner);
        vm.expectRevert(Seals.BadRoot.selector);
        ledger.seal(CHALLENGE, 0, CID);
        vm.prank(owner);
        vm.expectRevert(Text.BadCid.selector);
        ledger.seal(CHALLENGE, ROOT, "");
        vm.prank(ann);
        vm.expectRevert(Registry.NotOwner.selector);
        ledger.seal(CHALLENGE, ROOT, CID);
        _seal();
        vm.prank(owner);
        vm.expectRevert(Seals.UnknownEpoch.selector);
        ledger.unseal(CHALLENGE, 0, CID);
        vm.prank(owner);
        vm.expectRevert(Seals.UnknownEpoch.selector);
        ledger.unseal(CHALLENGE, 2, CID);
        vm.prank(owner);
        vm.expectRevert(Text.BadCid.selector);
        ledger.unseal(CHALLENGE, 1, "");
        vm.prank(ann);
        vm.expectRevert(Registry.NotOwner.selector);
        ledger.unseal(CHALLENGE, 1, CID);
    }

    function test_NothingIsSubmittedWhileTheKeysAreKnown() public {
        _seal();
        _submit(ann);
        vm.prank(owner);
        ledger.unseal(CHALLENGE, 1, "bafykeys");
        vm.prank(ann);
        vm.expectRevert(Submissions.SubmissionsClosed.selector);
        ledger.commit(CHALLENGE, STEP, keccak256("x"));
        _seal();
        _submit(ann);
    }

    function test_WhatWasCommittedBeforeTheKeysIsRevealedAfterThem() public {
        _seal();
        uint256 id = _commit(ann, "bafysolution", NO_PARENTS);
        vm.prank(owner);
        ledger.unseal(CHALLENGE, 1, "bafykeys");
        _reveal(id, ann, "bafysolution", NO_PARENTS);
        _judge(id, _all(2, WAD));
        assertEq(uint256(ledger.stepOf(CHALLENGE, STEP).headId), id);
    }

    function test_AnEpochIsOverWhenItsKeysAreKnownOrTheNextIsSealed() public {
        assertFalse(ledger.isEpochOver(challengeKey, 0));
        _seal();
        assertTrue(ledger.isEpochOver(challengeKey, 0));
        assertFalse(ledger.isEpochOver(challengeKey, 1));
        assertFalse(ledger.isEpochOver(challengeKey, 2));
        vm.prank(owner);
        ledger.unseal(CHALLENGE, 1, "bafykeys");
        assertTrue(ledger.isEpochOver(challengeKey, 1));
        assertFalse(ledger.isEpochOver(challengeKey, 2));
    }

    function test_TheLastEpochIsOverWhenTheChallengeCloses() public {
        Registry.Rules memory rules = _rules(2);
        rules.closesAt = uint64(START + 1 days);
        _register("other", rules);
        bytes32 key = keccak256("other");
        vm.warp(START + 1 days - 1);
        assertFalse(ledger.isEpochOver(key, 0));
        vm.warp(START + 1 days);
        assertTrue(ledger.isEpochOver(key, 0));
        assertFalse(ledger.isEpochOver(key, 1));
    }
}
