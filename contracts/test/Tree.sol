// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice Merkle trees over leaves as they stand; a pair is hashed smaller first, and a node
/// without a partner goes up as it is.
library Tree {
    function rootOf(bytes32[] memory leaves) internal pure returns (bytes32) {
        bytes32[] memory row = leaves;
        while (row.length > 1) {
            row = _above(row);
        }
        return row[0];
    }

    function proofOf(bytes32[] memory leaves, uint256 leaf) internal pure returns (bytes32[] memory) {
        bytes32[] memory found = new bytes32[](32);
        uint256 n = 0;
        bytes32[] memory row = leaves;
        while (row.length > 1) {
            uint256 partner = leaf ^ 1;
            if (partner < row.length) found[n++] = row[partner];
            row = _above(row);
            leaf /= 2;
        }
        assembly ("memory-safe") {
            mstore(found, n)
        }
        return found;
    }

    function pair(bytes32 a, bytes32 b) internal pure returns (bytes32) {
        return a < b ? keccak256(abi.encode(a, b)) : keccak256(abi.encode(b, a));
    }

    function _above(bytes32[] memory row) private pure returns (bytes32[] memory next) {
        next = new bytes32[]((row.length + 1) / 2);
        for (uint256 i = 0; i < next.length; ++i) {
            bool isAlone = 2 * i + 1 == row.length;
            next[i] = isAlone ? row[2 * i] : pair(row[2 * i], row[2 * i + 1]);
        }
    }
}
