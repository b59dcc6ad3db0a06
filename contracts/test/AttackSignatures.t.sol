// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Attestations} from "../src/Attestations.sol";
import {Bonds} from "../src/Bonds.sol";
import {CooptLedger} from "../src/CooptLedger.sol";
import {Relayed} from "../src/Relayed.sol";
import {LedgerFixture} from "./LedgerFixture.sol";
import {OpenWallet} from "./mocks/Wallets.sol";

/// @notice A signature counts once, here, now, for what was signed, and for nobody else.
contract AttackSignaturesTest is LedgerFixture {
    uint64 private constant LATER = uint64(START + 1 days);
    uint256 private constant ORDER =
        0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;

    function setUp() public {
        _begin(5, 3);
    }

    function test_ARequestIsNotReplayedOnAnotherChain() public {
        (Relayed.Request memory request, bytes memory signature) = _claimRequest(ann, 1);
        vm.chainId(block.chainid + 1);
        vm.expectRevert(Relayed.BadSignature.selector);
        ledger.relay(request, signature);
    }

    function test_ARequestIsNotReplayedOnAnotherContract() public {
        (Relayed.Request memory request, bytes memory signature) = _claimRequest(ann, 1);
        CooptLedger other = CooptLedger(vm.deployCode("CooptLedger.sol:CooptLedger"));
        vm.expectRevert(Relayed.BadSignature.selector);
        other.relay(request, signature);
        Relayed treasury = ledger.treasury();
        vm.expectRevert(Relayed.BadSignature.selector);
        treasury.relay(request, signature);
        Relayed notes = ledger.notes();
        vm.expectRevert(Relayed.BadSignature.selector);
        notes.relay(request, signature);
    }

    function test_ARequestIsWorthlessAfterItsDeadline() public {
        (Relayed.Request memory request, bytes memory signature) = _claimRequest(ann, 1);
        (Relayed.Request memory second, bytes memory another) = _claimRequest(ann, 2);
        vm.warp(LATER);
        ledger.relay(request, signature);
        vm.warp(LATER + 1);
        vm.expectRevert(Relayed.RequestExpired.selector);
        ledger.relay(second, another);
    }

    function test_ARequestIsTakenOnce() public {
        (Relayed.Request memory request, bytes memory signature) = _claimRequest(ann, 1);
        ledger.relay(request, signature);
        vm.expectRevert(Relayed.NonceUsed.selector);
        ledger.relay(request, signature);
        Relayed.Request[] memory requests = new Relayed.Request[](2);
        bytes[] memory signatures = new bytes[](2);
        (requests[0], signatures[0]) = _claimRequest(ann, 2);
        (requests[1], signatures[1]) = (requests[0], signatures[0]);
        assertEq(ledger.relayMany(requests, signatures), 1);
    }

    /// @dev Whatever is changed of a request, its signature is none any more.
    function testFuzz_NothingOfARequestCanBeChanged(uint8 field, uint256 value) public {
        (Relayed.Request memory request, bytes memory signature) = _claimRequest(ann, 1);
        bytes32 before = _requestHash(request);
        field %= 4;
        if (field == 0) request.from = address(uint160(value));
        if (field == 1) request.nonce = value;
        if (field == 2) request.deadline = uint64(bound(value, START, type(uint64).max));
        if (field == 3) request.data[value % request.data.length] ^= bytes1(uint8(1 + value % 255));
        vm.assume(_requestHash(request) != before);
        vm.expectRevert(Relayed.BadSignature.selector);
        ledger.relay(request, signature);
    }

    /// @dev (r, n - s) with the other parity recovers the same key: it is refused all the same.
    function test_ASignatureHasNoTwin() public {
        (Relayed.Request memory request, bytes memory signature) = _claimRequest(ann, 1);
        (bytes32 r, bytes32 s, uint8 v) = _split(signature);
        bytes memory twin = abi.encodePacked(r, bytes32(ORDER - uint256(s)), v == 27 ? 28 : 27);
        vm.expectRevert(Relayed.BadSignature.selector);
        ledger.relay(request, twin);
        vm.expectRevert(Relayed.BadSignature.selector);
        ledger.relay(request, abi.encodePacked(r, s, uint8(v - 27)));
        vm.expectRevert(Relayed.BadSignature.selector);
        ledger.relay(request, abi.encodePacked(r, s));
        vm.expectRevert(Relayed.BadSignature.selector);
        ledger.relay(request, "");
        vm.expectRevert(Relayed.BadSignature.selector);
        ledger.relay(request, new bytes(65));
        vm.expectRevert(Relayed.BadSignature.selector);
        ledger.relay(request, new bytes(10_000));
        ledger.relay(request, signature);
    }

    /// @dev A signature that recovers nobody does not speak for nobody.
    function test_NobodySpeaksForTheZeroAddress() public {
        (Relayed.Request memory request,) = _claimRequest(ann, 1);
        request.from = address(0);
        vm.expectRevert(Relayed.BadSignature.selector);
        ledger.relay(request, new bytes(65));
        vm.expectRevert(Relayed.BadSignature.selector);
        ledger.relay(request, "");
    }

    function test_NobodySpeaksForTheContractsThemselvesOrForPrecompiles() public {
        (Relayed.Request memory request, bytes memory signature) = _claimRequest(ann, 1);
        address[4] memory others =
            [address(ledger), address(ledger.treasury()), address(ledger.notes()), address(guard)];
        for (uint256 i = 0; i < 4; ++i) {
            request.from = others[i];
            vm.expectRevert(Relayed.BadSignature.selector);
            ledger.relay(request, signature);
        }
        for (uint160 i = 1; i <= 10; ++i) {
            request.from = address(i);
            (bool done,) =
                address(ledger).call{gas: 1_000_000}(abi.encodeCall(ledger.relay, (request, signature)));
            assertFalse(done);
        }
    }

    function test_AnAppendedAddressIsNotBelievedFromOutside() public {
        bytes memory call = abi.encodeCall(ledger.claim, (CHALLENGE, STEP, 1 days));
        vm.prank(ben);
        (bool done,) = address(ledger).call(abi.encodePacked(call, ann));
        assertTrue(done);
        assertEq(uint256(ledger.leaseOf(CHALLENGE, STEP, ann).until), 0);
        assertEq(uint256(ledger.leaseOf(CHALLENGE, STEP, ben).until), START + 1 days);
    }

    /// @dev Ann's signed request may hold any bytes behind its call: the contract appends her
    /// address last, and only that counts.
    function test_AnAddressInsideARequestIsNotBelieved() public {
        bytes memory call = abi.encodePacked(
            abi.encodeCall(ledger.claim, (CHALLENGE, STEP, 1 days)), ben
        );
        (Relayed.Request memory request, bytes memory signature) = _request(ann, 1, LATER, call);
        ledger.relay(request, signature);
        assertEq(uint256(ledger.leaseOf(CHALLENGE, STEP, ben).until), 0);
        assertEq(uint256(ledger.leaseOf(CHALLENGE, STEP, ann).until), START + 1 days);
    }

    /// @dev A request within a request: each needs its own signer.
    function test_ANestedRequestSpeaksForItsOwnSignerOnly() public {
        (Relayed.Request memory inner, bytes memory innerSignature) = _claimRequest(ben, 1);
        bytes memory call = abi.encodeCall(ledger.relay, (inner, innerSignature));
        (Relayed.Request memory outer, bytes memory signature) = _request(ann, 1, LATER, call);
        ledger.relay(outer, signature);
        assertEq(uint256(ledger.leaseOf(CHALLENGE, STEP, ann).until), 0);
        assertEq(uint256(ledger.leaseOf(CHALLENGE, STEP, ben).until), START + 1 days);
        (inner,) = _claimRequest(ben, 2);
        call = abi.encodeCall(ledger.relay, (inner, _sign(ann, _requestHash(inner))));
        (outer, signature) = _request(ann, 2, LATER, call);
        vm.expectRevert(Relayed.BadSignature.selector);
        ledger.relay(outer, signature);
        assertFalse(ledger.isNonceUsed(ann, 2));
    }

    function test_ANestedBatchSpeaksForItsOwnSignersOnly() public {
        Relayed.Request[] memory requests = new Relayed.Request[](2);
        bytes[] memory signatures = new bytes[](2);
        (requests[0], signatures[0]) = _claimRequest(ben, 1);
        (requests[1],) = _claimRequest(owner, 1);
        signatures[1] = _sign(ann, _requestHash(requests[1]));
        (Relayed.Request memory outer, bytes memory signature) = _request(
            ann, 1, LATER, abi.encodeCall(ledger.relayMany, (requests, signatures))
        );
        assertEq(abi.decode(ledger.relay(outer, signature), (uint256)), 1);
        assertEq(uint256(ledger.leaseOf(CHALLENGE, STEP, owner).until), 0);
        assertEq(uint256(ledger.leaseOf(CHALLENGE, STEP, ann).until), 0);
    }

    function test_ARequestCannotHoldItself() public {
        (Relayed.Request memory inner, bytes memory innerSignature) = _claimRequest(ann, 1);
        bytes memory call = abi.encodeCall(ledger.relay, (inner, innerSignature));
        (Relayed.Request memory outer, bytes memory signature) = _request(ann, 1, LATER, call);
        vm.expectRevert(Relayed.NonceUsed.selector);
        ledger.relay(outer, signature);
    }

    /// @dev Without four bytes of data the selector would be the signer's own address: a wallet
    /// at such an address (here that of `withdraw`) speaks for nobody.
    function test_DataTooShortForACallSpeaksForNobody() public {
        address wallet = address(bytes20(abi.encodePacked(Bonds.withdraw.selector, bytes16(0))));
        vm.etch(wallet, address(new OpenWallet()).code);
        Relayed.Request memory request = Relayed.Request(wallet, 1, LATER, "");
        vm.expectRevert(Bonds.NothingOwed.selector); // of the ledger's own, which is nothing
        ledger.relay(request, "any");
        request.data = hex"3c";
        vm.expectRevert();
        ledger.relay(request, "any");
        request.data = hex"3ccfd6";
        vm.expectRevert();
        ledger.relay(request, "any");
    }

    function test_ACommitmentIsNotReplayedOnAnotherChainOrContractOrSubmission() public {
        uint256 id = _submit(ann);
        uint256 other = _submit(ann);
        Attestations.Commitment[] memory made = _signedCommitments(id, _openings(_all(3, 5)));
        vm.expectRevert(Relayed.BadSignature.selector);
        ledger.commitScores(other, made);
        uint256 here = block.chainid;
        vm.chainId(here + 1);
        vm.expectRevert(Relayed.BadSignature.selector);
        ledger.commitScores(id, made);
        vm.chainId(here);
        made[2].signature = _signFor(
            address(ledger.treasury()),
            here,
            made[2].evaluator,
            _commitmentHash(id, made[2].evaluator, made[2].commitment)
        );
        vm.expectRevert(Relayed.BadSignature.selector);
        ledger.commitScores(id, made);
    }

    function test_ASignedCommitmentCannotBeExchangedForAnother() public {
        uint256 id = _submit(ann);
        Attestations.Commitment[] memory made = _signedCommitments(id, _openings(_all(3, 5)));
        made[1].commitment = keccak256("something else");
        vm.expectRevert(Relayed.BadSignature.selector);
        ledger.commitScores(id, made);
        made = _signedCommitments(id, _openings(_all(3, 5)));
        (made[1].signature, made[2].signature) = (made[2].signature, made[1].signature);
        vm.expectRevert(Relayed.BadSignature.selector);
        ledger.commitScores(id, made);
    }

    function test_AVerdictIsNotReplayedOnAnotherChainOrSubmission() public {
        uint256 first = _contribute(ann, 10);
        uint256 second = _contribute(ann, 5);
        _dispute(first, ben);
        _dispute(second, ben);
        Relayed.Vote[] memory votes = _votes(_verdictHash(first, true), _panel(0, 3));
        vm.expectRevert(Relayed.BadSignature.selector);
        ledger.decide(second, true, CID, votes);
        vm.chainId(block.chainid + 1);
        vm.expectRevert(Relayed.BadSignature.selector);
        ledger.decide(first, true, CID, votes);
    }

    /// @dev The defect: once a head's score had come back to what it was, old votes to move it
    /// could be brought again, by anybody.
    function test_VotesToRescoreAreNotReplayedWhenTheScoreComesBack() public {
        uint256 head = _contribute(ann, 10);
        Relayed.Vote[] memory up = _votes(_rescoreHash(14, head), _panel(0, 3));
        ledger.rescore(CHALLENGE, STEP, 14, head, up);
        _rescore(10, head, _panel(0, 3));
        assertEq(int256(ledger.stepOf(CHALLENGE, STEP).headScore), 10);
        vm.expectRevert(Relayed.BadSignature.selector);
        ledger.rescore(CHALLENGE, STEP, 14, head, up);
    }

    function test_VotesToRescoreAreForOneScoreAndOneCause() public {
        uint256 head = _contribute(ann, 10);
        uint256 other = _submit(ben);
        Relayed.Vote[] memory votes = _votes(_rescoreHash(14, head), _panel(0, 3));
        vm.expectRevert(Relayed.BadSignature.selector);
        ledger.rescore(CHALLENGE, STEP, 15, head, votes);
        vm.expectRevert(Relayed.BadSignature.selector);
        ledger.rescore(CHALLENGE, STEP, 14, other, votes);
        _judge(other, _all(3, 9)); // another head
        vm.expectRevert(Relayed.BadSignature.selector);
        ledger.rescore(CHALLENGE, STEP, 14, head, votes);
    }

    /// @dev What was signed as one kind of thing is no other kind.
    function test_ASignatureOfOneKindIsNoneOfAnother() public {
        uint256 id = _contribute(ann, 10);
        _dispute(id, ben);
        Relayed.Vote[] memory votes = _votes(_rescoreHash(14, id), _panel(0, 3));
        vm.expectRevert(Relayed.BadSignature.selector);
        ledger.decide(id, true, CID, votes);
        votes = _votes(_verdictHash(id, true), _panel(0, 3));
        vm.expectRevert(Relayed.BadSignature.selector);
        ledger.rescore(CHALLENGE, STEP, 14, id, votes);
    }

    /// @dev Nobody can hinder a batch by bringing one of its requests first.
    function test_ABatchOfWhichOneWasBroughtBeforeIsTakenOtherwise() public {
        Relayed.Request[] memory requests = new Relayed.Request[](3);
        bytes[] memory signatures = new bytes[](3);
        (requests[0], signatures[0]) = _claimRequest(ann, 1);
        (requests[1], signatures[1]) = _claimRequest(ben, 1);
        (requests[2], signatures[2]) = _claimRequest(owner, 1);
        vm.prank(ben);
        ledger.relay(requests[1], signatures[1]);
        vm.expectEmit(true, true, true, true, address(ledger));
        emit Relayed.Skipped(
            ben, 1, uint64(START), abi.encodeWithSelector(Relayed.NonceUsed.selector)
        );
        assertEq(ledger.relayMany(requests, signatures), 2);
    }

    function _claimRequest(address who, uint256 nonce)
        private
        view
        returns (Relayed.Request memory, bytes memory)
    {
        bytes memory call = abi.encodeCall(ledger.claim, (CHALLENGE, STEP, 1 days));
        return _request(who, nonce, LATER, call);
    }

    function _split(bytes memory signature) private pure returns (bytes32 r, bytes32 s, uint8 v) {
        assembly ("memory-safe") {
            r := mload(add(signature, 32))
            s := mload(add(signature, 64))
            v := byte(0, mload(add(signature, 96)))
        }
    }
}
