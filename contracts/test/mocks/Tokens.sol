// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @notice A token as the standard has it; anybody may mint.
contract HonestToken is ERC20("Honest", "HON") {
    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }
}

/// @notice Keeps a tenth of whatever is moved.
contract FeeToken is ERC20("Fee", "FEE") {
    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function _update(address from, address to, uint256 value) internal override {
        if (from == address(0) || to == address(0)) return super._update(from, to, value);
        super._update(from, to, value - value / 10);
        super._update(from, address(0), value / 10);
    }
}

/// @notice Keeps everything: nothing ever arrives.
contract SwallowingToken is ERC20("Swallow", "SWA") {
    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function transferFrom(address from, address, uint256 value) public override returns (bool) {
        _burn(from, value);
        return true;
    }
}

/// @notice Gives the receiver more than was sent.
contract GenerousToken is ERC20("Generous", "GEN") {
    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function transferFrom(address from, address to, uint256 value) public override returns (bool) {
        _mint(to, 1);
        return super.transferFrom(from, to, value);
    }
}

/// @notice Like the best known stable coin: `transfer` and `transferFrom` return nothing.
contract SilentToken {
    mapping(address account => uint256) public balanceOf;
    mapping(address account => mapping(address spender => uint256)) public allowance;

    function mint(address to, uint256 amount) external {
        balanceOf[to] += amount;
    }

    function approve(address spender, uint256 amount) external {
        allowance[msg.sender][spender] = amount;
    }

    function transfer(address to, uint256 amount) external {
        balanceOf[msg.sender] -= amount;
        balanceOf[to] += amount;
    }

    function transferFrom(address from, address to, uint256 amount) external {
        allowance[from][msg.sender] -= amount;
        balanceOf[from] -= amount;
        balanceOf[to] += amount;
    }
}

/// @notice Says false instead of moving anything, while it is told to.
contract FalseToken is ERC20("False", "FAL") {
    bool public isRefusing;

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function setRefusing(bool value) external {
        isRefusing = value;
    }

    function transfer(address to, uint256 value) public override returns (bool) {
        return !isRefusing && super.transfer(to, value);
    }

    function transferFrom(address from, address to, uint256 value) public override returns (bool) {
        return !isRefusing && super.transferFrom(from, to, value);
    }
}

/// @notice Refuses to pay the accounts on a list.
contract BlacklistToken is ERC20("Blacklist", "BLK") {
    error Blacklisted();

    mapping(address account => bool) public isListed;

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function setListed(address account, bool value) external {
        isListed[account] = value;
    }

    function _update(address from, address to, uint256 value) internal override {
        if (isListed[from] || isListed[to]) revert Blacklisted();
        super._update(from, to, value);
    }
}

/// @notice Balances that shrink or grow by themselves.
contract RebasingToken is ERC20("Rebase", "REB") {
    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function rebase(address account, uint256 percent) external {
        uint256 held = balanceOf(account);
        uint256 wanted = held * percent / 100;
        if (wanted < held) _burn(account, held - wanted);
        else _mint(account, wanted - held);
    }
}

/// @notice Tells both sides of a transfer about it, in the way of ERC-777: before the sender's
/// balance moves, and after the receiver's did.
contract HookToken is ERC20("Hook", "HOO") {
    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function _update(address from, address to, uint256 value) internal override {
        _tell(from);
        super._update(from, to, value);
        _tell(to);
    }

    function _tell(address account) private {
        if (account.code.length == 0) return;
        (bool done,) = account.call(abi.encodeWithSignature("onToken()"));
        done; // an account without the hook is left in peace
    }
}
