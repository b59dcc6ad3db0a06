// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuard} from "@openzeppelin/contracts/utils/ReentrancyGuard.sol";
import {Bonds} from "./Bonds.sol";
import {ILedger} from "./ILedger.sol";
import {Text} from "./Text.sol";

/// @notice Coin and tokens that sponsors put up: for a challenge, a step or one person's task.
/// @dev Each bounty has an account of its own, in which stands what really arrived: a token that
/// keeps a fee shortens only its own. What a settlement has set aside cannot be refunded; the
/// rest can, after the deadline. A token whose balances move by themselves is its sponsor's risk.
abstract contract Bounties is Bonds, ReentrancyGuard {
    using SafeERC20 for IERC20;

    /// @dev `share` is what the settlement numbered `round` of the epoch set aside and did not
    /// pay yet; it counts while that settlement stands.
    struct Bounty {
        bytes32 challengeKey;
        address sponsor;
        uint40 deadline;
        uint16 epoch;
        uint32 round;
        address asset; // zero = coin
        uint96 left;
        address payee; // zero = paid by settlements
        uint96 share;
    }

    error UnknownChallenge();
    error UnknownBounty();
    error BadDeadline();
    error BadAmount();
    error BadPayee();
    error NotSponsor();
    error NotRefundable();
    error NotReleasable();
    error AlreadySettled();
    error Paused();
    error BadAsset();

    event Funded(
        bytes32 indexed challengeKey,
        address indexed actor,
        uint256 indexed bountyId,
        uint64 time,
        string challenge,
        string step,
        uint16 epoch,
        address asset,
        uint96 amount,
        address payee,
        uint64 deadline,
        string termsCid
    );
    event Refunded(
        bytes32 indexed challengeKey,
        address indexed actor,
        uint256 indexed bountyId,
        uint64 time,
        address sponsor,
        uint96 amount
    );
    event GrantReleased(
        bytes32 indexed challengeKey,
        address indexed actor,
        uint256 indexed bountyId,
        uint64 time,
        address payee,
        uint96 amount
    );

    /// @notice The ledger whose challenges are funded.
    ILedger public ledger;
    uint256 public bountyCount;
    mapping(uint256 bountyId => Bounty) internal _bounties;

    /// @notice Put up coin (`asset` zero; `amount` is the value sent) or tokens (approved before).
    /// @param step Name of the step it is for; empty for the whole challenge.
    /// @param epoch Whose settlement pays it.
    /// @param payee Zero, or who does the task of a mini-grant, which the sponsor then releases.
    /// @param deadline From this second on the sponsor may have back what was not set aside.
    function fund(
        string calldata challenge,
        string calldata step,
        uint16 epoch,
        address asset,
        uint96 amount,
        address payee,
        uint64 deadline,
        string calldata termsCid
    ) external payable nonReentrant returns (uint256 bountyId) {
        bytes32 key = keccak256(bytes(challenge));
        if (ledger.guard().isPaused()) revert Paused();
        if (ledger.ownerOf(key) == address(0)) revert UnknownChallenge();
        if (bytes(step).length != 0) Text.requireName(step);
        Text.requireCid(termsCid);
        if (deadline <= block.timestamp || deadline > type(uint40).max) revert BadDeadline();
        if (payee == address(this)) revert BadPayee();
        if (payee == address(0) && _isSettled(key, epoch)) revert AlreadySettled();
        bountyId = ++bountyCount;
        uint96 arrived = _take(asset, amount);
        _bounties[bountyId] = Bounty(
            key, _msgSender(), uint40(deadline), epoch, 0, asset, arrived, payee, 0
        );
        emit Funded(
            key,
            _msgSender(),
            bountyId,
            uint64(block.timestamp),
            challenge,
            step,
            epoch,
            asset,
            arrived,
            payee,
            deadline,
            termsCid
        );
    }

    /// @notice Send a sponsor what is free of its bounty: after the deadline, or the rest when
    /// the settlement that pays it is final. Anybody may ask.
    function refund(uint256 bountyId) external {
        Bounty storage entry = _requireBounty(bountyId);
        uint96 kept = _setAside(entry);
        if (kept == entry.left) revert NotRefundable();
        uint96 amount = entry.left - kept;
        entry.left = kept;
        emit Refunded(
            entry.challengeKey,
            _msgSender(),
            bountyId,
            uint64(block.timestamp),
            entry.sponsor,
            amount
        );
        _send(entry.asset, entry.sponsor, amount);
    }

    /// @notice Pay a mini-grant to its payee; only the sponsor may, at any time before a refund.
    function releaseGrant(uint256 bountyId) external {
        Bounty storage entry = _requireBounty(bountyId);
        if (entry.sponsor != _msgSender()) revert NotSponsor();
        if (entry.payee == address(0) || entry.left == 0) revert NotReleasable();
        uint96 amount = entry.left;
        entry.left = 0;
        emit GrantReleased(
            entry.challengeKey,
            _msgSender(),
            bountyId,
            uint64(block.timestamp),
            entry.payee,
            amount
        );
        _send(entry.asset, entry.payee, amount);
    }

    /// @notice A bounty's account.
    function bountyOf(uint256 bountyId) external view returns (Bounty memory) {
        return _requireBounty(bountyId);
    }

    function _requireBounty(uint256 bountyId) internal view returns (Bounty storage entry) {
        entry = _bounties[bountyId];
        if (entry.sponsor == address(0)) revert UnknownBounty();
    }

    function _send(address asset, address to, uint96 amount) internal {
        if (asset == address(0)) _pay(to, amount);
        else IERC20(asset).safeTransfer(to, amount);
    }

    /// @dev Whether a settlement of the epoch stands.
    function _isSettled(bytes32 challengeKey, uint256 epoch) internal view virtual returns (bool);

    /// @dev What of a bounty cannot be refunded now.
    function _setAside(Bounty storage entry) internal view virtual returns (uint96);

    /// @dev Tokens are counted by what arrives, so that nobody is promised what a fee took.
    function _take(address asset, uint96 amount) private returns (uint96 arrived) {
        if (asset == address(0)) {
            if (amount == 0 || msg.value != amount) revert WrongValue();
            return amount;
        }
        if (msg.value != 0 || amount == 0) revert BadAmount();
        if (asset == address(this) || asset.code.length == 0) revert BadAsset();
        uint256 before = IERC20(asset).balanceOf(address(this));
        IERC20(asset).safeTransferFrom(_msgSender(), address(this), amount);
        uint256 gained = IERC20(asset).balanceOf(address(this)) - before;
        if (gained == 0 || gained > amount) revert BadAmount();
        return uint96(gained);
    }
}
