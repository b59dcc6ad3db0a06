// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bonds} from "../src/Bonds.sol";
import {Bounties} from "../src/Bounties.sol";
import {Text} from "../src/Text.sol";
import {TreasuryFixture} from "./TreasuryFixture.sol";

/// @notice Money comes in, goes back, or goes to whom a grant was promised.
contract TreasuryBountiesTest is TreasuryFixture {
    function test_FundingCoinIsKeptToTheLastWei() public {
        vm.expectEmit(address(treasury));
        emit Bounties.Funded(
            KEY, sponsor, 1, START, NAME, "", 0, address(0), 5 ether, address(0), DEADLINE, CID
        );
        uint256 id = _fundCoin(5 ether);
        Bounties.Bounty memory found = treasury.bountyOf(id);
        assertEq(id, 1, "first bounty");
        assertEq(treasury.bountyCount(), 1, "one bounty");
        assertEq(found.challengeKey, KEY, "challenge");
        assertEq(found.sponsor, sponsor, "sponsor");
        assertEq(found.asset, address(0), "coin");
        assertEq(uint256(found.left), 5 ether, "left");
        assertEq(uint256(found.share), 0, "nothing set aside");
        assertEq(uint256(found.deadline), DEADLINE, "deadline");
        assertEq(address(treasury).balance, 5 ether, "held");
    }

    function test_FundingTokensForAStepSaysWhichStep() public {
        vm.expectEmit(address(treasury));
        emit Bounties.Funded(
            KEY, sponsor, 1, START, NAME, "tide", 7, address(token), 9, ann, DEADLINE, CID
        );
        vm.prank(sponsor);
        treasury.fund(NAME, "tide", 7, address(token), 9, ann, DEADLINE, CID);
        assertEq(token.balanceOf(address(treasury)), 9, "held");
        assertEq(treasury.bountyOf(1).payee, ann, "payee");
        assertEq(uint256(treasury.bountyOf(1).epoch), 7, "epoch");
    }

    function testFuzz_EveryAmountOfCoinComesBackWhole(uint96 amount) public {
        amount = uint96(bound(amount, 1, type(uint96).max));
        vm.deal(sponsor, amount);
        uint256 id = _fundCoin(amount);
        vm.warp(DEADLINE);
        vm.expectEmit(address(treasury));
        emit Bounties.Refunded(KEY, stranger, id, DEADLINE, sponsor, amount);
        vm.prank(stranger);
        treasury.refund(id);
        assertEq(sponsor.balance, amount, "all of it");
        assertEq(uint256(treasury.bountyOf(id).left), 0, "nothing left");
    }

    function testFuzz_EveryAmountOfTokensComesBackWhole(uint96 amount) public {
        amount = uint96(bound(amount, 1, type(uint96).max));
        uint256 before = token.balanceOf(sponsor);
        uint256 id = _fundToken(token, amount);
        vm.warp(DEADLINE);
        treasury.refund(id);
        assertEq(token.balanceOf(sponsor), before, "all of it");
        assertEq(token.balanceOf(address(treasury)), 0, "nothing kept");
    }

    function test_NothingIsRefundedTwice() public {
        uint256 id = _fundCoin(5 ether);
        _fundCoin(5 ether);
        vm.warp(DEADLINE);
        treasury.refund(id);
        vm.expectRevert(Bounties.NotRefundable.selector);
        treasury.refund(id);
    }

    function test_NothingIsRefundedOneSecondTooEarly() public {
        uint256 id = _fundCoin(5 ether);
        vm.warp(DEADLINE - 1);
        vm.expectRevert(Bounties.NotRefundable.selector);
        treasury.refund(id);
        vm.warp(DEADLINE);
        treasury.refund(id);
    }

    function test_TheSponsorReleasesAGrantToItsPayeeOnce() public {
        uint256 id = _fundGrant(3 ether, ann);
        vm.expectEmit(address(treasury));
        emit Bounties.GrantReleased(KEY, sponsor, id, START, ann, 3 ether);
        vm.prank(sponsor);
        treasury.releaseGrant(id);
        assertEq(ann.balance, 3 ether, "paid");
        vm.prank(sponsor);
        vm.expectRevert(Bounties.NotReleasable.selector);
        treasury.releaseGrant(id);
        vm.warp(DEADLINE);
        vm.expectRevert(Bounties.NotRefundable.selector);
        treasury.refund(id);
    }

    function test_AGrantMayBeReleasedAfterItsDeadlineButNotAfterARefund() public {
        uint256 id = _fundGrant(3 ether, ann);
        uint256 gone = _fundGrant(4 ether, ann);
        vm.warp(DEADLINE + 1);
        vm.prank(sponsor);
        treasury.releaseGrant(id);
        assertEq(ann.balance, 3 ether, "late, and paid");
        treasury.refund(gone);
        vm.prank(sponsor);
        vm.expectRevert(Bounties.NotReleasable.selector);
        treasury.releaseGrant(gone);
    }

    function test_NobodyButTheSponsorReleasesAGrant() public {
        uint256 id = _fundGrant(3 ether, ann);
        vm.prank(ann);
        vm.expectRevert(Bounties.NotSponsor.selector);
        treasury.releaseGrant(id);
    }

    function test_ABountyForAllCannotBeReleasedToOne() public {
        uint256 id = _fundCoin(3 ether);
        vm.prank(sponsor);
        vm.expectRevert(Bounties.NotReleasable.selector);
        treasury.releaseGrant(id);
    }

    function test_AGrantIsNoneOfASettlementsBusiness() public {
        uint256 id = _fundGrant(3 ether, ann);
        vm.prank(owner);
        vm.expectRevert(Bounties.UnknownBounty.selector);
        treasury.proposeSettlement(NAME, 0, "root", CID, 0, _share(id, 1));
        _settle(_one(0, ann, 1));
        assertEq(_fundGrant(1 ether, bob), id + 1, "grants can be funded after a settlement");
    }

    function test_UnknownBountiesAreNobodys() public {
        vm.expectRevert(Bounties.UnknownBounty.selector);
        treasury.bountyOf(1);
        vm.expectRevert(Bounties.UnknownBounty.selector);
        treasury.refund(0);
        vm.expectRevert(Bounties.UnknownBounty.selector);
        treasury.releaseGrant(1);
    }

    function test_OnlyKnownChallengesAreFunded() public {
        vm.prank(sponsor);
        vm.expectRevert(Bounties.UnknownChallenge.selector);
        treasury.fund{value: 1}("nobodys", "", 0, address(0), 1, address(0), DEADLINE, CID);
    }

    function test_TextsOfABountyAreChecked() public {
        vm.startPrank(sponsor);
        vm.expectRevert(Text.BadName.selector);
        treasury.fund{value: 1}(NAME, "No Name", 0, address(0), 1, address(0), DEADLINE, CID);
        vm.expectRevert(Text.BadCid.selector);
        treasury.fund{value: 1}(NAME, "", 0, address(0), 1, address(0), DEADLINE, "");
        vm.stopPrank();
    }

    function test_ADeadlineLiesAheadAndFits() public {
        _expectBadDeadline(_now() - 1);
        _expectBadDeadline(_now());
        _expectBadDeadline(uint64(type(uint40).max) + 1);
        vm.startPrank(sponsor);
        uint64 next = _now() + 1;
        treasury.fund{value: 1}(NAME, "", 0, address(0), 1, address(0), next, CID);
        uint64 last = type(uint40).max;
        treasury.fund{value: 1}(NAME, "", 0, address(0), 1, address(0), last, CID);
        assertEq(uint256(treasury.bountyOf(2).deadline), last, "the last second there is");
        vm.stopPrank();
    }

    function test_TheValueSentIsTheAmountSaid() public {
        vm.startPrank(sponsor);
        vm.expectRevert(Bonds.WrongValue.selector);
        treasury.fund{value: 1}(NAME, "", 0, address(0), 2, address(0), DEADLINE, CID);
        vm.expectRevert(Bonds.WrongValue.selector);
        treasury.fund{value: 2}(NAME, "", 0, address(0), 1, address(0), DEADLINE, CID);
        vm.expectRevert(Bonds.WrongValue.selector);
        treasury.fund(NAME, "", 0, address(0), 0, address(0), DEADLINE, CID);
        vm.stopPrank();
    }

    function test_TokensComeWithoutCoinAndNotByZero() public {
        vm.startPrank(sponsor);
        vm.expectRevert(Bounties.BadAmount.selector);
        treasury.fund{value: 1}(NAME, "", 0, address(token), 1, address(0), DEADLINE, CID);
        vm.expectRevert(Bounties.BadAmount.selector);
        treasury.fund(NAME, "", 0, address(token), 0, address(0), DEADLINE, CID);
        vm.stopPrank();
    }

    function test_AnAssetIsAContractAndNotTheTreasury() public {
        vm.startPrank(sponsor);
        vm.expectRevert(Bounties.BadAsset.selector);
        treasury.fund(NAME, "", 0, stranger, 1, address(0), DEADLINE, CID);
        vm.expectRevert(Bounties.BadAsset.selector);
        treasury.fund(NAME, "", 0, address(treasury), 1, address(0), DEADLINE, CID);
        vm.stopPrank();
    }

    function test_TheTreasuryIsNobodysPayee() public {
        vm.prank(sponsor);
        vm.expectRevert(Bounties.BadPayee.selector);
        treasury.fund{value: 1}(NAME, "", 0, address(0), 1, address(treasury), DEADLINE, CID);
    }

    function test_AnEpochThatIsSettledTakesNoMoreMoney() public {
        _propose(_one(0, ann, 1));
        vm.prank(sponsor);
        vm.expectRevert(Bounties.AlreadySettled.selector);
        treasury.fund{value: 1}(NAME, "", 0, address(0), 1, address(0), DEADLINE, CID);
    }

    function test_APauseStopsFundingAndNothingThatPaysBack() public {
        uint256 id = _fundCoin(5 ether);
        uint256 grant = _fundGrant(3 ether, ann);
        vm.warp(DEADLINE);
        guard.pause();
        vm.prank(sponsor);
        vm.expectRevert(Bounties.Paused.selector);
        treasury.fund{value: 1}(NAME, "", 0, address(0), 1, address(0), DEADLINE + 1, CID);
        treasury.refund(id);
        vm.prank(sponsor);
        treasury.releaseGrant(grant);
        assertEq(address(treasury).balance, 0, "all of it left while paused");
    }

    function _expectBadDeadline(uint64 deadline) private {
        vm.prank(sponsor);
        vm.expectRevert(Bounties.BadDeadline.selector);
        treasury.fund{value: 1}(NAME, "", 0, address(0), 1, address(0), deadline, CID);
    }
}
