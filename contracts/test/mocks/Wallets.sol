// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bonds} from "../../src/Bonds.sol";

/// @notice A wallet that takes for its signature whatever its owner's key signed.
contract GoodWallet {
    address private immutable _owner;

    constructor(address owner_) {
        _owner = owner_;
    }

    receive() external payable {}

    function isValidSignature(bytes32 digest, bytes calldata signature)
        external
        view
        virtual
        returns (bytes4)
    {
        bytes32 r = bytes32(signature[0:32]);
        bytes32 s = bytes32(signature[32:64]);
        address signer = ecrecover(digest, uint8(signature[64]), r, s);
        return signer == _owner ? bytes4(0x1626ba7e) : bytes4(0xffffffff);
    }
}

/// @notice Wallets that do not answer as they should.
contract BadWallet {
    enum Way {
        Refuses,
        Reverts,
        BurnsGas,
        AnswersTrue,
        AnswersShort,
        AnswersDirty,
        AnswersHuge
    }

    Way private immutable _way;

    constructor(Way way) {
        _way = way;
    }

    fallback() external {
        Way way = _way;
        if (way == Way.Reverts) revert("no");
        if (way == Way.BurnsGas) {
            while (true) {}
        }
        assembly ("memory-safe") {
            let selector := shl(224, 0x1626ba7e)
            switch way
            case 3 { mstore(0, 1) }
            case 4 { mstore(0, selector) }
            case 5 { mstore(0, or(selector, 1)) }
            default { mstore(0, 0) }
            if eq(way, 4) { return(0, 31) }
            if eq(way, 6) { return(0, 100000) }
            return(0, 32)
        }
    }
}

/// @notice A wallet that anybody can sign for.
contract OpenWallet {
    receive() external payable {}

    function isValidSignature(bytes32, bytes calldata) external pure returns (bytes4) {
        return 0x1626ba7e;
    }
}

/// @notice An account that fetches its coin again while it is being paid.
contract Reenterer {
    Bonds private immutable _bonds;
    uint256 public received;
    uint256 public turns;
    bool private immutable _swallows;

    constructor(Bonds bonds, bool swallows) {
        (_bonds, _swallows) = (bonds, swallows);
    }

    receive() external payable {
        received += msg.value;
        ++turns;
        if (_swallows) {
            try _bonds.withdraw() {} catch {}
        } else {
            _bonds.withdraw();
        }
    }

    function act(bytes calldata call) external payable {
        (bool done, bytes memory answer) = address(_bonds).call{value: msg.value}(call);
        if (done) return;
        assembly ("memory-safe") {
            revert(add(answer, 32), mload(answer))
        }
    }
}
