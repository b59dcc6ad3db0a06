// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bonds} from "../src/Bonds.sol";
import {Disputes} from "../src/Disputes.sol";
import {Relayed} from "../src/Relayed.sol";
import {Submissions} from "../src/Submissions.sol";
import {LedgerFixture} from "./LedgerFixture.sol";
import {BadWallet, Reenterer} from "./mocks/Wallets.sol";

/// @notice Disputes as a nuisance, and coin that is fetched in ways it should not be.
contract AttackBondsTest is LedgerFixture {
    uint256 private id;

    function setUp() public {
        _begin(5, 3);
        id = _contribute(ann, 10);
    }

    function test_AGrieferForfeitsItsBondOnceAndForAll() public {
        _dispute(id, ben);
        _decide(id, false, _panel(0, 3));
        assertEq(ledger.owedTo(ann), BOND);
        vm.deal(ben, BOND);
        vm.prank(ben);
        vm.expectRevert(Disputes.NotDisputable.selector);
        ledger.dispute{value: BOND}(id, CID);
        vm.deal(owner, BOND);
        vm.prank(owner);
        vm.expectRevert(Disputes.NotDisputable.selector);
        ledger.dispute{value: BOND}(id, CID);
    }

    /// @dev A dispute that nobody votes on delays nothing but itself: the head stands, and others
    /// go on improving it.
    function test_ADisputeStopsNobody() public {
        _dispute(id, ben);
        uint256 better = _contribute(ben, 8);
        assertEq(uint256(ledger.stepOf(CHALLENGE, STEP).headId), better);
        vm.warp(START + DISPUTE + 1);
        ledger.lapse(id);
        vm.prank(ben);
        vm.expectRevert(Disputes.NotDisputable.selector);
        ledger.dispute(id, CID);
        assertEq(ledger.owedTo(ben), BOND);
    }

    /// @dev An author who disputes itself first, weakly, wins nothing: evaluators may still
    /// strike, and its bond is at stake like any other's.
    function test_AnAuthorsOwnDisputeShieldsItFromNothing() public {
        _dispute(id, ann);
        _decide(id, true, _panel(0, 3));
        assertTrue(ledger.submissionOf(id).status == Submissions.Status.Struck);
    }

    function test_ABondIsPaidOnceHoweverItIsFetched() public {
        Reenterer thief = _owedThief(true);
        vm.deal(address(ledger), address(ledger).balance + 10 ether); // others' coin
        thief.act(abi.encodeCall(ledger.withdraw, ()));
        assertEq(thief.received(), BOND);
        assertEq(thief.turns(), 1);
        assertEq(address(ledger).balance, 10 ether);
        assertEq(ledger.owedTo(address(thief)), 0);
    }

    function test_AFailedReentryLeavesTheBondOwed() public {
        Reenterer thief = _owedThief(false);
        vm.expectRevert(Bonds.PaymentFailed.selector);
        thief.act(abi.encodeCall(ledger.withdraw, ()));
        assertEq(ledger.owedTo(address(thief)), BOND);
    }

    function test_WhoCannotBePaidStopsNobodyElse() public {
        BadWallet stone = new BadWallet(BadWallet.Way.Reverts);
        vm.deal(address(stone), BOND);
        vm.prank(address(stone));
        ledger.dispute{value: BOND}(id, CID);
        uint256 other = _contribute(ben, 5);
        _dispute(other, owner);
        _decide(id, true, _panel(0, 3));
        _decide(other, true, _panel(0, 3));
        vm.prank(address(stone));
        vm.expectRevert(Bonds.PaymentFailed.selector);
        ledger.withdraw();
        vm.prank(owner);
        ledger.withdraw();
        assertEq(owner.balance, BOND);
        assertEq(ledger.owedTo(address(stone)), BOND);
    }

    function test_NobodyFetchesAnothersCoin() public {
        _dispute(id, ben);
        _decide(id, true, _panel(0, 3));
        vm.prank(ann);
        vm.expectRevert(Bonds.NothingOwed.selector);
        ledger.withdraw();
        (bool done,) = address(ledger).call(abi.encodePacked(Bonds.withdraw.selector, ben));
        assertFalse(done);
        (Relayed.Request memory request,) =
            _request(ben, 1, uint64(START), abi.encodeCall(ledger.withdraw, ()));
        bytes memory forged = _sign(ann, _requestHash(request));
        vm.expectRevert(Relayed.BadSignature.selector);
        ledger.relay(request, forged);
    }

    function test_TheLedgerTakesNoCoinButBonds() public {
        vm.deal(address(this), 1 ether);
        (bool done,) = address(ledger).call{value: 1}("");
        assertFalse(done);
        (done,) = address(ledger).call{value: 1}(abi.encodeCall(ledger.withdraw, ()));
        assertFalse(done);
    }

    /// @dev A record of a contract that disputes, decided for it.
    function _owedThief(bool swallows) private returns (Reenterer thief) {
        thief = new Reenterer(ledger, swallows);
        vm.deal(address(this), BOND);
        thief.act{value: BOND}(abi.encodeCall(ledger.dispute, (id, CID)));
        _decide(id, true, _panel(0, 3));
    }
}
