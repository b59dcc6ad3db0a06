// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Bounties} from "../src/Bounties.sol";
import {Settlement} from "../src/Settlement.sol";
import {
    BlacklistToken,
    FalseToken,
    FeeToken,
    GenerousToken,
    RebasingToken,
    SilentToken,
    SwallowingToken
} from "./mocks/Tokens.sol";
import {TreasuryFixture} from "./TreasuryFixture.sol";

/// @notice Tokens that are not what the standard has, each beside an honest one.
contract AttackMoneyTokensTest is TreasuryFixture {
    uint256 private _honest;

    function setUp() public override {
        super.setUp();
        _honest = _fundToken(token, 100);
    }

    function test_ATokenThatKeepsAFeeShortensOnlyItsOwnBounty() public {
        FeeToken fee = new FeeToken();
        fee.mint(sponsor, 1000);
        _approve(address(fee));
        uint256 first = _fundToken(fee, 100);
        uint256 second = _fundToken(fee, 1);
        assertEq(uint256(treasury.bountyOf(first).left), 90, "what arrived");
        vm.prank(owner);
        vm.expectRevert(Settlement.BadTotal.selector);
        treasury.proposeSettlement(NAME, 0, "root", CID, 0, _share(first, 91));
        Payment[] memory table = _one(first, ann, 90);
        _settle(table);
        _redeem(table, 0);
        assertEq(fee.balanceOf(ann), 81, "the fee is taken from whom the token pays");
        assertEq(fee.balanceOf(address(treasury)), 1, "the other bounty is whole");
        vm.warp(DEADLINE);
        treasury.refund(second);
        _assertHonestIsWhole();
    }

    function test_ATokenThatNeverArrivesIsNoBounty() public {
        SwallowingToken bad = new SwallowingToken();
        bad.mint(sponsor, 1000);
        _approve(address(bad));
        vm.expectRevert(Bounties.BadAmount.selector);
        _fundToken(IERC20(address(bad)), 100);
    }

    function test_ATokenThatGivesMoreThanWasSaidIsRefused() public {
        GenerousToken bad = new GenerousToken();
        bad.mint(sponsor, 1000);
        _approve(address(bad));
        vm.expectRevert(Bounties.BadAmount.selector);
        _fundToken(IERC20(address(bad)), 100);
    }

    function test_ATokenThatReturnsNothingIsPaidAndRefunded() public {
        SilentToken silent = new SilentToken();
        silent.mint(sponsor, 1000);
        vm.prank(sponsor);
        silent.approve(address(treasury), 1000);
        uint256 id = _fundToken(IERC20(address(silent)), 100);
        Payment[] memory table = _one(id, ann, 60);
        _settle(table);
        _redeem(table, 0);
        treasury.refund(id);
        assertEq(silent.balanceOf(ann), 60, "paid");
        assertEq(silent.balanceOf(sponsor), 940, "refunded");
    }

    function test_ATokenThatSaysFalseIsNotTakenForPaid() public {
        FalseToken bad = new FalseToken();
        bad.mint(sponsor, 1000);
        _approve(address(bad));
        bad.setRefusing(true);
        bytes memory reason =
            abi.encodeWithSelector(SafeERC20.SafeERC20FailedOperation.selector, address(bad));
        vm.expectRevert(reason);
        _fundToken(IERC20(address(bad)), 100);
        bad.setRefusing(false);
        uint256 id = _fundToken(IERC20(address(bad)), 100);
        Payment[] memory table = _one(id, ann, 60);
        _settle(table);
        bad.setRefusing(true);
        vm.expectRevert(reason);
        _redeem(table, 0);
        vm.expectRevert(reason);
        treasury.refund(id);
        bad.setRefusing(false);
        _redeem(table, 0);
        treasury.refund(id);
        assertEq(bad.balanceOf(ann), 60, "the leaf was not spent in vain");
        _assertHonestIsWhole();
    }

    function test_AnAccountThatATokenRefusesStopsNobodyElse() public {
        BlacklistToken black = new BlacklistToken();
        black.mint(sponsor, 1000);
        _approve(address(black));
        uint256 id = _fundToken(IERC20(address(black)), 100);
        Payment[] memory table = _two(Payment(id, ann, 60), Payment(id, bob, 40));
        _settle(table);
        black.setListed(ann, true);
        vm.expectRevert(BlacklistToken.Blacklisted.selector);
        _redeem(table, 0);
        _redeem(table, 1);
        assertEq(black.balanceOf(bob), 40, "bob is paid");
        black.setListed(ann, false);
        _redeem(table, 0);
        assertEq(black.balanceOf(ann), 60, "ann, when the token lets her");
    }

    function test_ABlacklistedSponsorGetsItsRefundLater() public {
        BlacklistToken black = new BlacklistToken();
        black.mint(sponsor, 100);
        _approve(address(black));
        uint256 id = _fundToken(IERC20(address(black)), 100);
        vm.warp(DEADLINE);
        black.setListed(sponsor, true);
        vm.expectRevert(BlacklistToken.Blacklisted.selector);
        treasury.refund(id);
        assertEq(uint256(treasury.bountyOf(id).left), 100, "it is still written");
        black.setListed(sponsor, false);
        treasury.refund(id);
        assertEq(black.balanceOf(sponsor), 100, "whole");
    }

    function test_ATokenThatShrinksIsItsSponsorsRiskAndNobodyElses() public {
        RebasingToken bad = new RebasingToken();
        bad.mint(sponsor, 1000);
        _approve(address(bad));
        uint256 id = _fundToken(IERC20(address(bad)), 100);
        Payment[] memory table = _two(Payment(id, ann, 50), Payment(id, bob, 50));
        _settle(table);
        bad.rebase(address(treasury), 70);
        _redeem(table, 0);
        vm.expectRevert(
            abi.encodeWithSelector(
                IERC20Errors.ERC20InsufficientBalance.selector, address(treasury), 20, 50
            )
        );
        _redeem(table, 1);
        bad.rebase(address(treasury), 250);
        _redeem(table, 1);
        assertEq(bad.balanceOf(address(treasury)), 0, "grown back, paid");
        _assertHonestIsWhole();
    }

    function test_ATokenThatGrowsPaysNobodyMoreThanWasSaid() public {
        RebasingToken bad = new RebasingToken();
        bad.mint(sponsor, 1000);
        _approve(address(bad));
        uint256 id = _fundToken(IERC20(address(bad)), 100);
        bad.rebase(address(treasury), 300);
        vm.prank(owner);
        vm.expectRevert(Settlement.BadTotal.selector);
        treasury.proposeSettlement(NAME, 0, "root", CID, 0, _share(id, 101));
        vm.warp(DEADLINE);
        treasury.refund(id);
        assertEq(bad.balanceOf(sponsor), 1000, "what was put up");
    }

    function test_TokensThatAreNotThereAreNotPromised() public {
        bytes memory reason = abi.encodeWithSelector(
            IERC20Errors.ERC20InsufficientAllowance.selector, address(treasury), 0, 5
        );
        vm.prank(stranger);
        vm.expectRevert(reason);
        treasury.fund(NAME, "", 0, address(token), 5, address(0), DEADLINE, CID);
    }

    function test_AContractThatIsNoTokenIsNoAsset() public {
        vm.prank(sponsor);
        vm.expectRevert();
        treasury.fund(NAME, "", 0, address(guard), 5, address(0), DEADLINE, CID);
        assertEq(treasury.bountyCount(), 1, "no bounty");
    }

    function _approve(address asset) private {
        vm.prank(sponsor);
        IERC20(asset).approve(address(treasury), type(uint256).max);
    }

    function _assertHonestIsWhole() private {
        vm.warp(DEADLINE);
        uint256 before = token.balanceOf(sponsor);
        treasury.refund(_honest);
        assertEq(token.balanceOf(sponsor), before + 100, "the honest token is untouched");
    }
}
