// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Attestations} from "../src/Attestations.sol";
import {CooptNotes} from "../src/CooptNotes.sol";
import {CooptTreasury} from "../src/CooptTreasury.sol";
import {Registry} from "../src/Registry.sol";
import {Relayed} from "../src/Relayed.sol";
import {Settlement} from "../src/Settlement.sol";
import {LedgerFixture} from "./LedgerFixture.sol";

/// @notice What each action costs; `contracts/snapshots/Gas.json` holds the figures.
/// @dev Run with `--isolate`, so that each call is a transaction: base fee and call data are in.
/// Content identifiers have the length of real ones, and somebody has contributed before.
contract GasTest is LedgerFixture {
    string private constant REAL_CID =
        "bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi";
    uint256 private constant DEPTH = 14; // of a tree of 10,000 leaves

    CooptTreasury private treasury;
    CooptNotes private notes;

    function setUp() public {
        _deploy();
        _nameEvaluators(3);
        quorum = 3;
        Registry.Rules memory rules = _rules(3);
        rules.closesAt = uint64(START + 30 days);
        _register(CHALLENGE, rules);
        _registerStep(CHALLENGE, STEP, Registry.Direction.Minimise, 0, 1e18, 0);
        challengeKey = keccak256(bytes(CHALLENGE));
        stepKey = _stepKey(CHALLENGE, STEP);
        treasury = ledger.treasury();
        notes = ledger.notes();
        _contribute(ben, 2 * WAD);
    }

    function test_gas_of_a_first_claim() public {
        _claim(ann, STEP, 1 days);
        _gas("claim, first ever");
    }

    /// @dev The steady state: whose lease was there before pays for no new slot of storage.
    function test_gas_of_one_accepted_contribution() public {
        uint256 total = _contributionOf(ben);
        assertLe(total, 400_000, "contribution, fully enforced");
    }

    function test_gas_of_a_lease_released() public {
        _claim(ann, STEP, 1 days);
        vm.prank(ann);
        ledger.release(CHALLENGE, STEP);
        _gas("release");
    }

    function test_gas_of_a_relayed_claim() public {
        bytes memory data = abi.encodeCall(ledger.claim, (CHALLENGE, STEP, 1 days));
        (Relayed.Request memory request, bytes memory signature) =
            _request(ann, 7, uint64(START + 1 days), data);
        ledger.relay(request, signature);
        _gas("claim, relayed");
    }

    function test_gas_of_a_settlement() public {
        bytes32[] memory proof = new bytes32[](DEPTH);
        bytes32 left = treasury.leafOf(challengeKey, 0, 4710, 0, ann, 400);
        bytes32 right = treasury.leafOf(challengeKey, 0, 4711, 0, ann, 600);
        bytes32 node = _pair(left, right);
        for (uint256 i = 1; i < DEPTH; ++i) {
            proof[i] = keccak256(abi.encode("sibling", i));
            node = _pair(node, proof[i]);
        }
        skip(31 days);
        vm.prank(owner);
        treasury.proposeSettlement(CHALLENGE, 0, node, REAL_CID, POT, new Settlement.Share[](0));
        _gas("propose a settlement");
        skip(DISPUTE);
        proof[0] = right;
        treasury.redeem(challengeKey, 0, 4710, 0, ann, 400, proof);
        _gas("redeem, 10000 leaves, first ever");
        proof[0] = left;
        treasury.redeem(challengeKey, 0, 4711, 0, ann, 600, proof);
        assertLe(_gas("redeem, 10000 leaves"), 60_000, "redeem");
        assertEq(treasury.creditOf(challengeKey, ann), 1000, "credit");
    }

    function test_gas_of_a_bounty() public {
        vm.deal(owner, 1 ether);
        vm.prank(owner);
        treasury.fund{value: 1 ether}(
            CHALLENGE, STEP, 0, address(0), 1 ether, address(0), uint64(START + 60 days), REAL_CID
        );
        _gas("fund a bounty");
        skip(60 days);
        treasury.refund(1);
        _gas("refund a bounty");
    }

    function test_gas_of_notes() public {
        notes.anchorBatch(CHALLENGE, keccak256("root"), 10_000, REAL_CID);
        // 700 a record of a batch of 100, 10 a record of a batch of 10,000: the call is one.
        assertLe(_gas("anchor a batch"), 70_000, "batch");
        vm.prank(ann);
        notes.endorse(1);
        _gas("endorse");
        vm.prank(ann);
        notes.review(1, CooptNotes.Opinion.Reproduced, REAL_CID);
        _gas("review");
    }

    function test_gas_of_a_dispute() public {
        _dispute(1, ann);
        _gas("dispute");
        _decide(1, false, _panel(0, 2));
        _gas("decide a dispute");
    }

    function _contributionOf(address who) private returns (uint256 total) {
        skip(2 days);
        _claim(who, STEP, 1 days);
        total = _gas("claim");
        bytes32 pledge = _pledge(stepKey, who, REAL_CID, _parents(), SALT);
        vm.prank(who);
        uint256 id = ledger.commit(CHALLENGE, STEP, pledge);
        total += _gas("commit");
        _reveal(id, who, REAL_CID, _parents());
        total += _gas("reveal");
        total += _judgeByThree(id);
        assertEq(ledger.stepOf(CHALLENGE, STEP).headId, id, "head");
    }

    function _judgeByThree(uint256 id) private returns (uint256 gasUsed) {
        Attestations.Opening[] memory openings = _openings(_scores(WAD, WAD + 1, WAD + 2));
        for (uint256 i = 0; i < openings.length; ++i) {
            openings[i].reportCid = REAL_CID;
        }
        Attestations.Commitment[] memory promises = _signedCommitments(id, openings);
        bytes32 base = ledger.submissionOf(id).word;
        ledger.commitScores(id, promises);
        gasUsed = _gas("commit three scores");
        ledger.revealScores(id, base, openings);
        uint256 revealed = _gas("reveal three scores, record");
        assertLe(revealed, 150_000, "quorum of three, relayed");
        gasUsed += revealed;
    }

    function _gas(string memory name) private returns (uint256) {
        return vm.snapshotGasLastCall("Gas", name);
    }

    function _pair(bytes32 a, bytes32 b) private pure returns (bytes32) {
        return a < b ? keccak256(abi.encodePacked(a, b)) : keccak256(abi.encodePacked(b, a));
    }

    function _parents() private pure returns (uint256[] memory parents) {
        parents = new uint256[](1);
        parents[0] = 1;
    }
}
