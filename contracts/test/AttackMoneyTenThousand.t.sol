// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bounties} from "../src/Bounties.sol";
import {Settlement} from "../src/Settlement.sol";
import {TreasuryFixture} from "./TreasuryFixture.sol";
import {Tree} from "./Tree.sol";

/// @notice A settlement of ten thousand payments: what one of them costs, and that it is one of many.
contract AttackMoneyTenThousandTest is TreasuryFixture {
    uint256 private constant LEAVES = 10_000;
    // Gas of a receipt, in steady state; a bare distributor of tokens needs 78,000 to 92,000.
    uint256 private constant CREDIT_LIMIT = 60_000;
    uint256 private constant COIN_LIMIT = 78_000;

    uint256 private _bounty;
    mapping(uint256 index => bytes32[]) private _proofs;

    /// @dev Even leaves are of a bounty, odd ones credit. Some are fetched here, so that those
    /// measured meet used slots, and not those of an account's first payment.
    function setUp() public override {
        super.setUp();
        _bounty = _fundCoin(uint96(LEAVES / 2));
        bytes32[] memory leaves = new bytes32[](LEAVES);
        for (uint256 i = 0; i < LEAVES; ++i) {
            leaves[i] = _leaf(i, _payment(i));
        }
        bytes32 root = Tree.rootOf(leaves);
        Settlement.Share[] memory shares = _share(_bounty, uint96(LEAVES / 2));
        vm.prank(owner);
        treasury.proposeSettlement(NAME, 0, root, CID, uint96(LEAVES / 2), shares);
        vm.warp(START + DISPUTE_S);
        uint256[8] memory some = [uint256(0), 1, 2, 3, 4998, 4999, 9998, 9999];
        for (uint256 i = 0; i < some.length; ++i) {
            _proofs[some[i]] = Tree.proofOf(leaves, some[i]);
        }
        _pay(0);
        _pay(1);
    }

    function test_RedeemingCreditFromTenThousandLeavesCostsAtMostSixtyThousandGas() public {
        assertLe(_receiptOf(3), CREDIT_LIMIT, "an account's second payment of credit");
    }

    function test_RedeemingCoinCostsWhatASendAndItsBooksCostMore() public {
        assertLe(_receiptOf(2), COIN_LIMIT, "an account's second payment of coin");
    }

    function test_EveryCornerOfALargeTreePaysOnce() public {
        uint256[4] memory corners = [uint256(4998), 4999, 9998, 9999];
        for (uint256 i = 0; i < 4; ++i) {
            _pay(corners[i]);
            bytes32[] memory proof = _proofs[corners[i]];
            Payment memory one = _payment(corners[i]);
            vm.expectRevert(Settlement.AlreadyRedeemed.selector);
            treasury.redeem(KEY, 0, corners[i], one.bountyId, one.account, one.amount, proof);
        }
        assertEq(ann.balance, 3, "each once");
        assertEq(treasury.creditOf(KEY, ann), 3, "each once");
        Bounties.Bounty memory found = treasury.bountyOf(_bounty);
        assertEq(uint256(found.share), LEAVES / 2 - 3, "the others' is there");
    }

    function _payment(uint256 i) private view returns (Payment memory) {
        return Payment(i % 2 == 0 ? _bounty : 0, ann, 1);
    }

    function _pay(uint256 i) private {
        Payment memory one = _payment(i);
        treasury.redeem(KEY, 0, i, one.bountyId, one.account, one.amount, _proofs[i]);
    }

    /// @dev What the transaction would cost: its base, its bytes, and what it does, in a test whose
    /// slots are cold again. The call's own price, which a transaction has not, is left in.
    function _receiptOf(uint256 i) private returns (uint256 cost) {
        Payment memory one = _payment(i);
        bytes memory data = abi.encodeCall(
            Settlement.redeem, (KEY, 0, i, one.bountyId, one.account, one.amount, _proofs[i])
        );
        cost = 21_000;
        for (uint256 k = 0; k < data.length; ++k) {
            cost += data[k] == 0 ? 4 : 16;
        }
        uint256 before = gasleft();
        (bool done,) = address(treasury).call(data);
        cost += before - gasleft();
        assertTrue(done, "it is paid");
    }
}
