// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {Bounties} from "./Bounties.sol";
import {Text} from "./Text.sol";

/// @notice Per epoch one Merkle root of payments, out of the pot of credit and out of bounties.
/// @dev The root can be disputed for a while; then each leaf pays once, whoever asks. No more
/// than the stated totals can leave, whatever the tree says. Credit stays where it was earned.
abstract contract Settlement is Bounties {
    /// @dev `round` counts the roots that were proposed: leaves, votes and shares of a root that
    /// was struck are worth nothing under the next.
    struct Root {
        bytes32 root;
        uint96 creditLeft;
        uint64 finalAt;
        uint32 round;
        bool isContested;
        address proposer;
        uint96 credit;
        address disputer;
        uint96 bondWei;
        uint64 voteBy;
    }

    /// @notice What a settlement takes from a bounty.
    struct Share {
        uint256 bountyId;
        uint96 total;
    }

    error NotProposer();
    error EpochNotOver();
    error BadRoot();
    error BadTotal();
    error TooManyShares();
    error NotSettled();
    error NotFinal();
    error BadProof();
    error AlreadyRedeemed();
    error NotDisputable();
    error NotContested();
    error VoteOver();
    error VoteNotOver();
    error NotEvaluator();
    error NotIndependent();
    error QuorumNeeded();

    event SettlementProposed(
        bytes32 indexed challengeKey,
        address indexed actor,
        uint256 indexed epoch,
        uint64 time,
        bytes32 root,
        string tableCid,
        uint96 credit,
        Share[] shares,
        uint32 round,
        uint64 finalAt
    );
    event SettlementDisputed(
        bytes32 indexed challengeKey,
        address indexed actor,
        uint256 indexed epoch,
        uint64 time,
        uint96 bondWei,
        uint64 voteBy,
        string evidenceCid
    );
    event SettlementDecided(
        bytes32 indexed challengeKey,
        address indexed actor,
        uint256 indexed epoch,
        uint64 time,
        bool upheld,
        address bondTo,
        uint96 bondWei,
        string reportCid
    );
    event Redeemed(
        bytes32 indexed challengeKey,
        address indexed actor,
        uint256 indexed epoch,
        uint64 time,
        uint256 index,
        uint256 bountyId,
        address account,
        uint96 amount
    );

    uint256 public constant MAX_SHARES = 64;
    uint64 public constant MIN_VOTE = 1 days;
    bytes32 private constant VERDICT_TYPE = keccak256(
        "SettlementVerdict(bytes32 challengeKey,uint256 epoch,uint32 round,bool upheld,string reportCid)"
    );

    mapping(bytes32 challengeKey => mapping(uint256 epoch => Root)) private _roots;
    mapping(bytes32 rootKey => mapping(uint256 word => uint256)) private _redeemed;
    mapping(bytes32 challengeKey => mapping(address account => uint256)) private _credit;

    /// @notice Propose who is paid what for an epoch that is over; owner and evaluators may.
    /// @param tableCid The full table, from which anybody can compute the root again.
    /// @param credit Units out of the pot, exactly the sum of the leaves of bounty 0.
    /// @param shares What bounties of this epoch pay, exactly the sums of their leaves.
    function proposeSettlement(
        string calldata challenge,
        uint16 epoch,
        bytes32 root,
        string calldata tableCid,
        uint96 credit,
        Share[] calldata shares
    ) external {
        bytes32 key = keccak256(bytes(challenge));
        if (ledger.guard().isPaused()) revert Paused();
        if (ledger.ownerOf(key) != _msgSender() && !ledger.isEvaluator(key, _msgSender())) {
            revert NotProposer();
        }
        if (!ledger.isEpochOver(key, epoch)) revert EpochNotOver();
        if (root == 0) revert BadRoot();
        Text.requireCid(tableCid);
        Root storage entry = _roots[key][epoch];
        if (entry.root != 0) revert AlreadySettled();
        (uint32 disputeS,, uint96 pot) = ledger.settlementRules(key);
        if (credit > pot) revert BadTotal();
        uint32 round = ++entry.round;
        entry.root = root;
        entry.creditLeft = credit;
        entry.credit = credit;
        entry.finalAt = uint64(block.timestamp) + disputeS;
        entry.proposer = _msgSender();
        _setShares(key, epoch, round, shares);
        emit SettlementProposed(
            key,
            _msgSender(),
            epoch,
            uint64(block.timestamp),
            root,
            tableCid,
            credit,
            shares,
            round,
            entry.finalAt
        );
    }

    /// @notice Dispute a settlement before it is final; one who has re-executed it is enough.
    function disputeSettlement(
        bytes32 challengeKey,
        uint256 epoch,
        string calldata evidenceCid
    ) external payable {
        Root storage entry = _roots[challengeKey][epoch];
        if (entry.root == 0 || entry.isContested || block.timestamp >= entry.finalAt) {
            revert NotDisputable();
        }
        Text.requireCid(evidenceCid);
        (uint32 disputeS, uint96 bondWei,) = ledger.settlementRules(challengeKey);
        if (msg.value != bondWei) revert WrongValue();
        uint64 voteBy = uint64(block.timestamp) + (disputeS < MIN_VOTE ? MIN_VOTE : disputeS);
        entry.isContested = true;
        entry.disputer = _msgSender();
        entry.bondWei = bondWei;
        entry.voteBy = voteBy;
        emit SettlementDisputed(
            challengeKey,
            _msgSender(),
            epoch,
            uint64(block.timestamp),
            bondWei,
            voteBy,
            evidenceCid
        );
    }

    /// @notice Decide by votes of more than half of the evaluators, proposer and disputer apart.
    /// @param upheld True strikes the root; false makes it final.
    function decideSettlement(
        bytes32 challengeKey,
        uint256 epoch,
        bool upheld,
        string calldata reportCid,
        Vote[] calldata votes
    ) external {
        Root storage entry = _requireContested(challengeKey, epoch);
        if (block.timestamp > entry.voteBy) revert VoteOver();
        Text.requireCid(reportCid);
        bytes32 digest = keccak256(
            abi.encode(
                VERDICT_TYPE,
                challengeKey,
                epoch,
                entry.round,
                upheld,
                keccak256(bytes(reportCid))
            )
        );
        uint256 count = _countVotes(challengeKey, digest, votes, entry.disputer);
        for (uint256 i = 0; i < votes.length; ++i) {
            if (votes[i].evaluator == entry.proposer) revert NotIndependent();
        }
        if (count < ledger.majorityOf(challengeKey, entry.proposer, entry.disputer)) {
            revert QuorumNeeded();
        }
        _close(challengeKey, epoch, upheld, reportCid);
    }

    /// @notice End a vote that came to nothing: the root is struck, for nothing is paid in doubt.
    function lapseSettlement(bytes32 challengeKey, uint256 epoch) external {
        Root storage entry = _requireContested(challengeKey, epoch);
        if (block.timestamp <= entry.voteBy) revert VoteNotOver();
        _close(challengeKey, epoch, true, "");
    }

    /// @notice Pay one leaf to its account; anybody may ask, and pays the gas.
    /// @param index Number of the leaf.
    /// @param bountyId 0 for credit, else the bounty that pays.
    function redeem(
        bytes32 challengeKey,
        uint256 epoch,
        uint256 index,
        uint256 bountyId,
        address account,
        uint96 amount,
        bytes32[] calldata proof
    ) external {
        Root storage entry = _roots[challengeKey][epoch];
        uint32 round = _requireFinal(entry);
        bytes32 leaf = leafOf(challengeKey, epoch, index, bountyId, account, amount);
        if (!MerkleProof.verifyCalldata(proof, entry.root, leaf)) revert BadProof();
        _spendLeaf(keccak256(abi.encode(challengeKey, epoch, round)), index);
        emit Redeemed(
            challengeKey,
            _msgSender(),
            epoch,
            uint64(block.timestamp),
            index,
            bountyId,
            account,
            amount
        );
        if (bountyId == 0) {
            if (amount > entry.creditLeft) revert BadTotal();
            entry.creditLeft -= amount;
            _credit[challengeKey][account] += amount;
        } else {
            _payShare(challengeKey, epoch, round, bountyId, account, amount);
        }
    }

    /// @notice The leaf of one payment, hashed twice so that no inner node can pass for a leaf.
    function leafOf(
        bytes32 challengeKey,
        uint256 epoch,
        uint256 index,
        uint256 bountyId,
        address account,
        uint96 amount
    ) public pure returns (bytes32) {
        bytes32 once =
            keccak256(abi.encode(challengeKey, epoch, index, bountyId, account, amount));
        return keccak256(abi.encode(once));
    }

    /// @notice Credit units that an account has earned and fetched in a challenge.
    function creditOf(bytes32 challengeKey, address account) external view returns (uint256) {
        return _credit[challengeKey][account];
    }

    /// @notice The settlement of an epoch, as enforced.
    function settlementOf(bytes32 challengeKey, uint256 epoch)
        external
        view
        returns (Root memory)
    {
        return _roots[challengeKey][epoch];
    }

    function _isSettled(bytes32 challengeKey, uint256 epoch)
        internal
        view
        override
        returns (bool)
    {
        return _roots[challengeKey][epoch].root != 0;
    }

    function _setAside(Bounty storage entry) internal view override returns (uint96) {
        Root storage root = _roots[entry.challengeKey][entry.epoch];
        bool isShared = entry.round != 0 && entry.round == root.round && root.root != 0;
        if (isShared) {
            bool isFinal = !root.isContested && block.timestamp >= root.finalAt;
            return isFinal ? entry.share : entry.left;
        }
        return block.timestamp < entry.deadline ? entry.left : 0;
    }

    function _requireJudge(bytes32 challengeKey, address who, address barred)
        internal
        view
        override
    {
        if (!ledger.isEvaluator(challengeKey, who)) revert NotEvaluator();
        if (who == barred) revert NotIndependent();
    }

    function _setShares(bytes32 key, uint16 epoch, uint32 round, Share[] calldata shares)
        private
    {
        if (shares.length > MAX_SHARES) revert TooManyShares();
        for (uint256 i = 0; i < shares.length; ++i) {
            Bounty storage bounty = _requireBounty(shares[i].bountyId);
            bool isOurs = bounty.challengeKey == key && bounty.epoch == epoch
                && bounty.payee == address(0) && bounty.round != round;
            if (!isOurs) revert UnknownBounty();
            if (shares[i].total == 0 || shares[i].total > bounty.left) revert BadTotal();
            bounty.round = round;
            bounty.share = shares[i].total;
        }
    }

    function _requireFinal(Root storage entry) private view returns (uint32) {
        if (entry.root == 0) revert NotSettled();
        if (entry.isContested || block.timestamp < entry.finalAt) revert NotFinal();
        return entry.round;
    }

    function _requireContested(bytes32 challengeKey, uint256 epoch)
        private
        view
        returns (Root storage entry)
    {
        entry = _roots[challengeKey][epoch];
        if (!entry.isContested) revert NotContested();
    }

    function _close(bytes32 challengeKey, uint256 epoch, bool upheld, string memory reportCid)
        private
    {
        Root storage entry = _roots[challengeKey][epoch];
        address bondTo = upheld ? entry.disputer : entry.proposer;
        uint96 bondWei = entry.bondWei;
        entry.isContested = false;
        entry.disputer = address(0);
        entry.bondWei = 0;
        entry.voteBy = 0;
        if (upheld) entry.root = 0;
        else entry.finalAt = uint64(block.timestamp);
        if (bondWei != 0) _owe(bondTo, bondWei);
        emit SettlementDecided(
            challengeKey,
            _msgSender(),
            epoch,
            uint64(block.timestamp),
            upheld,
            bondTo,
            bondWei,
            reportCid
        );
    }

    function _spendLeaf(bytes32 rootKey, uint256 index) private {
        uint256 bit = 1 << (index & 0xff);
        uint256 word = _redeemed[rootKey][index >> 8];
        if (word & bit != 0) revert AlreadyRedeemed();
        _redeemed[rootKey][index >> 8] = word | bit;
    }

    function _payShare(
        bytes32 challengeKey,
        uint256 epoch,
        uint32 round,
        uint256 bountyId,
        address account,
        uint96 amount
    ) private {
        Bounty storage bounty = _requireBounty(bountyId);
        bool isShared = bounty.challengeKey == challengeKey && bounty.epoch == epoch
            && bounty.round == round;
        if (!isShared) revert UnknownBounty();
        if (amount > bounty.share) revert BadTotal();
        bounty.share -= amount;
        bounty.left -= amount;
        _send(bounty.asset, account, amount);
    }
}
