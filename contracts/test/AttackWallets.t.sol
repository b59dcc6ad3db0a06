// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Attestations} from "../src/Attestations.sol";
import {Registry} from "../src/Registry.sol";
import {Relayed} from "../src/Relayed.sol";
import {Submissions} from "../src/Submissions.sol";
import {LedgerFixture} from "./LedgerFixture.sol";
import {BadWallet, GoodWallet} from "./mocks/Wallets.sol";

/// @notice Wallets that are contracts: those that answer for themselves, and those that do not.
contract AttackWalletsTest is LedgerFixture {
    uint64 private constant LATER = uint64(START + 1 days);
    GoodWallet private wallet;

    function setUp() public {
        _deploy();
        wallet = new GoodWallet(ann);
        keyOf[address(wallet)] = keyOf[ann]; // Ann's key signs for it
        _nameEvaluators(2);
        evaluators.push(address(wallet));
        challengeKey = keccak256(bytes(CHALLENGE));
        stepKey = _stepKey(CHALLENGE, STEP);
    }

    function test_AWalletContributesByItsOwnersKey() public {
        _open(1);
        _relay(address(wallet), 1, _claimCall());
        bytes32 pledge = _pledge(stepKey, address(wallet), CID, NO_PARENTS, SALT);
        _relay(address(wallet), 2, abi.encodeCall(ledger.commit, (CHALLENGE, STEP, pledge)));
        _relay(
            address(wallet), 3, abi.encodeCall(ledger.reveal, (1, CID, NO_PARENTS, SALT))
        );
        assertEq(ledger.submissionOf(1).contributor, address(wallet));
        assertTrue(ledger.submissionOf(1).status == Submissions.Status.Pending);
    }

    function test_AWalletJudgesAndVotesByItsOwnersKey() public {
        _open(3);
        uint256 id = _submit(ben);
        _judge(id, _all(3, 5));
        assertTrue(ledger.submissionOf(id).status == Submissions.Status.Record);
        _dispute(id, owner);
        address[] memory panel = _sorted(_panel(0, 3));
        _decide(id, true, panel);
        assertTrue(ledger.submissionOf(id).status == Submissions.Status.Struck);
    }

    function test_AnothersKeyDoesNotSpeakForAWallet() public {
        _open(3);
        keyOf[address(wallet)] = keyOf[ben];
        (Relayed.Request memory request, bytes memory signature) =
            _request(address(wallet), 1, LATER, _claimCall());
        vm.expectRevert(Relayed.BadSignature.selector);
        ledger.relay(request, signature);
        uint256 id = _submit(ben);
        Attestations.Commitment[] memory made = _signedCommitments(id, _openings(_all(3, 5)));
        vm.expectRevert(Relayed.BadSignature.selector);
        ledger.commitScores(id, made);
    }

    /// @dev The wallet's signature is Ann's key over the wallet's request: it is none of Ann's.
    function test_AWalletsSignatureIsNotItsOwners() public {
        _open(1);
        (Relayed.Request memory request, bytes memory signature) =
            _request(address(wallet), 1, LATER, _claimCall());
        request.from = ann;
        vm.expectRevert(Relayed.BadSignature.selector);
        ledger.relay(request, signature);
    }

    function test_WalletsThatDoNotAnswerAsTheyShouldAreRefused() public {
        _open(1);
        for (uint8 way = 0; way <= uint8(type(BadWallet.Way).max); ++way) {
            address bad = address(new BadWallet(BadWallet.Way(way)));
            Relayed.Request memory request = Relayed.Request(bad, 1, LATER, _claimCall());
            vm.expectRevert(Relayed.BadSignature.selector);
            ledger.relay{gas: 2_000_000}(request, new bytes(65));
            assertFalse(ledger.isNonceUsed(bad, 1));
        }
    }

    function test_AnEvaluatorsWalletThatFailsHoldsNobodyUp() public {
        for (uint8 way = 0; way <= uint8(type(BadWallet.Way).max); ++way) {
            evaluators[2] = address(new BadWallet(BadWallet.Way(way)));
            keyOf[evaluators[2]] = 1;
            string memory name = string.concat("c", vm.toString(way));
            _register(name, _rules(2));
            _registerStep(name, STEP, Registry.Direction.Minimise, 0, 0, 0);
            bytes32 pledge = _pledge(_stepKey(name, STEP), owner, CID, NO_PARENTS, SALT);
            vm.prank(owner);
            uint256 id = ledger.commit(name, STEP, pledge);
            _reveal(id, owner, CID, NO_PARENTS);
            Attestations.Commitment[] memory made = new Attestations.Commitment[](1);
            made[0] = Attestations.Commitment(evaluators[2], keccak256("x"), new bytes(65));
            vm.expectRevert(Relayed.BadSignature.selector);
            ledger.commitScores{gas: 2_000_000}(id, made);
            for (uint256 i = 0; i < 2; ++i) {
                Attestations.Opening memory opening = _opening(evaluators[i], 5);
                _commitOwn(id, opening);
            }
            ledger.revealScores(id, pledge, _openings(_all(2, 5)));
            assertTrue(ledger.submissionOf(id).status == Submissions.Status.Record);
        }
    }

    /// @dev 63 of 64 parts of the gas are gone with it; what is left is enough to skip it and
    /// take the next. Its nonce is not spent.
    function test_AWalletThatBurnsGasIsSkippedInABatch() public {
        _open(1);
        address bad = address(new BadWallet(BadWallet.Way.BurnsGas));
        Relayed.Request[] memory requests = new Relayed.Request[](2);
        bytes[] memory signatures = new bytes[](2);
        requests[0] = Relayed.Request(bad, 1, LATER, _claimCall());
        signatures[0] = new bytes(65);
        (requests[1], signatures[1]) = _request(ben, 1, LATER, _claimCall());
        assertEq(ledger.relayMany{gas: 25_000_000}(requests, signatures), 1);
        assertFalse(ledger.isNonceUsed(bad, 1));
        assertTrue(ledger.isNonceUsed(ben, 1));
    }

    /// @dev With whatever gas it is brought, a request is done and its nonce spent, or neither.
    function test_TooLittleGasBurnsNoNonce() public {
        _open(1);
        (Relayed.Request memory request, bytes memory signature) =
            _request(ben, 1, LATER, _claimCall());
        uint256 failures = 0;
        for (uint256 limit = 10_000; limit < 200_000; limit += 500) {
            uint256 here = vm.snapshotState();
            try ledger.relay{gas: limit}(request, signature) {
                assertTrue(ledger.isNonceUsed(ben, 1));
                assertEq(uint256(ledger.leaseOf(CHALLENGE, STEP, ben).until), LATER);
            } catch {
                ++failures;
                assertFalse(ledger.isNonceUsed(ben, 1));
                assertEq(uint256(ledger.leaseOf(CHALLENGE, STEP, ben).until), 0);
            }
            vm.revertToState(here);
        }
        assertTrue(failures > 20 && failures < 300); // both ends were seen
    }

    function test_TooLittleGasForABatchBurnsNoNonce() public {
        _open(1);
        Relayed.Request[] memory requests = new Relayed.Request[](2);
        bytes[] memory signatures = new bytes[](2);
        (requests[0], signatures[0]) = _request(ben, 1, LATER, _claimCall());
        (requests[1], signatures[1]) = _request(ann, 1, LATER, _claimCall());
        uint256[3] memory seen;
        for (uint256 limit = 10_000; limit < 400_000; limit += 1_000) {
            uint256 here = vm.snapshotState();
            uint256 done = 0;
            try ledger.relayMany{gas: limit}(requests, signatures) returns (uint256 n) {
                done = n;
            } catch {}
            uint256 used = (ledger.isNonceUsed(ben, 1) ? 1 : 0) + (ledger.isNonceUsed(ann, 1) ? 1 : 0);
            assertEq(used, done);
            assertTrue(
                ledger.isNonceUsed(ben, 1)
                    == (ledger.leaseOf(CHALLENGE, STEP, ben).until == LATER)
            );
            ++seen[done];
            vm.revertToState(here);
        }
        assertTrue(seen[0] > 0 && seen[2] > 0);
    }

    /// @dev EIP-7702: an account with a key may also have code; its key still speaks for it.
    function test_AnAccountWithDelegatedCodeSignsByItsKey() public {
        _open(1);
        address code = address(new BadWallet(BadWallet.Way.Refuses));
        vm.etch(ben, abi.encodePacked(hex"ef0100", code));
        _relay(ben, 1, _claimCall());
        assertEq(uint256(ledger.leaseOf(CHALLENGE, STEP, ben).until), LATER);
    }

    function _open(uint8 k) private {
        quorum = k;
        _register(CHALLENGE, _rules(k));
        _registerStep(CHALLENGE, STEP, Registry.Direction.Minimise, 0, 0, 0);
    }

    function _relay(address who, uint256 nonce, bytes memory call) private {
        (Relayed.Request memory request, bytes memory signature) =
            _request(who, nonce, LATER, call);
        ledger.relay(request, signature);
    }

    function _claimCall() private view returns (bytes memory) {
        return abi.encodeCall(ledger.claim, (CHALLENGE, STEP, 1 days));
    }

    function _sorted(address[] memory some) private pure returns (address[] memory) {
        for (uint256 i = 1; i < some.length; ++i) {
            for (uint256 j = i; j > 0 && some[j] < some[j - 1]; --j) {
                (some[j], some[j - 1]) = (some[j - 1], some[j]);
            }
        }
        return some;
    }
}
