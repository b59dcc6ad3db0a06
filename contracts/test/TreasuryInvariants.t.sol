// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Bounties} from "../src/Bounties.sol";
import {CooptTreasury} from "../src/CooptTreasury.sol";
import {Settlement} from "../src/Settlement.sol";
import {Base} from "./Base.sol";
import {TreasuryHandler} from "./handlers/TreasuryHandler.sol";

/// @notice What holds of the treasury's money whatever people do, in whatever order.
contract TreasuryInvariantsTest is Base {
    TreasuryHandler private _people;
    CooptTreasury private _treasury;
    IERC20 private _token;
    bytes32 private _key;
    uint256 private _pot;

    function setUp() public {
        _people = new TreasuryHandler();
        (address treasury, address token, bytes32 key, uint256 pot) = _people.parts();
        (_treasury, _token, _key, _pot) = (CooptTreasury(treasury), IERC20(token), key, pot);
        bytes4[] memory acts = new bytes4[](14);
        acts[0] = TreasuryHandler.pass.selector;
        acts[1] = TreasuryHandler.endEpoch.selector;
        acts[2] = TreasuryHandler.brake.selector;
        acts[3] = TreasuryHandler.fund.selector;
        acts[4] = TreasuryHandler.propose.selector;
        acts[5] = TreasuryHandler.dispute.selector;
        acts[6] = TreasuryHandler.decide.selector;
        acts[7] = TreasuryHandler.lapse.selector;
        acts[8] = TreasuryHandler.redeem.selector;
        acts[9] = TreasuryHandler.redeemForged.selector;
        acts[10] = TreasuryHandler.refund.selector;
        acts[11] = TreasuryHandler.release.selector;
        acts[12] = TreasuryHandler.withdraw.selector;
        acts[13] = TreasuryHandler.fund.selector; // twice as often
        targetContract(address(_people));
        targetSelector(FuzzSelector(address(_people), acts));
    }

    /// forge-config: default.invariant.fail-on-revert = true
    /// forge-config: full.invariant.fail-on-revert = true
    function invariant_MoneyIsWhereTheBooksSay() public view {
        _checkCoin(_checkBounties());
        _checkCredit();
    }

    /// @dev When all is over and even with the brake on, nothing stays but what a tree that
    /// said less than its total left out.
    function afterInvariant() public {
        _people.windDown();
        invariant_MoneyIsWhereTheBooksSay();
        uint256 stuck = 0;
        for (uint256 id = 1; id <= _treasury.bountyCount(); ++id) {
            Bounties.Bounty memory found = _treasury.bountyOf(id);
            bool isGreedy = _people.isGreedy(found.epoch);
            assertTrue(isGreedy || found.left == 0, "a bounty is trapped");
            if (found.asset == address(0)) stuck += found.left;
        }
        assertEq(address(_treasury).balance, stuck, "coin is trapped");
        for (uint256 epoch = 0; epoch < _people.EPOCHS(); ++epoch) {
            Settlement.Root memory root = _treasury.settlementOf(_key, epoch);
            bool isWhole = root.root != 0 && !_people.isGreedy(epoch);
            if (isWhole) assertEq(root.creditLeft, 0, "every leaf was redeemed: credit = total");
        }
    }

    /// @dev A handler that returns early everywhere would prove nothing.
    function test_TheHandlerDoesEverythingItIsThereFor() public {
        for (uint256 i = 0; i < 1500; ++i) {
            uint256 word = uint256(keccak256(abi.encode(i)));
            if (word % 3 == 0) _payIn(word >> 8);
            else if (word % 3 == 1) _settleOn(word >> 8);
            else _payOut(word >> 8);
        }
        string[9] memory deeds = [
            "pauses", "fundings", "proposals", "disputes", "verdicts",
            "lapses", "redemptions", "refunds", "grants"
        ];
        for (uint256 i = 0; i < deeds.length; ++i) {
            assertGt(_people.count(deeds[i]), 0, deeds[i]);
        }
        assertGt(_people.count("withdrawals"), 0, "withdrawals");
        afterInvariant();
    }

    function _payIn(uint256 word) private {
        uint256 kind = word % 4;
        if (kind == 0) _people.pass(word % 2 days);
        else if (kind == 1) _people.endEpoch();
        else if (kind == 2) _people.brake(word % 8 < 4);
        else _people.fund(word >> 8, word >> 16, uint96(word >> 24), word % 8 < 4, word >> 32);
    }

    function _settleOn(uint256 word) private {
        uint256 kind = word % 4;
        if (kind == 0) _people.propose(word >> 8, word >> 16, word >> 24, word % 8 < 4);
        else if (kind == 1) _people.dispute(word >> 8, word >> 16);
        else if (kind == 2) _people.decide(word >> 8, word % 8 < 4);
        else _people.lapse(word >> 8);
    }

    function _payOut(uint256 word) private {
        uint256 kind = word % 5;
        if (kind == 0) _people.redeem(word >> 8, word >> 16);
        else if (kind == 1) _people.redeemForged(word >> 8, word >> 16, uint96(word), address(9));
        else if (kind == 2) _people.refund(word >> 8);
        else if (kind == 3) _people.release(word >> 8);
        else _people.withdraw(word >> 8);
    }

    /// @return due Coin that bounties hold.
    function _checkBounties() private view returns (uint256 due) {
        uint256 held = 0;
        for (uint256 id = 1; id <= _treasury.bountyCount(); ++id) {
            Bounties.Bounty memory found = _treasury.bountyOf(id);
            TreasuryHandler.Book memory book = _people.bookOf(id);
            uint256 gone = book.paid + book.returned;
            assertEq(book.funded, gone + found.left, "paid + returned + left = escrow");
            Settlement.Root memory root = _treasury.settlementOf(_key, found.epoch);
            bool isPromised = root.root != 0 && found.round == root.round;
            if (isPromised) {
                assertGe(found.left, found.share, "what is set aside is there");
                assertEq(found.share, book.promised - book.paid, "promised - paid = set aside");
            }
            if (found.asset != address(0)) held += found.left;
            else due += found.left;
        }
        assertEq(_token.balanceOf(address(_treasury)), held, "tokens = sum of bounties");
    }

    function _checkCoin(uint256 due) private view {
        uint256 bonds = 0;
        for (uint256 epoch = 0; epoch < _people.EPOCHS(); ++epoch) {
            bonds += _treasury.settlementOf(_key, epoch).bondWei;
        }
        address[6] memory people = _people.people();
        for (uint256 i = 0; i < 6; ++i) {
            bonds += _treasury.owedTo(people[i]);
        }
        assertEq(bonds + _people.withdrawn(), _people.bondsPaid(), "bonds: paid = back + held");
        assertEq(address(_treasury).balance, due + bonds, "coin = bounties + owed + bonds");
    }

    function _checkCredit() private view {
        uint256 minted = 0;
        for (uint256 epoch = 0; epoch < _people.EPOCHS(); ++epoch) {
            Settlement.Root memory root = _treasury.settlementOf(_key, epoch);
            assertLe(root.credit, _pot, "no more than the pot");
            assertLe(root.creditLeft, root.credit, "no more than was stated");
            uint256 out = _people.minted(epoch);
            if (out != 0 || root.root != 0) {
                assertEq(out, root.credit - root.creditLeft, "what left is what was minted");
            }
            minted += out;
        }
        address[6] memory people = _people.people();
        uint256 credit = 0;
        for (uint256 i = 0; i < 6; ++i) {
            credit += _treasury.creditOf(_key, people[i]);
        }
        assertEq(credit, minted, "all credit is of settled totals");
    }
}
