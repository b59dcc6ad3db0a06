// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice What names, content identifiers, revisions and reasons may look like on the ledger.
/// @dev Names follow the package's slug: `[a-z][a-z0-9_]{0,47}`, so that a name which the
/// specifications accept is never refused here, and the other way round.
library Text {
    error BadName();
    error BadCid();
    error BadRevision();
    error BadReason();

    uint256 internal constant MAX_NAME = 48;
    uint256 internal constant MAX_CID = 128;
    uint256 internal constant MAX_REVISION = 64;
    uint256 internal constant MAX_REASON = 31;

    function requireName(string calldata name) internal pure {
        bytes calldata text = bytes(name);
        uint256 length = text.length;
        if (length == 0 || length > MAX_NAME || !_isLetter(text[0])) revert BadName();
        for (uint256 i = 1; i < length; ++i) {
            bytes1 c = text[i];
            if (!_isLetter(c) && !(c >= "0" && c <= "9") && c != "_") revert BadName();
        }
    }

    function requireCid(string calldata cid) internal pure {
        uint256 length = bytes(cid).length;
        if (length == 0 || length > MAX_CID) revert BadCid();
    }

    function requireRevision(string calldata revision) internal pure {
        uint256 length = bytes(revision).length;
        if (length == 0 || length > MAX_REVISION) revert BadRevision();
    }

    function requireReason(string calldata reason) internal pure {
        uint256 length = bytes(reason).length;
        if (length == 0 || length > MAX_REASON) revert BadReason();
    }

    function _isLetter(bytes1 c) private pure returns (bool) {
        return c >= "a" && c <= "z";
    }
}
