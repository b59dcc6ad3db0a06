// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ReentrancyGuard} from "@openzeppelin/contracts/utils/ReentrancyGuard.sol";
import {Bonds} from "../src/Bonds.sol";
import {Bounties} from "../src/Bounties.sol";
import {Relayed} from "../src/Relayed.sol";
import {Settlement} from "../src/Settlement.sol";
import {Reenterer} from "./mocks/Receivers.sol";
import {HookToken} from "./mocks/Tokens.sol";
import {TreasuryFixture} from "./TreasuryFixture.sol";
import {Tree} from "./Tree.sol";

/// @notice Who is paid calls back before the payment is over, by coin and by a token's hook.
contract AttackMoneyReentryTest is TreasuryFixture {
    Reenterer private _thief;
    HookToken private _hook;

    function setUp() public override {
        super.setUp();
        _thief = new Reenterer();
        _hook = new HookToken();
        _hook.mint(address(_thief), 1000);
        _hook.mint(sponsor, 1000);
        vm.prank(sponsor);
        _hook.approve(address(treasury), type(uint256).max);
        _act(address(_hook), 0, abi.encodeCall(IERC20.approve, (address(treasury), 1e9)));
        _fundCoin(100 ether); // others' coin, which is what a thief is after
        _fundToken(_hook, 500);
    }

    function test_ReenteringARedemptionOfCoinPaysOnce() public {
        Payment[] memory table = _one(1, address(_thief), 1 ether);
        _settle(table);
        _thief.arm(address(treasury), _redemption(table, 0));
        _redeem(table, 0);
        _assertFailed(Settlement.AlreadyRedeemed.selector);
        assertEq(address(_thief).balance, 1 ether, "once");
        assertEq(uint256(treasury.bountyOf(1).left), 99 ether, "the rest is there");
    }

    function test_ReenteringARedemptionOfTokensPaysOnce() public {
        Payment[] memory table = _one(2, address(_thief), 100);
        _settle(table);
        _thief.arm(address(treasury), _redemption(table, 0));
        _redeem(table, 0);
        _assertFailed(Settlement.AlreadyRedeemed.selector);
        assertEq(_hook.balanceOf(address(_thief)), 1100, "once");
    }

    function test_ReenteringWithAnotherLeafPaysWhatThatLeafSays() public {
        address who = address(_thief);
        Payment[] memory table = _two(Payment(1, who, 1 ether), Payment(1, who, 2 ether));
        _settle(table);
        _thief.arm(address(treasury), _redemption(table, 1));
        _redeem(table, 0);
        assertTrue(_thief.done(), "its own other leaf");
        assertEq(who.balance, 3 ether, "each once");
        assertEq(uint256(treasury.bountyOf(1).share), 0, "and no more");
    }

    function test_ReenteringThroughARelayedRequestPaysOnce() public {
        (address wal, uint256 key) = makeAddrAndKey("wal");
        Payment[] memory table = _one(1, address(_thief), 1 ether);
        _settle(table);
        Relayed.Request memory request = _request(wal, 1, _redemption(table, 0));
        bytes memory signature = _signRequest(key, request);
        _thief.arm(address(treasury), abi.encodeCall(Relayed.relay, (request, signature)));
        _redeem(table, 0);
        _assertFailed(Settlement.AlreadyRedeemed.selector);
        assertTrue(!treasury.isNonceUsed(wal, 1), "what fails spends no nonce");
    }

    function test_ReenteringARefundPaysOnce() public {
        uint256 id = _fundAsThief(2 ether, address(0));
        vm.warp(DEADLINE);
        _thief.arm(address(treasury), abi.encodeCall(Bounties.refund, (id)));
        treasury.refund(id);
        _assertFailed(Bounties.NotRefundable.selector);
        assertEq(address(_thief).balance, 2 ether, "once");
    }

    function test_ReenteringAGrantsReleasePaysOnce() public {
        uint256 id = _fundAsThief(2 ether, address(_thief));
        _thief.arm(address(treasury), abi.encodeCall(Bounties.releaseGrant, (id)));
        _act(address(treasury), 0, abi.encodeCall(Bounties.releaseGrant, (id)));
        _assertFailed(Bounties.NotReleasable.selector);
        assertEq(address(_thief).balance, 2 ether, "once");
    }

    function test_AGrantIsNotReleasedAndRefundedAtOnce() public {
        uint256 id = _fundAsThief(2 ether, address(_thief));
        vm.warp(DEADLINE);
        _thief.arm(address(treasury), abi.encodeCall(Bounties.refund, (id)));
        _act(address(treasury), 0, abi.encodeCall(Bounties.releaseGrant, (id)));
        _assertFailed(Bounties.NotRefundable.selector);
        assertEq(address(_thief).balance, 2 ether, "once");
    }

    function test_ReenteringAWithdrawalPaysOnce() public {
        _propose(_one(0, ann, 1));
        _dispute(address(_thief));
        _decide(true, _keys(0, 1));
        _thief.arm(address(treasury), abi.encodeCall(Bonds.withdraw, ()));
        _act(address(treasury), 0, abi.encodeCall(Bonds.withdraw, ()));
        _assertFailed(Bonds.NothingOwed.selector);
        assertEq(address(_thief).balance, BOND, "once");
    }

    function test_ReenteringFundIsRefused() public {
        bytes memory call_ = _funding(10);
        _thief.arm(address(treasury), call_);
        _act(address(treasury), 0, call_);
        _assertFailed(ReentrancyGuard.ReentrancyGuardReentrantCall.selector);
        assertEq(treasury.bountyCount(), 3, "one bounty more");
        assertEq(uint256(treasury.bountyOf(3).left), 10, "with what arrived");
    }

    function test_TokensGivenFromWithinFundAreNotCountedAsABounty() public {
        _thief.arm(address(_hook), abi.encodeCall(IERC20.transfer, (address(treasury), 5)));
        vm.expectRevert(Bounties.BadAmount.selector);
        _act(address(treasury), 0, _funding(10));
    }

    function test_ARefundFromWithinFundGainsNothing() public {
        _act(address(treasury), 0, _funding(100));
        bytes memory again = abi.encodeCall(
            Bounties.fund,
            (NAME, "", 0, address(_hook), 60, address(0), DEADLINE + 9, CID)
        );
        vm.warp(DEADLINE);
        _thief.arm(address(treasury), abi.encodeCall(Bounties.refund, (3)));
        vm.expectRevert(); // what arrived is less than nothing
        _act(address(treasury), 0, again);
        assertEq(_hook.balanceOf(address(treasury)), 600, "all as it was");
        assertEq(uint256(treasury.bountyOf(3).left), 100, "and as it is written");
    }

    function test_FundingFromWithinARedemptionCountsWhatArrives() public {
        Payment[] memory table = _one(2, address(_thief), 100);
        _settle(table);
        vm.prank(owner);
        ledger.seal(NAME, "next", CID);
        bytes memory call_ = abi.encodeCall(
            Bounties.fund,
            (NAME, "", 1, address(_hook), 40, address(0), DEADLINE + 9, CID)
        );
        _thief.arm(address(treasury), call_);
        _redeem(table, 0);
        assertTrue(_thief.done(), "that is nobody's harm");
        assertEq(_hook.balanceOf(address(treasury)), 440, "500 - 100 + 40");
        assertEq(uint256(treasury.bountyOf(3).left), 40, "what arrived");
        assertEq(uint256(treasury.bountyOf(2).left), 400, "what was paid is gone");
    }

    function _redemption(Payment[] memory table, uint256 i) private pure returns (bytes memory) {
        bytes32[] memory proof = Tree.proofOf(_leaves(table), i);
        Payment memory one = table[i];
        return abi.encodeCall(
            Settlement.redeem, (KEY, 0, i, one.bountyId, one.account, one.amount, proof)
        );
    }

    function _funding(uint96 amount) private view returns (bytes memory) {
        return abi.encodeCall(
            Bounties.fund, (NAME, "", 0, address(_hook), amount, address(0), DEADLINE, CID)
        );
    }

    function _fundAsThief(uint96 amount, address payee) private returns (uint256) {
        bytes memory call_ = abi.encodeCall(
            Bounties.fund, (NAME, "", 0, address(0), amount, payee, DEADLINE, CID)
        );
        vm.deal(address(_thief), amount);
        _act(address(treasury), amount, call_);
        return treasury.bountyCount();
    }

    function _act(address to, uint256 value, bytes memory data) private {
        _thief.act(to, value, data);
    }

    function _assertFailed(bytes4 reason) private view {
        assertEq(_thief.calls(), 1, "it tried");
        assertTrue(!_thief.done(), "and failed");
        assertEq(bytes32(bytes4(_thief.answer())), bytes32(reason), "for this reason");
    }
}
