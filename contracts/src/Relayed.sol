// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {Context} from "@openzeppelin/contracts/utils/Context.sol";

/// @notice Signed requests that anybody may bring: who acts needs no coin, only a key.
/// @dev The contract calls itself with the signer's address behind the call data (the way of
/// ERC-2771, with the contract as its own and only forwarder). A request is bound to its chain,
/// contract, nonce and deadline by EIP-712; wallets that are contracts answer by ERC-1271.
/// Nonces have no order, so that one request never waits for another.
abstract contract Relayed is Context {
    /// @notice What a signer asks for.
    /// @param from Who acts.
    /// @param nonce Any number that `from` has not used on this contract.
    /// @param deadline Last second in which the request may be taken.
    /// @param data The call, as it would be sent to this contract.
    struct Request {
        address from;
        uint256 nonce;
        uint64 deadline;
        bytes data;
    }

    /// @notice An evaluator's voice; an empty signature stands for the sender's own.
    struct Vote {
        address evaluator;
        bytes signature;
    }

    error RequestExpired();
    error NonceUsed();
    error BadSignature();
    error BadBatch();
    error VotesNotRising();

    event Skipped(address indexed from, uint256 nonce, uint64 time, bytes reason);
    event NonceCancelled(address indexed actor, uint64 time, uint256 nonce);

    bytes32 private constant DOMAIN_TYPE = keccak256(
        "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
    );
    bytes32 private constant REQUEST_TYPE =
        keccak256("Request(address from,uint256 nonce,uint64 deadline,bytes data)");
    bytes32 private constant NAME = keccak256("coopt-dag");
    bytes32 private constant VERSION = keccak256("1");

    mapping(address signer => mapping(uint256 word => uint256)) private _spent;

    /// @notice Take one signed request; it fails as the call itself would fail.
    /// @dev Value is handed on: whoever relays may pay a bond for the signer.
    function relay(Request calldata request, bytes calldata signature)
        public
        payable
        returns (bytes memory)
    {
        if (block.timestamp > request.deadline) revert RequestExpired();
        _spend(request.from, request.nonce);
        bytes32 digest = keccak256(
            abi.encode(
                REQUEST_TYPE,
                request.from,
                request.nonce,
                request.deadline,
                keccak256(request.data)
            )
        );
        if (!_isSignedBy(request.from, digest, signature)) revert BadSignature();
        (bool done, bytes memory answer) =
            address(this).call{value: msg.value}(abi.encodePacked(request.data, request.from));
        if (!done) _bubble(answer);
        return answer;
    }

    /// @notice Take several; one that fails leaves nothing but `Skipped`, and may come again.
    /// @return done How many were taken.
    function relayMany(Request[] calldata requests, bytes[] calldata signatures)
        external
        returns (uint256 done)
    {
        if (requests.length != signatures.length) revert BadBatch();
        for (uint256 i = 0; i < requests.length; ++i) {
            try this.relay(requests[i], signatures[i]) {
                ++done;
            } catch (bytes memory reason) {
                emit Skipped(
                    requests[i].from, requests[i].nonce, uint64(block.timestamp), reason
                );
            }
        }
    }

    /// @notice Make a request that one has signed worthless.
    function cancelNonce(uint256 nonce) external {
        _spend(_msgSender(), nonce);
        emit NonceCancelled(_msgSender(), uint64(block.timestamp), nonce);
    }

    /// @notice Whether a nonce was spent.
    function isNonceUsed(address signer, uint256 nonce) external view returns (bool) {
        return _spent[signer][nonce >> 8] & (1 << (nonce & 0xff)) != 0;
    }

    /// @notice What binds signatures to this contract on this chain.
    /// @dev Computed, never stored: a fork of the chain has another one at once.
    function domainSeparator() public view returns (bytes32) {
        return keccak256(abi.encode(DOMAIN_TYPE, NAME, VERSION, block.chainid, address(this)));
    }

    /// @dev Who acts: the signer of a request that this contract calls itself with, or the caller.
    function _msgSender() internal view virtual override returns (address sender) {
        if (msg.sender != address(this) || msg.data.length < 24) return msg.sender;
        return address(bytes20(msg.data[msg.data.length - 20:]));
    }

    function _isSignedBy(address signer, bytes32 structHash, bytes calldata signature)
        internal
        view
        returns (bool)
    {
        bytes32 digest =
            keccak256(abi.encodePacked(bytes2(0x1901), domainSeparator(), structHash));
        // Keys first: to ask whether the signer has code costs as much as to recover its address.
        (address recovered,,) = ECDSA.tryRecoverCalldata(digest, signature);
        if (recovered == signer && signer != address(0)) return true;
        return SignatureChecker.isValidERC1271SignatureNowCalldata(signer, digest, signature);
    }

    /// @dev Rising addresses make a list of votes a set: nobody is counted twice.
    function _countVotes(bytes32 challengeKey, bytes32 structHash, Vote[] calldata votes, address barred)
        internal
        view
        returns (uint256)
    {
        address previous = address(0);
        for (uint256 i = 0; i < votes.length; ++i) {
            address who = votes[i].evaluator;
            if (who <= previous) revert VotesNotRising();
            previous = who;
            _requireJudge(challengeKey, who, barred);
            if (votes[i].signature.length == 0) {
                if (who != _msgSender()) revert BadSignature();
            } else if (!_isSignedBy(who, structHash, votes[i].signature)) {
                revert BadSignature();
            }
        }
        return votes.length;
    }

    /// @dev Reverts unless `who` may judge in this challenge and is not `barred`.
    function _requireJudge(bytes32 challengeKey, address who, address barred) internal view virtual;

    function _spend(address signer, uint256 nonce) private {
        uint256 bit = 1 << (nonce & 0xff);
        uint256 word = _spent[signer][nonce >> 8];
        if (word & bit != 0) revert NonceUsed();
        _spent[signer][nonce >> 8] = word | bit;
    }

    function _bubble(bytes memory reason) private pure {
        assembly ("memory-safe") {
            revert(add(reason, 32), mload(reason))
        }
    }
}
