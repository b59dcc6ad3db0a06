// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bonds} from "../src/Bonds.sol";
import {Claims} from "../src/Claims.sol";
import {Relayed} from "../src/Relayed.sol";
import {Submissions} from "../src/Submissions.sol";
import {LedgerFixture} from "./LedgerFixture.sol";

/// @notice Requests that somebody signs and somebody else brings.
contract LedgerRelayTest is LedgerFixture {
    uint64 private constant LATER = uint64(START + 1 days);
    uint256 private _nonce;

    function setUp() public {
        _begin(3, 2);
    }

    function test_WhoSignsActsWhoeverBringsIt() public {
        (Relayed.Request memory request, bytes memory signature) =
            _request(ann, 7, LATER, _claimCall());
        vm.expectEmit(true, true, true, true, address(ledger));
        emit Claims.Claimed(stepKey, ann, uint64(START), CHALLENGE, STEP, uint64(START + 1 days));
        vm.prank(ben);
        ledger.relay(request, signature);
        assertTrue(ledger.isNonceUsed(ann, 7));
        assertFalse(ledger.isNonceUsed(ben, 7));
        assertFalse(ledger.isNonceUsed(ann, 6));
    }

    function test_ARelayedCallAnswersAsTheCallItself() public {
        _claim(ann, STEP, 1 days);
        (Relayed.Request memory request, bytes memory signature) = _request(
            ann, 1, LATER, abi.encodeCall(ledger.commit, (CHALLENGE, STEP, keccak256("x")))
        );
        assertEq(abi.decode(ledger.relay(request, signature), (uint256)), 1);
        assertEq(ledger.submissionOf(1).contributor, ann);
    }

    function test_ARelayedCallFailsAsTheCallItselfAndKeepsItsNonce() public {
        bytes memory call = abi.encodeCall(ledger.commit, (CHALLENGE, STEP, keccak256("x")));
        (Relayed.Request memory request, bytes memory signature) = _request(ann, 1, LATER, call);
        vm.expectRevert(Claims.NoLiveClaim.selector);
        ledger.relay(request, signature);
        assertFalse(ledger.isNonceUsed(ann, 1));
        _claim(ann, STEP, 1 days);
        ledger.relay(request, signature);
        assertTrue(ledger.isNonceUsed(ann, 1));
    }

    function test_NoncesHaveNoOrder() public {
        uint256[4] memory nonces = [type(uint256).max, 0, 256, 255];
        for (uint256 i = 0; i < 4; ++i) {
            (Relayed.Request memory request, bytes memory signature) =
                _request(ann, nonces[i], LATER, _claimCall());
            ledger.relay(request, signature);
            assertTrue(ledger.isNonceUsed(ann, nonces[i]));
        }
    }

    function testFuzz_ANonceIsUsedByItselfAlone(uint256 nonce, uint256 other) public {
        vm.assume(nonce != other);
        vm.prank(ann);
        ledger.cancelNonce(nonce);
        assertTrue(ledger.isNonceUsed(ann, nonce));
        assertFalse(ledger.isNonceUsed(ann, other));
    }

    function test_ACancelledRequestIsWorthless() public {
        (Relayed.Request memory request, bytes memory signature) =
            _request(ann, 7, LATER, _claimCall());
        vm.expectEmit(true, true, true, true, address(ledger));
        emit Relayed.NonceCancelled(ann, uint64(START), 7);
        vm.prank(ann);
        ledger.cancelNonce(7);
        vm.expectRevert(Relayed.NonceUsed.selector);
        ledger.relay(request, signature);
        vm.prank(ann);
        vm.expectRevert(Relayed.NonceUsed.selector);
        ledger.cancelNonce(7);
    }

    function test_ACancellationMayItselfBeRelayed() public {
        (Relayed.Request memory request, bytes memory signature) =
            _request(ann, 8, LATER, abi.encodeCall(ledger.cancelNonce, (7)));
        ledger.relay(request, signature);
        assertTrue(ledger.isNonceUsed(ann, 7));
        (request, signature) = _request(ann, 9, LATER, abi.encodeCall(ledger.cancelNonce, (9)));
        vm.expectRevert(Relayed.NonceUsed.selector);
        ledger.relay(request, signature);
    }

    function test_OfABatchWhatFailsIsSkippedAndMayComeAgain() public {
        Relayed.Request[] memory requests = new Relayed.Request[](3);
        bytes[] memory signatures = new bytes[](3);
        (requests[0], signatures[0]) = _request(ann, 1, LATER, _claimCall());
        (requests[1], signatures[1]) = _request(
            ben, 1, LATER, abi.encodeCall(ledger.commit, (CHALLENGE, STEP, keccak256("x")))
        );
        (requests[2], signatures[2]) = _request(ben, 2, LATER, _claimCall());
        vm.expectEmit(true, true, true, true, address(ledger));
        emit Relayed.Skipped(
            ben, 1, uint64(START), abi.encodeWithSelector(Claims.NoLiveClaim.selector)
        );
        assertEq(ledger.relayMany(requests, signatures), 2);
        assertFalse(ledger.isNonceUsed(ben, 1));
        assertEq(ledger.relayMany(requests, signatures), 1);
        assertTrue(ledger.isNonceUsed(ben, 1));
        assertEq(ledger.submissionOf(1).contributor, ben);
    }

    function test_ABatchHasASignatureForEachRequest() public {
        vm.expectRevert(Relayed.BadBatch.selector);
        ledger.relayMany(new Relayed.Request[](1), new bytes[](2));
        assertEq(ledger.relayMany(new Relayed.Request[](0), new bytes[](0)), 0);
    }

    /// @dev Who brings the dispute pays the bond; it comes back to who asked for it.
    function test_WhoBringsADisputeMayPayItsBond() public {
        uint256 id = _contribute(ann, 10);
        (Relayed.Request memory request, bytes memory signature) =
            _request(ben, 1, LATER, abi.encodeCall(ledger.dispute, (id, CID)));
        vm.expectRevert(Bonds.WrongValue.selector);
        ledger.relay(request, signature);
        vm.deal(owner, BOND);
        vm.prank(owner);
        ledger.relay{value: BOND}(request, signature);
        assertEq(ledger.disputeOf(id).disputer, ben);
        assertEq(address(ledger).balance, BOND);
        _decide(id, true, _panel(0, 2));
        (request, signature) = _request(ben, 2, LATER, abi.encodeCall(ledger.withdraw, ()));
        ledger.relay(request, signature);
        assertEq(ben.balance, BOND);
    }

    function test_ValueThatACallDoesNotTakeIsRefused() public {
        (Relayed.Request memory request, bytes memory signature) =
            _request(ann, 1, LATER, _claimCall());
        vm.deal(address(this), 1);
        vm.expectRevert();
        ledger.relay{value: 1}(request, signature);
        assertEq(address(ledger).balance, 0);
    }

    function test_TheDomainIsThatOfTheSpecification() public view {
        bytes32 expected = keccak256(
            abi.encode(
                DOMAIN_TYPE,
                keccak256("coopt-dag"),
                keccak256("1"),
                block.chainid,
                address(ledger)
            )
        );
        assertEq(ledger.domainSeparator(), expected);
    }

    /// @dev A whole contribution by people who own no coin and send nothing themselves.
    function test_AWholeContributionIsRelayed() public {
        _relay(ann, _claimCall());
        bytes32 pledge = _pledge(stepKey, ann, CID, NO_PARENTS, SALT);
        _relay(ann, abi.encodeCall(ledger.commit, (CHALLENGE, STEP, pledge)));
        _relay(ann, abi.encodeCall(ledger.reveal, (1, CID, NO_PARENTS, SALT)));
        _judge(1, _all(2, 10));
        _relay(ann, abi.encodeCall(ledger.release, (CHALLENGE, STEP)));
        assertTrue(ledger.submissionOf(1).status == Submissions.Status.Record);
        assertEq(uint256(ledger.leaseOf(CHALLENGE, STEP, ann).until), START);
    }

    /// @dev An evaluator's own commitment and vote, without a signature of their own inside.
    function test_AnEvaluatorsOwnVoiceMayBeRelayed() public {
        uint256 id = _contribute(ann, 10);
        _dispute(id, ben);
        Relayed.Vote[] memory votes = _votes(_verdictHash(id, true), _panel(0, 2));
        votes[1].signature = "";
        vm.expectRevert(Relayed.BadSignature.selector);
        ledger.decide(id, true, CID, votes);
        _relay(evaluators[1], abi.encodeCall(ledger.decide, (id, true, CID, votes)));
        assertTrue(ledger.submissionOf(id).status == Submissions.Status.Struck);
    }

    function _relay(address who, bytes memory call) private {
        (Relayed.Request memory request, bytes memory signature) =
            _request(who, ++_nonce, LATER, call);
        ledger.relay(request, signature);
    }

    function _claimCall() private view returns (bytes memory) {
        return abi.encodeCall(ledger.claim, (CHALLENGE, STEP, 1 days));
    }
}
