// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice Those cheat codes of forge that our tests use; forge answers at one fixed address.
interface Vm {
    struct Log {
        bytes32[] topics;
        bytes data;
        address emitter;
    }

    // Who calls, when, where and with what.
    function prank(address sender) external;
    function startPrank(address sender) external;
    function stopPrank() external;
    function deal(address account, uint256 amountWei) external;
    function warp(uint256 timestamp) external;
    function roll(uint256 number) external;
    function getBlockTimestamp() external view returns (uint256);
    function getBlockNumber() external view returns (uint256);
    function chainId(uint256 id) external;
    function etch(address account, bytes calldata code) external;
    function store(address account, bytes32 slot, bytes32 value) external;
    function load(address account, bytes32 slot) external view returns (bytes32);
    function deployCode(string calldata artifact) external returns (address);
    function getNonce(address account) external view returns (uint64);
    function snapshotState() external returns (uint256 id);
    function revertToState(uint256 id) external returns (bool);

    // What must happen next.
    function expectRevert() external;
    function expectRevert(bytes4 selector) external;
    function expectRevert(bytes calldata reason) external;
    function expectRevert(bytes4 selector, address reverter) external;
    function expectPartialRevert(bytes4 selector) external;
    function expectEmit() external;
    function expectEmit(address emitter) external;
    function expectEmit(bool topic1, bool topic2, bool topic3, bool data) external;
    function expectEmit(bool topic1, bool topic2, bool topic3, bool data, address emitter) external;
    function recordLogs() external;
    function getRecordedLogs() external returns (Log[] memory);
    function assume(bool condition) external pure;

    // Keys and names.
    function addr(uint256 privateKey) external pure returns (address);
    function sign(uint256 privateKey, bytes32 digest)
        external
        pure
        returns (uint8 v, bytes32 r, bytes32 s);
    function label(address account, string calldata name) external;
    function toString(uint256 value) external pure returns (string memory);
    function toString(address value) external pure returns (string memory);

    // Gas that a part of a test used, written into the snapshot under a name.
    function startSnapshotGas(string calldata group, string calldata name) external;
    function stopSnapshotGas() external returns (uint256 gasUsed);
    function snapshotGasLastCall(string calldata group, string calldata name)
        external
        returns (uint256 gasUsed);

    // Comparisons that stop the test and say what was expected.
    function assertTrue(bool condition, string calldata what) external pure;
    function assertFalse(bool condition, string calldata what) external pure;
    function assertEq(bool left, bool right, string calldata what) external pure;
    function assertEq(uint256 left, uint256 right, string calldata what) external pure;
    function assertEq(int256 left, int256 right, string calldata what) external pure;
    function assertEq(address left, address right, string calldata what) external pure;
    function assertEq(bytes32 left, bytes32 right, string calldata what) external pure;
    function assertEq(string calldata left, string calldata right, string calldata what)
        external
        pure;
    function assertEq(bytes calldata left, bytes calldata right, string calldata what)
        external
        pure;
    function assertNotEq(uint256 left, uint256 right, string calldata what) external pure;
    function assertNotEq(address left, address right, string calldata what) external pure;
    function assertNotEq(bytes32 left, bytes32 right, string calldata what) external pure;
    function assertLt(uint256 left, uint256 right, string calldata what) external pure;
    function assertLt(int256 left, int256 right, string calldata what) external pure;
    function assertLe(uint256 left, uint256 right, string calldata what) external pure;
    function assertLe(int256 left, int256 right, string calldata what) external pure;
    function assertGt(uint256 left, uint256 right, string calldata what) external pure;
    function assertGt(int256 left, int256 right, string calldata what) external pure;
    function assertGe(uint256 left, uint256 right, string calldata what) external pure;
    function assertGe(int256 left, int256 right, string calldata what) external pure;
}

