// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bounties} from "../../src/Bounties.sol";
import {Settlement} from "../../src/Settlement.sol";
import {TreasuryFixture} from "../TreasuryFixture.sol";
import {Tree} from "../Tree.sol";

/// @notice Does at random what people do with a treasury, and keeps books of its own.
/// @dev Every call is made when these books say that it must succeed, or else must fail: a revert
/// that gets out of here is a finding.
contract TreasuryHandler is TreasuryFixture {
    struct Book {
        uint256 funded;
        uint256 paid;
        uint256 returned;
        uint256 promised; // paid, and what the last settlement set aside
    }

    uint256 public constant EPOCHS = 8;

    uint256 public sealed_ = 1; // epochs that are over
    mapping(uint256 epoch => Payment[]) internal _tables;
    mapping(uint256 epoch => mapping(uint256 index => bool)) public isRedeemed;
    mapping(uint256 epoch => uint256) public minted;
    mapping(uint256 epoch => bool) public isGreedy; // its tree says more than its total
    mapping(uint256 bountyId => Book) internal _books;
    mapping(string what => uint256) public count; // so that a test can see it does things
    uint256 public withdrawn;
    uint256 public bondsPaid;

    constructor() {
        setUp();
        token.mint(address(this), 1e30);
        token.approve(address(treasury), type(uint256).max);
    }

    receive() external payable {}

    function people() public view returns (address[6] memory) {
        return [sponsor, ann, bob, stranger, owner, _evaluator(1)];
    }

    function bookOf(uint256 bountyId) external view returns (Book memory) {
        return _books[bountyId];
    }

    function parts() external view returns (address, address, bytes32, uint256) {
        return (address(treasury), address(token), KEY, POT);
    }

    function pass(uint256 durationS) external {
        vm.warp(_now() + bound(durationS, 1, 2 days));
    }

    function endEpoch() external {
        if (sealed_ == EPOCHS) return;
        _endEpoch(NAME);
        ++sealed_;
    }

    function brake(bool on) external {
        if (!on) return guard.unpause();
        try guard.pause() {
            ++count["pauses"];
        } catch {}
    }

    function fund(uint256 who, uint256 epoch, uint96 amount, bool inToken, uint256 kind) external {
        epoch = bound(epoch, 0, EPOCHS);
        amount = uint96(bound(amount, 1, 1e24));
        address payee = kind % 4 == 0 ? people()[kind % 6] : address(0);
        uint64 deadline = _now() + uint64(bound(kind, 1, 20 days));
        bool isClosed = payee == address(0) && treasury.settlementOf(KEY, epoch).root != 0;
        if (guard.isPaused() || isClosed) return;
        address from = people()[who % 6];
        address asset = inToken ? address(token) : address(0);
        if (inToken) {
            token.mint(from, amount);
            vm.prank(from);
            token.approve(address(treasury), amount);
        } else {
            vm.deal(from, from.balance + amount);
        }
        vm.prank(from);
        uint256 id = treasury.fund{value: inToken ? 0 : amount}(
            NAME, "", uint16(epoch), asset, amount, payee, deadline, CID
        );
        _books[id].funded = amount;
        ++count["fundings"];
    }

    function propose(uint256 epoch, uint256 seed, uint256 leaves, bool greedy) external {
        epoch = bound(epoch, 0, sealed_ - 1);
        if (guard.isPaused() || treasury.settlementOf(KEY, epoch).root != 0) return;
        delete _tables[epoch];
        leaves = bound(leaves, 1, 8);
        uint256[] memory ids = _payers(epoch);
        uint256[] memory totals = new uint256[](ids.length + 1);
        for (uint256 i = 0; i < leaves; ++i) {
            _addLeaf(epoch, uint256(keccak256(abi.encode(seed, i))), ids, totals);
            isRedeemed[epoch][i] = false;
        }
        isGreedy[epoch] = greedy;
        _proposeTable(epoch, seed, ids, totals);
        ++count["proposals"];
    }

    function dispute(uint256 epoch, uint256 who) external {
        epoch = _firstFrom(epoch, _isDisputable);
        if (epoch == EPOCHS) return;
        address from = people()[who % 6];
        vm.deal(from, from.balance + BOND);
        vm.prank(from);
        treasury.disputeSettlement{value: BOND}(KEY, epoch, CID);
        bondsPaid += BOND;
        ++count["disputes"];
    }

    function decide(uint256 epoch, bool upheld) external {
        epoch = _firstFrom(epoch, _isVotedOn);
        if (epoch == EPOCHS) return;
        treasury.decideSettlement(KEY, epoch, upheld, CID, _votes(upheld, epoch, _keys(0, 2)));
        ++count["verdicts"];
    }

    function lapse(uint256 epoch) external {
        epoch = _firstFrom(epoch, _isLapsed);
        if (epoch == EPOCHS) return;
        treasury.lapseSettlement(KEY, epoch);
        ++count["lapses"];
    }

    function redeem(uint256 epoch, uint256 index) public {
        epoch = bound(epoch, 0, EPOCHS - 1);
        uint256 leaves = _tables[epoch].length;
        if (leaves == 0) return;
        index = index % leaves;
        Payment memory one = _tables[epoch][index];
        bool mustPay = isFinal(epoch) && !isRedeemed[epoch][index] && _fits(epoch, one);
        if (!_tryRedeem(epoch, index, one)) {
            assertTrue(!mustPay, "a leaf that was promised was not paid");
            return;
        }
        assertTrue(mustPay, "a leaf was paid that must not be");
        isRedeemed[epoch][index] = true;
        if (one.bountyId == 0) minted[epoch] += one.amount;
        else _books[one.bountyId].paid += one.amount;
        ++count["redemptions"];
    }

    function redeemForged(uint256 epoch, uint256 index, uint96 amount, address account) external {
        epoch = bound(epoch, 0, EPOCHS - 1);
        uint256 leaves = _tables[epoch].length;
        if (leaves == 0) return;
        index = index % leaves;
        Payment memory one = _tables[epoch][index];
        if (one.amount == amount && one.account == account) return;
        (one.amount, one.account) = (amount, account);
        assertTrue(!_tryRedeem(epoch, index, one), "a forged leaf was paid");
    }

    function refund(uint256 id) public {
        uint256 n = treasury.bountyCount();
        if (n == 0) return;
        id = bound(id, 1, n);
        uint256 free = freeOf(id);
        uint256 left = treasury.bountyOf(id).left;
        try treasury.refund(id) {
            assertTrue(free > 0, "a refund of what was not free");
            assertEq(left - treasury.bountyOf(id).left, free, "refunded what was free");
            _books[id].returned += free;
            ++count["refunds"];
        } catch {
            assertEq(free, 0, "what was free was not refunded");
        }
    }

    function release(uint256 id) external {
        uint256 n = treasury.bountyCount();
        if (n == 0) return;
        id = bound(id, 1, n);
        Bounties.Bounty memory found = treasury.bountyOf(id);
        if (found.payee == address(0) || found.left == 0) return;
        vm.prank(found.sponsor);
        treasury.releaseGrant(id);
        _books[id].paid += found.left;
        ++count["grants"];
    }

    function withdraw(uint256 who) public {
        address from = people()[who % 6];
        uint256 owed = treasury.owedTo(from);
        if (owed == 0) return;
        vm.prank(from);
        treasury.withdraw();
        withdrawn += owed;
        ++count["withdrawals"];
    }

    /// @notice Everything that ends something, with the brake on where it can be: see
    /// `TreasuryInvariants.afterInvariant`.
    function windDown() external {
        vm.warp(_now() + 60 days);
        try guard.pause() {} catch {}
        for (uint256 epoch = 0; epoch < EPOCHS; ++epoch) {
            if (treasury.settlementOf(KEY, epoch).isContested) treasury.lapseSettlement(KEY, epoch);
            for (uint256 i = 0; i < _tables[epoch].length; ++i) {
                redeem(epoch, i);
            }
        }
        for (uint256 id = 1; id <= treasury.bountyCount(); ++id) {
            refund(id);
        }
        for (uint256 i = 0; i < 6; ++i) {
            withdraw(i);
        }
    }

    function isFinal(uint256 epoch) public view returns (bool) {
        Settlement.Root memory root = treasury.settlementOf(KEY, epoch);
        return root.root != 0 && !root.isContested && _now() >= root.finalAt;
    }

    /// @notice What of a bounty its sponsor may have back now, by these books.
    function freeOf(uint256 id) public view returns (uint256) {
        Bounties.Bounty memory found = treasury.bountyOf(id);
        Settlement.Root memory root = treasury.settlementOf(KEY, found.epoch);
        bool isPromised = root.root != 0 && found.round == root.round;
        if (!isPromised) return _now() >= found.deadline ? found.left : 0;
        Book memory book = _books[id];
        return isFinal(found.epoch) ? book.funded - book.returned - book.promised : 0;
    }

    /// @dev The first epoch, from one on and round, of which something is so; else EPOCHS.
    function _firstFrom(uint256 epoch, function(uint256) internal view returns (bool) isSo)
        private
        view
        returns (uint256)
    {
        for (uint256 i = 0; i < EPOCHS; ++i) {
            uint256 found = (epoch % EPOCHS + i) % EPOCHS;
            if (isSo(found)) return found;
        }
        return EPOCHS;
    }

    function _isDisputable(uint256 epoch) private view returns (bool) {
        Settlement.Root memory root = treasury.settlementOf(KEY, epoch);
        return root.root != 0 && !root.isContested && _now() < root.finalAt;
    }

    function _isVotedOn(uint256 epoch) private view returns (bool) {
        Settlement.Root memory root = treasury.settlementOf(KEY, epoch);
        return root.isContested && _now() <= root.voteBy;
    }

    function _isLapsed(uint256 epoch) private view returns (bool) {
        Settlement.Root memory root = treasury.settlementOf(KEY, epoch);
        return root.isContested && _now() > root.voteBy;
    }

    function _fits(uint256 epoch, Payment memory one) private view returns (bool) {
        Settlement.Root memory root = treasury.settlementOf(KEY, epoch);
        if (one.bountyId == 0) return one.amount <= root.creditLeft;
        if (treasury.bountyOf(one.bountyId).round != root.round) return false;
        Book memory book = _books[one.bountyId];
        return book.paid + one.amount <= book.promised;
    }

    function _tryRedeem(uint256 epoch, uint256 index, Payment memory one)
        private
        returns (bool)
    {
        bytes32[] memory proof = Tree.proofOf(_leavesOf(epoch), index);
        try treasury.redeem(KEY, epoch, index, one.bountyId, one.account, one.amount, proof) {
            return true;
        } catch {
            return false;
        }
    }

    function _leavesOf(uint256 epoch) private view returns (bytes32[] memory leaves) {
        Payment[] storage table = _tables[epoch];
        leaves = new bytes32[](table.length);
        for (uint256 i = 0; i < leaves.length; ++i) {
            Payment memory one = table[i];
            leaves[i] =
                treasury.leafOf(KEY, epoch, i, one.bountyId, one.account, one.amount);
        }
    }

    /// @dev The first bounties of an epoch that can pay something: three are enough.
    function _payers(uint256 epoch) private view returns (uint256[] memory ids) {
        ids = new uint256[](3);
        uint256 n = 0;
        for (uint256 id = treasury.bountyCount(); id > 0 && n < 3; --id) {
            Bounties.Bounty memory found = treasury.bountyOf(id);
            bool fits = found.epoch == epoch && found.payee == address(0) && found.left > 0;
            if (fits) ids[n++] = id;
        }
        assembly ("memory-safe") {
            mstore(ids, n)
        }
    }

    /// @dev `totals[0]` is the pot's, the others stand as in `ids`.
    function _addLeaf(uint256 epoch, uint256 word, uint256[] memory ids, uint256[] memory totals)
        private
    {
        uint256 slot = word % (ids.length + 1);
        uint256 id = slot == 0 ? 0 : ids[slot - 1];
        uint256 room = (slot == 0 ? POT : treasury.bountyOf(id).left) - totals[slot];
        uint256 amount = (word >> 16) % (room + 1);
        totals[slot] += amount;
        address account = people()[(word >> 8) % 6];
        _tables[epoch].push(Payment(id, account, uint96(amount)));
    }

    function _proposeTable(
        uint256 epoch,
        uint256 seed,
        uint256[] memory ids,
        uint256[] memory totals
    ) private {
        Settlement.Share[] memory shares = new Settlement.Share[](ids.length);
        uint256 n = 0;
        for (uint256 i = 0; i < ids.length; ++i) {
            uint256 total = isGreedy[epoch] ? totals[i + 1] / 2 : totals[i + 1];
            if (total == 0) continue;
            shares[n++] = Settlement.Share(ids[i], uint96(total));
            _books[ids[i]].promised = _books[ids[i]].paid + total;
        }
        assembly ("memory-safe") {
            mstore(shares, n)
        }
        bytes32 root = Tree.rootOf(_leavesOf(epoch));
        vm.prank(seed % 2 == 0 ? owner : _evaluator(1));
        treasury.proposeSettlement(
            NAME,
            uint16(epoch),
            root,
            CID,
            uint96(isGreedy[epoch] ? totals[0] / 2 : totals[0]),
            shares
        );
    }
}
