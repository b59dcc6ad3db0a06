// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Relayed} from "../src/Relayed.sol";
import {Submissions} from "../src/Submissions.sol";
import {LedgerFixture} from "./LedgerFixture.sol";

/// @notice Whoever sees a solution before it is in a block cannot make it its own.
contract AttackRevealTest is LedgerFixture {
    string private constant WORK = "bafyannswork";

    function setUp() public {
        _begin(3, 2);
    }

    /// @dev Ann's reveal waits to be taken; Ben sees all of it and is quicker.
    function test_FrontRunningARevealGainsNothing() public {
        uint256 hers = _commit(ann, WORK, NO_PARENTS);
        vm.expectRevert(Submissions.NotContributor.selector);
        _reveal(hers, ben, WORK, NO_PARENTS);
        uint256 his = _commit(ben, WORK, NO_PARENTS);
        _reveal(his, ben, WORK, NO_PARENTS);
        _reveal(hers, ann, WORK, NO_PARENTS);
        assertTrue(hers < his); // his copy comes later, and everybody sees it
    }

    /// @dev Ben takes over her commitment itself, which he sees earlier still.
    function test_ACopiedCommitmentIsNeverRevealed() public {
        _claim(ben, STEP, 1 days);
        bytes32 hers = _pledge(stepKey, ann, WORK, NO_PARENTS, SALT);
        vm.prank(ben);
        uint256 copy = ledger.commit(CHALLENGE, STEP, hers); // before hers is taken
        uint256 id = _commit(ann, WORK, NO_PARENTS);
        vm.expectRevert(Submissions.BadOpening.selector);
        _reveal(copy, ben, WORK, NO_PARENTS);
        vm.expectRevert(Submissions.NotContributor.selector);
        _reveal(copy, ann, WORK, NO_PARENTS);
        _reveal(id, ann, WORK, NO_PARENTS);
        vm.expectRevert(Submissions.BadOpening.selector);
        _reveal(copy, ben, WORK, NO_PARENTS);
        assertEq(ledger.submissionOf(id).contributor, ann);
    }

    /// @dev The same bytes by another author: a later number, and no gain over the first.
    function test_ACopycatComesLaterAndGainsNothing() public {
        uint256 hers = _commit(ann, WORK, NO_PARENTS);
        _reveal(hers, ann, WORK, NO_PARENTS);
        uint256 his = _commit(ben, WORK, NO_PARENTS);
        _reveal(his, ben, WORK, NO_PARENTS);
        _judge(hers, _all(2, 10));
        _judge(his, _all(2, 10));
        assertTrue(ledger.submissionOf(hers).status == Submissions.Status.Record);
        assertTrue(ledger.submissionOf(his).status == Submissions.Status.NoGain);
    }

    function test_ACommitmentOfOneStepIsNotRevealedInAnother() public {
        _registerStep(CHALLENGE, "other", ledger.stepOf(CHALLENGE, STEP).direction, 0, 0, 0);
        _claim(ann, "other", 1 days);
        bytes32 here = _pledge(stepKey, ann, WORK, NO_PARENTS, SALT);
        vm.prank(ann);
        uint256 id = ledger.commit(CHALLENGE, "other", here);
        vm.expectRevert(Submissions.BadOpening.selector);
        _reveal(id, ann, WORK, NO_PARENTS);
    }

    /// @dev A reveal that Ben relays for himself is his, whatever id he names.
    function test_ARelayedRevealIsTheSignersNotTheBringers() public {
        uint256 hers = _commit(ann, WORK, NO_PARENTS);
        bytes memory call = abi.encodeCall(ledger.reveal, (hers, WORK, NO_PARENTS, SALT));
        (Relayed.Request memory request, bytes memory signature) =
            _request(ben, 1, uint64(START), call);
        vm.expectRevert(Submissions.NotContributor.selector);
        ledger.relay(request, signature);
        (request, signature) = _request(ann, 1, uint64(START), call);
        vm.prank(ben);
        ledger.relay(request, signature);
        assertTrue(ledger.submissionOf(hers).status == Submissions.Status.Pending);
    }

    function testFuzz_OnlyTheAuthorReveals(address thief, bytes32 salt, string memory cid) public {
        vm.assume(thief != ann && thief != address(ledger));
        vm.assume(bytes(cid).length > 0 && bytes(cid).length <= 128);
        _claim(ann, STEP, 1 days);
        bytes32 pledge = _pledge(stepKey, ann, cid, NO_PARENTS, salt);
        vm.prank(ann);
        uint256 id = ledger.commit(CHALLENGE, STEP, pledge);
        vm.prank(thief);
        vm.expectRevert(Submissions.NotContributor.selector);
        ledger.reveal(id, cid, NO_PARENTS, salt);
        vm.prank(ann);
        ledger.reveal(id, cid, NO_PARENTS, salt);
    }
}
