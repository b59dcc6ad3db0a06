// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bonds} from "../src/Bonds.sol";
import {Bounties} from "../src/Bounties.sol";
import {Forcer, GasBurner, Refuser, ReturnBomb} from "./mocks/Receivers.sol";
import {TreasuryFixture} from "./TreasuryFixture.sol";

/// @notice Accounts that cannot be paid, or pay unasked, stop nobody else.
contract AttackMoneyReceiversTest is TreasuryFixture {
    uint256 private _bounty;

    function setUp() public override {
        super.setUp();
        _bounty = _fundCoin(10 ether);
    }

    function test_AnAccountThatRefusesItsCoinStopsNobodyElse() public {
        Refuser refuser = new Refuser();
        Payment[] memory table = _pair(address(refuser));
        _settle(table);
        vm.expectRevert(Bonds.PaymentFailed.selector);
        _redeem(table, 0);
        _redeem(table, 1);
        assertEq(ann.balance, 2 ether, "ann is paid");
        treasury.refund(_bounty);
        assertEq(uint256(treasury.bountyOf(_bounty).left), 1 ether, "its coin waits for it");
        refuser.setOpen(true);
        _redeem(table, 0);
        assertEq(address(refuser).balance, 1 ether, "paid when it wants");
    }

    function test_AnAccountThatBurnsGasBurnsItsCallersOnly() public {
        Payment[] memory table = _pair(address(new GasBurner()));
        _settle(table);
        bytes32[] memory proof = new bytes32[](1);
        proof[0] = _leaf(1, table[1]);
        vm.expectRevert(Bonds.PaymentFailed.selector);
        treasury.redeem{gas: 1_000_000}(KEY, 0, 0, _bounty, table[0].account, 1 ether, proof);
        _redeem(table, 1);
        assertEq(ann.balance, 2 ether, "ann is paid");
    }

    function test_AnAnswerOfAMegabyteHarmsNobody() public {
        Payment[] memory table = _pair(address(new ReturnBomb()));
        _settle(table);
        _redeem(table, 0);
        _redeem(table, 1);
        assertEq(ann.balance, 2 ether, "ann is paid");
    }

    function test_APartyThatCannotBePaidDoesNotStopAVerdict() public {
        Refuser refuser = new Refuser();
        _propose(_one(0, ann, 1));
        _dispute(address(refuser));
        _decide(true, _keys(0, 1));
        assertEq(treasury.owedTo(address(refuser)), BOND, "owed, not pushed");
        vm.prank(address(refuser));
        vm.expectRevert(Bonds.PaymentFailed.selector);
        treasury.withdraw();
        assertEq(treasury.owedTo(address(refuser)), BOND, "still owed");
        refuser.setOpen(true);
        vm.prank(address(refuser));
        treasury.withdraw();
        assertEq(address(refuser).balance, BOND, "fetched");
    }

    function test_ASponsorOrPayeeThatRefusesHasItselfToBlame() public {
        Refuser refuser = new Refuser();
        vm.deal(address(refuser), 1 ether);
        vm.prank(address(refuser));
        uint256 mine = treasury.fund{value: 1 ether}(
            NAME, "", 0, address(0), 1 ether, address(0), DEADLINE, CID
        );
        uint256 grant = _fundGrant(1 ether, address(refuser));
        vm.prank(sponsor);
        vm.expectRevert(Bonds.PaymentFailed.selector);
        treasury.releaseGrant(grant);
        vm.warp(DEADLINE);
        vm.expectRevert(Bonds.PaymentFailed.selector);
        treasury.refund(mine);
        treasury.refund(grant);
        treasury.refund(_bounty);
        assertEq(address(treasury).balance, 1 ether, "only its own is left");
    }

    function test_CoinSentByForceIsNobodysAndChangesNothing() public {
        new Forcer{value: 7 ether}(address(treasury));
        assertEq(address(treasury).balance, 17 ether, "it came");
        Payment[] memory table = _pair(bob);
        _settle(table);
        _redeem(table, 0);
        _redeem(table, 1);
        treasury.refund(_bounty);
        vm.expectRevert(Bounties.NotRefundable.selector);
        treasury.refund(_bounty);
        assertEq(address(treasury).balance, 7 ether, "it stays");
    }

    function test_CoinSentByMistakeIsNotTaken() public {
        vm.prank(sponsor);
        (bool done,) = address(treasury).call{value: 1 ether}("");
        assertTrue(!done, "nobody would be owed it");
        (done,) = address(notes).call{value: 1 ether}("");
        assertTrue(!done, "nor by the notes");
    }

    function test_ALeafOfTheTreasuryItselfCannotBePaidInCoin() public {
        Payment[] memory table = _pair(address(treasury));
        _settle(table);
        vm.expectRevert(Bonds.PaymentFailed.selector);
        _redeem(table, 0);
    }

    function _pair(address odd) private view returns (Payment[] memory) {
        return _two(Payment(_bounty, odd, 1 ether), Payment(_bounty, ann, 2 ether));
    }
}
