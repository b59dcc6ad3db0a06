// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {CooptNotes} from "../src/CooptNotes.sol";
import {Relayed} from "../src/Relayed.sol";
import {Submissions} from "../src/Submissions.sol";
import {Text} from "../src/Text.sol";
import {LedgerFixture} from "./LedgerFixture.sol";
import {Tree} from "./Tree.sol";

/// @notice What people say is an event that tells who said it, and moves nothing.
contract NotesTest is LedgerFixture {
    CooptNotes private _notes;
    uint64 private constant NOW = uint64(START);

    function setUp() public {
        _begin(3, 2);
        _notes = ledger.notes();
    }

    function test_AnAnchorSaysWhereARevisionsArtifactsAre() public {
        vm.expectEmit(address(_notes));
        emit CooptNotes.Anchored(challengeKey, ann, NOW, CHALLENGE, "v1", "bafyroot");
        vm.prank(ann);
        _notes.anchor(CHALLENGE, "v1", "bafyroot");
    }

    function test_AnAnchorNeedsAChallengeARevisionAndACid() public {
        vm.expectRevert(CooptNotes.UnknownChallenge.selector);
        _notes.anchor("nobodys", "v1", CID);
        vm.expectRevert(Text.BadRevision.selector);
        _notes.anchor(CHALLENGE, "", CID);
        vm.expectRevert(Text.BadRevision.selector);
        _notes.anchor(CHALLENGE, string(new bytes(65)), CID);
        _notes.anchor(CHALLENGE, string(new bytes(64)), CID);
        vm.expectRevert(Text.BadCid.selector);
        _notes.anchor(CHALLENGE, "v1", "");
        vm.expectRevert(Text.BadCid.selector);
        _notes.anchor(CHALLENGE, "v1", string(new bytes(129)));
        _notes.anchor(CHALLENGE, "v1", string(new bytes(128)));
    }

    function test_ABatchSaysHowManyAndWhere() public {
        vm.expectEmit(address(_notes));
        emit CooptNotes.BatchAnchored(challengeKey, ann, NOW, CHALLENGE, "root", 100, CID);
        vm.prank(ann);
        _notes.anchorBatch(CHALLENGE, "root", 100, CID);
    }

    function test_ABatchNeedsAChallengeARootACountAndACid() public {
        vm.expectRevert(CooptNotes.UnknownChallenge.selector);
        _notes.anchorBatch("nobodys", "root", 1, CID);
        vm.expectRevert(CooptNotes.BadRoot.selector);
        _notes.anchorBatch(CHALLENGE, 0, 1, CID);
        vm.expectRevert(CooptNotes.BadRoot.selector);
        _notes.anchorBatch(CHALLENGE, "root", 0, CID);
        vm.expectRevert(Text.BadCid.selector);
        _notes.anchorBatch(CHALLENGE, "root", 1, "");
    }

    function testFuzz_ALeafOfABatchHasTheBatchsTimeAndNoOtherHas(uint8 n, uint256 pick) public {
        bytes32[] memory leaves = new bytes32[](bound(n, 2, 17));
        for (uint256 i = 0; i < leaves.length; ++i) {
            leaves[i] = keccak256(abi.encode("leaf", i));
        }
        pick = pick % leaves.length;
        bytes32 root = Tree.rootOf(leaves);
        bytes32[] memory proof = Tree.proofOf(leaves, pick);
        bytes32 leaf = leaves[pick];
        assertEq(_notes.batchTimeOf(challengeKey, root, ann, leaf, proof), 0, "not yet");
        vm.prank(ann);
        _notes.anchorBatch(CHALLENGE, root, uint64(leaves.length), CID);
        vm.warp(START + 1 days);
        assertEq(_notes.batchTimeOf(challengeKey, root, ann, leaf, proof), START, "then");
        assertEq(_notes.batchTimeOf(challengeKey, root, ben, leaf, proof), 0, "not by ben");
        assertEq(_notes.batchTimeOf(challengeKey, root, ann, "other", proof), 0, "other leaf");
        assertEq(_notes.batchTimeOf("other", root, ann, leaf, proof), 0, "other challenge");
    }

    /// @dev Or one who sees it coming could leave a false CID as the only one there can be.
    function test_NobodyTakesAnothersRootFirst() public {
        _notes.anchorBatch(CHALLENGE, "root", 1, "bafyfalse");
        vm.expectEmit(address(_notes));
        emit CooptNotes.BatchAnchored(challengeKey, ann, NOW, CHALLENGE, "root", 100, CID);
        vm.startPrank(ann);
        _notes.anchorBatch(CHALLENGE, "root", 100, CID);
        vm.expectRevert(CooptNotes.BatchExists.selector);
        _notes.anchorBatch(CHALLENGE, "root", 100, CID);
        vm.stopPrank();
    }

    function test_AReviewSaysWhoThinksWhat() public {
        uint256 id = _submit(ann);
        vm.expectEmit(address(_notes));
        emit CooptNotes.Reviewed(
            stepKey, ben, id, NOW, CooptNotes.Opinion.Reproduced, "bafyreview"
        );
        vm.prank(ben);
        _notes.review(id, CooptNotes.Opinion.Reproduced, "bafyreview");
        vm.prank(ben); // what one has learned since may be said too
        _notes.review(id, CooptNotes.Opinion.Concern, "bafyother");
    }

    function test_NobodyReviewsOrEndorsesOnesOwnWork() public {
        uint256 id = _submit(ann);
        vm.startPrank(ann);
        vm.expectRevert(CooptNotes.OwnWork.selector);
        _notes.review(id, CooptNotes.Opinion.Comment, CID);
        vm.expectRevert(CooptNotes.OwnWork.selector);
        _notes.endorse(id);
        vm.stopPrank();
    }

    function test_OnlyWhatWasRevealedIsReviewedOrEndorsed() public {
        vm.expectRevert(Submissions.UnknownSubmission.selector);
        _notes.review(1, CooptNotes.Opinion.Comment, CID);
        uint256 id = _commit(ann, "bafysolution", NO_PARENTS);
        vm.expectRevert(Submissions.UnknownSubmission.selector);
        _notes.endorse(id);
        _reveal(id, ann, "bafysolution", NO_PARENTS);
        vm.expectRevert(Text.BadCid.selector);
        _notes.review(id, CooptNotes.Opinion.Comment, "");
        _notes.endorse(id);
    }

    function test_OneEndorsesOnce() public {
        uint256 id = _submit(ann);
        vm.expectEmit(address(_notes));
        emit CooptNotes.Endorsed(stepKey, ben, id, NOW);
        vm.prank(ben);
        _notes.endorse(id);
        vm.prank(ben);
        vm.expectRevert(CooptNotes.AlreadyEndorsed.selector);
        _notes.endorse(id);
        vm.prank(owner);
        _notes.endorse(id);
    }

    function test_AnEndorsementByRequestIsTheSignersAndCountsOnce() public {
        uint256 id = _submit(ann);
        (Relayed.Request memory first, bytes memory signature) = _asBen(1, id);
        vm.expectEmit(address(_notes));
        emit CooptNotes.Endorsed(stepKey, ben, id, NOW);
        _notes.relay(first, signature);
        (Relayed.Request memory second, bytes memory again) = _asBen(2, id);
        vm.expectRevert(CooptNotes.AlreadyEndorsed.selector);
        _notes.relay(second, again);
    }

    function test_AnOwnersRequestCannotEndorseItsOwnWork() public {
        uint256 id = _submit(ann);
        bytes memory call_ = abi.encodeCall(CooptNotes.endorse, (id));
        Relayed.Request memory request = Relayed.Request(ann, 1, NOW, call_);
        bytes memory signature =
            _signFor(address(_notes), block.chainid, ann, _requestHash(request));
        vm.expectRevert(CooptNotes.OwnWork.selector);
        _notes.relay(request, signature);
    }

    function test_APauseSilencesNobody() public {
        uint256 id = _submit(ann);
        guard.pause();
        _notes.anchor(CHALLENGE, "v1", CID);
        _notes.anchorBatch(CHALLENGE, "root", 1, CID);
        vm.startPrank(ben);
        _notes.review(id, CooptNotes.Opinion.Comment, CID);
        _notes.endorse(id);
        vm.stopPrank();
    }

    function _asBen(uint256 nonce, uint256 id)
        private
        view
        returns (Relayed.Request memory request, bytes memory signature)
    {
        request = Relayed.Request(ben, nonce, NOW, abi.encodeCall(CooptNotes.endorse, (id)));
        signature = _signFor(address(_notes), block.chainid, ben, _requestHash(request));
    }
}
