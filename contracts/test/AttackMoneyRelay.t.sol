// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bonds} from "../src/Bonds.sol";
import {Bounties} from "../src/Bounties.sol";
import {Relayed} from "../src/Relayed.sol";
import {Settlement} from "../src/Settlement.sol";
import {Wallet} from "./mocks/Receivers.sol";
import {TreasuryFixture} from "./TreasuryFixture.sol";

/// @notice Money moved by signed requests: it is the signer's, whoever brings and pays for them.
contract AttackMoneyRelayTest is TreasuryFixture {
    address private _wal;
    uint256 private _key;

    function setUp() public override {
        super.setUp();
        (_wal, _key) = makeAddrAndKey("wal");
    }

    function test_WhoRelaysMayPutUpTheCoinAndTheSignerIsTheSponsor() public {
        bytes memory call_ = _funding(address(0), 5 ether);
        bytes memory answer = _relay(1, 5 ether, call_);
        assertEq(abi.decode(answer, (uint256)), 1, "what fund answered");
        assertEq(treasury.bountyOf(1).sponsor, _wal, "the signer");
        vm.warp(DEADLINE);
        treasury.refund(1);
        assertEq(_wal.balance, 5 ether, "and it has the refund");
    }

    function test_RelayedValueThatIsNotWantedDoesNotStay() public {
        Relayed.Request memory request = _request(_wal, 1, _funding(address(0), 5 ether));
        bytes memory signature = _signRequest(_key, request);
        vm.startPrank(stranger);
        vm.expectRevert(Bonds.WrongValue.selector);
        treasury.relay{value: 4 ether}(request, signature);
        request = _request(_wal, 1, abi.encodeCall(Relayed.cancelNonce, (9)));
        signature = _signRequest(_key, request);
        vm.expectRevert();
        treasury.relay{value: 1}(request, signature);
        vm.stopPrank();
        assertEq(address(treasury).balance, 0, "nothing stayed");
        assertTrue(!treasury.isNonceUsed(_wal, 1), "and the nonce is free");
    }

    function test_TokensAreTakenFromTheSignerNotFromWhoRelays() public {
        token.mint(_wal, 10);
        vm.prank(_wal);
        token.approve(address(treasury), 10);
        uint256 before = token.balanceOf(sponsor);
        bytes memory call_ = _funding(address(token), 10);
        Relayed.Request memory request = _request(_wal, 1, call_);
        bytes memory signature = _signRequest(_key, request);
        vm.prank(sponsor); // who has approved the treasury for all that it has
        treasury.relay(request, signature);
        assertEq(token.balanceOf(sponsor), before, "not a token of its");
        assertEq(token.balanceOf(_wal), 0, "the signer's");
    }

    function test_ARelayedDisputesBondComesBackToTheSigner() public {
        _propose(_one(0, ann, 5));
        _relay(1, BOND, abi.encodeCall(Settlement.disputeSettlement, (KEY, 0, CID)));
        assertEq(treasury.settlementOf(KEY, 0).disputer, _wal, "the signer disputes");
        _decide(true, _keys(0, 1));
        _relay(2, 0, abi.encodeCall(Bonds.withdraw, ()));
        assertEq(_wal.balance, BOND, "and has the bond");
    }

    function test_ARequestIsTakenOnceOnlyHereAndInTime() public {
        Relayed.Request memory request =
            _request(_wal, 1, abi.encodeCall(Relayed.cancelNonce, (9)));
        bytes memory signature = _signRequest(_key, request);
        vm.chainId(HERE + 1);
        vm.expectRevert(Relayed.BadSignature.selector);
        treasury.relay(request, signature);
        vm.chainId(HERE);
        vm.expectRevert(Relayed.BadSignature.selector);
        notes.relay(request, signature);
        vm.warp(START + 1);
        vm.expectRevert(Relayed.RequestExpired.selector);
        treasury.relay(request, signature);
        vm.warp(START);
        vm.expectEmit(address(treasury));
        emit Relayed.NonceCancelled(_wal, START, 9);
        treasury.relay(request, signature);
        vm.expectRevert(Relayed.NonceUsed.selector);
        treasury.relay(request, signature);
    }

    function test_ACancelledRequestIsWorthless() public {
        Relayed.Request memory request = _request(_wal, 9, abi.encodeCall(Bonds.withdraw, ()));
        bytes memory signature = _signRequest(_key, request);
        vm.prank(_wal);
        treasury.cancelNonce(9);
        vm.expectRevert(Relayed.NonceUsed.selector);
        treasury.relay(request, signature);
    }

    function test_ARequestChangedAfterItsSignatureIsNobodys() public {
        Relayed.Request memory request = _request(_wal, 1, _funding(address(0), 5 ether));
        bytes memory signature = _signRequest(_key, request);
        request.data = _funding(address(0), 6 ether);
        vm.prank(stranger);
        vm.expectRevert(Relayed.BadSignature.selector);
        treasury.relay{value: 6 ether}(request, signature);
        request.from = address(0);
        vm.expectRevert(Relayed.BadSignature.selector);
        treasury.relay(request, "");
        request.from = address(treasury);
        vm.expectRevert(Relayed.BadSignature.selector);
        treasury.relay(request, signature);
    }

    function test_OneBadRequestDoesNotStopTheOthers() public {
        Relayed.Request[] memory many = new Relayed.Request[](3);
        bytes[] memory signatures = new bytes[](3);
        for (uint256 i = 0; i < 3; ++i) {
            many[i] = _request(_wal, i, abi.encodeCall(Relayed.cancelNonce, (100 + i)));
            if (i == 1) many[i].data = abi.encodeCall(Bonds.withdraw, ());
            signatures[i] = _signRequest(_key, many[i]);
        }
        vm.expectEmit(address(treasury));
        emit Relayed.Skipped(
            _wal, 1, START, abi.encodeWithSelector(Bonds.NothingOwed.selector)
        );
        assertEq(treasury.relayMany(many, signatures), 2, "two were taken");
        assertTrue(!treasury.isNonceUsed(_wal, 1), "the bad one may come again");
        assertTrue(treasury.isNonceUsed(_wal, 102), "the last one was taken");
        vm.expectRevert(Relayed.BadBatch.selector);
        treasury.relayMany(many, new bytes[](2));
    }

    function test_NobodySpeaksForAnotherByBytesBehindACall() public {
        _propose(_one(0, ann, 5));
        _dispute(bob);
        _decide(true, _keys(0, 1));
        bytes memory spoofed = abi.encodePacked(abi.encodeCall(Bonds.withdraw, ()), bob);
        vm.prank(stranger);
        (bool done, bytes memory answer) = address(treasury).call(spoofed);
        assertTrue(!done, "refused");
        assertEq(bytes32(bytes4(answer)), bytes32(Bonds.NothingOwed.selector), "it is a stranger");
        assertEq(treasury.owedTo(bob), BOND, "bob's is there");
    }

    /// @dev With less than a selector the signer's own bytes would be read as one.
    function testFuzz_ARequestShorterThanACallActsForNobody(uint256 key, bytes3 stump, uint8 n)
        public
    {
        key = bound(key, 1, 2 ** 128);
        n = uint8(bound(n, 0, 3));
        bytes memory data = new bytes(n);
        for (uint256 i = 0; i < n; ++i) {
            data[i] = stump[i];
        }
        Relayed.Request memory request = _request(vm.addr(key), 1, data);
        bytes memory signature = _signRequest(key, request);
        vm.expectRevert();
        treasury.relay(request, signature);
    }

    function test_AWalletThatIsAContractSponsorsBySignature() public {
        Wallet wallet = new Wallet(_wal);
        Relayed.Request memory request =
            _request(address(wallet), 1, _funding(address(0), 5 ether));
        (uint8 v, bytes32 r, bytes32 s) =
            vm.sign(_key, _digest(address(treasury), _requestHash(request)));
        vm.prank(stranger);
        treasury.relay{value: 5 ether}(request, abi.encode(r, s, v));
        assertEq(treasury.bountyOf(1).sponsor, address(wallet), "its bounty");
        vm.warp(DEADLINE);
        treasury.refund(1);
        assertEq(address(wallet).balance, 5 ether, "its refund");
    }

    function test_ARelayedRelayActsForTheInnerSigner() public {
        (address other, uint256 otherKey) = makeAddrAndKey("other");
        Relayed.Request memory inner =
            _request(other, 1, abi.encodeCall(Relayed.cancelNonce, (9)));
        bytes memory innerSignature = _signRequest(otherKey, inner);
        _relay(1, 0, abi.encodeCall(Relayed.relay, (inner, innerSignature)));
        assertTrue(treasury.isNonceUsed(other, 9), "the inner signer's nonce");
        assertTrue(!treasury.isNonceUsed(_wal, 9), "not the outer one's");
    }

    function test_TooLittleGasBurnsNoNonce() public {
        bytes memory call_ = _funding(address(0), 5 ether);
        Relayed.Request memory request = _request(_wal, 1, call_);
        bytes memory signature = _signRequest(_key, request);
        vm.deal(address(this), 5 ether);
        for (uint256 gas_ = 40_000; gas_ < 400_000; gas_ += 20_000) {
            try treasury.relay{value: 5 ether, gas: gas_}(request, signature) {
                assertEq(treasury.bountyCount(), 1, "taken is done");
                return;
            } catch {
                assertTrue(!treasury.isNonceUsed(_wal, 1), "not done is not spent");
            }
        }
        assertTrue(false, "never taken");
    }

    function _relay(uint256 nonce, uint256 value, bytes memory data)
        private
        returns (bytes memory)
    {
        Relayed.Request memory request = _request(_wal, nonce, data);
        bytes memory signature = _signRequest(_key, request);
        vm.prank(stranger);
        return treasury.relay{value: value}(request, signature);
    }

    function _funding(address asset, uint96 amount) private pure returns (bytes memory) {
        return abi.encodeCall(
            Bounties.fund, (NAME, "", 0, asset, amount, address(0), DEADLINE, CID)
        );
    }
}
