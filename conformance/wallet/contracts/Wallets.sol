// SPDX-License-Identifier: Apache-2.0
// Contract wallets for tests: one that works, and hostile ones.
pragma solidity ^0.8.20;

bytes4 constant MAGIC = 0x1626ba7e;

/// A wallet of one owner, whose signature over the bare hash it takes: one signature fits all wallets of the owner.
contract OwnerWallet {
    address public immutable owner;

    constructor(address o) {
        owner = o;
    }

    function isValidSignature(bytes32 hash, bytes calldata signature) external view returns (bytes4) {
        if (signature.length != 65) return 0xffffffff;
        address signer = ecrecover(hash, uint8(signature[64]), bytes32(signature[:32]), bytes32(signature[32:64]));
        return signer != address(0) && signer == owner ? MAGIC : bytes4(0xffffffff);
    }
}

/// Calls every signature its own.
contract AlwaysYes {
    function isValidSignature(bytes32, bytes calldata) external pure returns (bytes4) {
        return MAGIC;
    }
}

contract Reverting {
    function isValidSignature(bytes32, bytes calldata) external pure returns (bytes4) {
        assembly {
            mstore(0, shl(224, 0x1626ba7e))
            revert(0, 32)
        }
    }
}

contract Junk {
    function isValidSignature(bytes32, bytes calldata) external pure returns (uint256) {
        return 1;
    }
}

/// Answers more than the magic value.
contract Talkative {
    function isValidSignature(bytes32, bytes calldata) external pure returns (bytes4, uint256) {
        return (MAGIC, 0);
    }
}

/// Answers the magic value with something behind it in the same word.
contract Untidy {
    fallback() external {
        assembly {
            mstore(0, or(shl(224, 0x1626ba7e), 1))
            return(0, 32)
        }
    }
}

contract GasBurner {
    function isValidSignature(bytes32, bytes calldata) external view returns (bytes4) {
        uint256 n;
        while (gasleft() > 0) n++;
        return MAGIC;
    }
}

contract Factory {
    event Deployed(address wallet);

    function deploy(address owner, bytes32 salt) external returns (address wallet) {
        wallet = address(new OwnerWallet{salt: salt}(owner));
        emit Deployed(wallet);
    }

    function addressOf(address owner, bytes32 salt) external view returns (address) {
        bytes32 code = keccak256(abi.encodePacked(type(OwnerWallet).creationCode, abi.encode(owner)));
        return address(uint160(uint256(keccak256(abi.encodePacked(bytes1(0xff), address(this), salt, code)))));
    }
}

/// Deploys nothing.
contract Idle {
    fallback() external {}
}
