// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice Acts for whoever tells it to, and calls back when it is paid.
contract Reenterer {
    address public target;
    bytes public payload;
    uint256 public calls;
    bool public done;
    bytes public answer;

    /// @notice What to try when coin or a token's hook arrives.
    function arm(address target_, bytes calldata payload_) external {
        (target, payload) = (target_, payload_);
        (calls, done, answer) = (0, false, "");
    }

    function act(address to, uint256 value, bytes calldata data)
        external
        payable
        returns (bytes memory)
    {
        (bool ok, bytes memory found) = to.call{value: value}(data);
        if (!ok) {
            assembly ("memory-safe") {
                revert(add(found, 32), mload(found))
            }
        }
        return found;
    }

    function onToken() external {
        _strike();
    }

    receive() external payable {
        _strike();
    }

    function _strike() private {
        if (target == address(0)) return;
        address victim = target;
        target = address(0); // once, so that a success cannot hide behind an endless loop
        ++calls;
        (done, answer) = victim.call(payload);
    }
}

/// @notice Cannot be paid while it is shut; some word of its own is its reason.
contract Refuser {
    error NoThanks();

    bool public isOpen;

    function setOpen(bool value) external {
        isOpen = value;
    }

    function act(address to, uint256 value, bytes calldata data) external payable {
        (bool ok,) = to.call{value: value}(data);
        require(ok);
    }

    receive() external payable {
        if (!isOpen) revert NoThanks();
    }
}

/// @notice Burns all the gas that it is given.
contract GasBurner {
    receive() external payable {
        while (true) {}
    }
}

/// @notice Answers with more bytes than anybody wants to copy.
contract ReturnBomb {
    receive() external payable {
        assembly ("memory-safe") {
            return(0, 1000000)
        }
    }
}

/// @notice Gives its coin to an account that cannot refuse it.
contract Forcer {
    constructor(address to) payable {
        // PUSH20 to SELFDESTRUCT, as creation code: the compiler warns of the word.
        bytes memory code = abi.encodePacked(hex"73", to, hex"ff");
        assembly ("memory-safe") {
            pop(create(callvalue(), add(code, 32), mload(code)))
        }
    }
}

/// @notice A wallet that is a contract: it says yes to what its owner signed (ERC-1271).
contract Wallet {
    address private immutable OWNER;

    constructor(address owner) {
        OWNER = owner;
    }

    function isValidSignature(bytes32 digest, bytes calldata signature)
        external
        view
        returns (bytes4)
    {
        (bytes32 r, bytes32 s, uint8 v) = abi.decode(signature, (bytes32, bytes32, uint8));
        return ecrecover(digest, v, r, s) == OWNER ? bytes4(0x1626ba7e) : bytes4(0xffffffff);
    }

    receive() external payable {}
}