/// @notice What every test stands on, in place of forge-std.
/// @dev forge finds tests (`test_`, `testFuzz_`), invariants (`invariant_`) and, for the latter,
/// the `target*` and `exclude*` lists below. halmos finds `check_`; it knows a part of the cheat
/// codes only, so properties for it compare by `assert`.
abstract contract Base {
    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    /// @dev `address(uint160(uint256(keccak256("hevm cheat code"))))`.
    Vm internal constant vm = Vm(0x7109709ECfa91a80626fF3989D68f67F5b1DD12D);

    /// @dev forge asks a test contract for this and runs nothing without it.
    bool public constant IS_TEST = true;

    address[] private _targets;
    address[] private _excludedContracts;
    address[] private _senders;
    address[] private _excludedSenders;
    FuzzSelector[] private _selectors;

    /// @notice Contracts whose functions an invariant run calls.
    function targetContracts() public view returns (address[] memory) {
        return _targets;
    }

    /// @notice Contracts that an invariant run leaves alone.
    function excludeContracts() public view returns (address[] memory) {
        return _excludedContracts;
    }

    /// @notice Accounts that an invariant run calls from.
    function targetSenders() public view returns (address[] memory) {
        return _senders;
    }

    /// @notice Accounts that an invariant run never calls from.
    function excludeSenders() public view returns (address[] memory) {
        return _excludedSenders;
    }

    /// @notice Functions that an invariant run calls, where not all of a contract's.
    function targetSelectors() public view returns (FuzzSelector[] memory) {
        return _selectors;
    }

    function targetContract(address handler) internal {
        _targets.push(handler);
    }

    function excludeContract(address other) internal {
        _excludedContracts.push(other);
    }

    function targetSender(address sender) internal {
        _senders.push(sender);
    }

    function excludeSender(address sender) internal {
        _excludedSenders.push(sender);
    }

    function targetSelector(FuzzSelector memory selector) internal {
        _selectors.push(selector);
    }

    /// @dev Map any number into [low, high], evenly enough, with the edges kept as edges.
    function bound(uint256 value, uint256 low, uint256 high) internal pure returns (uint256) {
        require(low <= high, "bound: low is above high");
        if (value >= low && value <= high) return value;
        uint256 size = high - low;
        if (size == type(uint256).max) return value;
        // forge tries the smallest and largest numbers often: they shall be the edges here.
        if (value <= 3 && size > value) return low + value;
        if (value >= type(uint256).max - 3 && size > type(uint256).max - value) {
            return high - (type(uint256).max - value);
        }
        return low + value % (size + 1);
    }

    /// @dev The same for signed numbers.
    function bound(int256 value, int256 low, int256 high) internal pure returns (int256) {
        require(low <= high, "bound: low is above high");
        // Shifted by 2^255 the order of signed numbers is that of unsigned ones.
        uint256 shift = 1 << 255;
        unchecked {
            uint256 shifted =
                bound(uint256(value) + shift, uint256(low) + shift, uint256(high) + shift);
            return int256(shifted - shift);
        }
    }

    /// @dev An account with a name, that can sign with the key.
    function makeAddrAndKey(string memory name) internal returns (address account, uint256 key) {
        key = uint256(keccak256(bytes(name)));
        account = vm.addr(key);
        vm.label(account, name);
    }

    function makeAddr(string memory name) internal returns (address account) {
        (account,) = makeAddrAndKey(name);
    }

    /// @dev A 65-byte signature, as `ECDSA.recover` takes it.
    function signed(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    /// @dev Let `amountWei` be there and call once as `sender`.
    function hoax(address sender, uint256 amountWei) internal {
        vm.deal(sender, amountWei);
        vm.prank(sender);
    }

    /// @dev The optimiser takes `block.timestamp` for constant within a call; forge's is asked.
    function skip(uint256 durationS) internal {
        vm.warp(vm.getBlockTimestamp() + durationS);
    }

    function assertTrue(bool condition, string memory what) internal pure {
        vm.assertTrue(condition, what);
    }

    function assertFalse(bool condition, string memory what) internal pure {
        vm.assertFalse(condition, what);
    }

    function assertEq(bool left, bool right, string memory what) internal pure {
        vm.assertEq(left, right, what);
    }

    function assertEq(uint256 left, uint256 right, string memory what) internal pure {
        vm.assertEq(left, right, what);
    }

    function assertEq(int256 left, int256 right, string memory what) internal pure {
        vm.assertEq(left, right, what);
    }

    function assertEq(address left, address right, string memory what) internal pure {
        vm.assertEq(left, right, what);
    }

    function assertEq(bytes32 left, bytes32 right, string memory what) internal pure {
        vm.assertEq(left, right, what);
    }

    function assertEq(string memory left, string memory right, string memory what) internal pure {
        vm.assertEq(left, right, what);
    }

    function assertEq(bytes memory left, bytes memory right, string memory what) internal pure {
        vm.assertEq(left, right, what);
    }

    function assertNotEq(uint256 left, uint256 right, string memory what) internal pure {
        vm.assertNotEq(left, right, what);
    }

    function assertNotEq(address left, address right, string memory what) internal pure {
        vm.assertNotEq(left, right, what);
    }

    function assertNotEq(bytes32 left, bytes32 right, string memory what) internal pure {
        vm.assertNotEq(left, right, what);
    }

    function assertLt(uint256 left, uint256 right, string memory what) internal pure {
        vm.assertLt(left, right, what);
    }

    function assertLe(uint256 left, uint256 right, string memory what) internal pure {
        vm.assertLe(left, right, what);
    }

    function assertGt(uint256 left, uint256 right, string memory what) internal pure {
        vm.assertGt(left, right, what);
    }

    function assertGe(uint256 left, uint256 right, string memory what) internal pure {
        vm.assertGe(left, right, what);
    }

    function assertLe(int256 left, int256 right, string memory what) internal pure {
        vm.assertLe(left, right, what);
    }

    function assertGe(int256 left, int256 right, string memory what) internal pure {
        vm.assertGe(left, right, what);
    }
}
