// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Attestations} from "../src/Attestations.sol";
import {Registry} from "../src/Registry.sol";
import {Relayed} from "../src/Relayed.sol";
import {Submissions} from "../src/Submissions.sol";
import {LedgerFixture} from "./LedgerFixture.sol";

/// @notice No call grows dearer with what others have done, and none can be made to fail by
/// filling the ledger.
/// @dev Gas is that of the call alone, in a warm test; the first call of each kind is left out,
/// for it pays for slots that are new. The test calls itself, so that every turn begins with the
/// memory of the first, which costs gas too.
contract AttackGasTest is LedgerFixture {
    function setUp() public {
        _begin(3, 2);
    }

    struct Costs {
        uint256 claim;
        uint256 commit;
        uint256 reveal;
        uint256 commitScores;
        uint256 revealScores;
        uint256 dispute;
        uint256 decide;
    }

    /// @dev 1,000 submissions by 1,000 accounts to one step, all of them records: the second and
    /// the last cost the same but for the bytes of larger numbers.
    function test_TheThousandthSubmissionCostsWhatTheSecondDoes() public {
        this.contributeAndMeasure(0, 2000);
        Costs memory second = this.contributeAndMeasure(1, 1999);
        for (uint256 i = 2; i < 999; ++i) {
            this.contributeAnother(i);
        }
        Costs memory last = this.contributeAndMeasure(999, 1);
        assertEq(uint256(ledger.submissionCount()), 1000);
        _requireFlat(second.claim, last.claim);
        _requireFlat(second.commit, last.commit);
        _requireFlat(second.reveal, last.reveal);
        _requireFlat(second.commitScores, last.commitScores);
        _requireFlat(second.revealScores, last.revealScores);
        _requireFlat(second.dispute, last.dispute);
        _requireFlat(second.decide, last.decide);
    }

    /// @dev 16 evaluators are the most that a challenge can have: all of them as the quorum, and
    /// all of them voting, fit a block many times over.
    function test_SixteenEvaluatorsAreAffordable() public {
        _nameEvaluators(16);
        _register("wide", _rules(16));
        _registerStep("wide", STEP, Registry.Direction.Minimise, 0, 0, 0);
        bytes32 pledge = _pledge(_stepKey("wide", STEP), owner, CID, NO_PARENTS, SALT);
        vm.prank(owner);
        uint256 id = ledger.commit("wide", STEP, pledge);
        _reveal(id, owner, CID, NO_PARENTS);
        Attestations.Opening[] memory openings = _openings(_all(16, 5));
        Attestations.Commitment[] memory made = _signedCommitments(id, openings);
        uint256 start = gasleft();
        ledger.commitScores(id, made);
        assertLe(start - gasleft(), 400_000, "16 commitments");
        assertEq(uint256(ledger.submissionOf(id).committed), type(uint16).max);
        start = gasleft();
        ledger.revealScores(id, pledge, openings);
        assertLe(start - gasleft(), 500_000, "16 openings");
        _dispute(id, ben);
        Relayed.Vote[] memory votes = _votes(_verdictHash(id, true), _panel(0, 16));
        start = gasleft();
        ledger.decide(id, true, CID, votes);
        assertLe(start - gasleft(), 500_000, "16 votes");
    }

    /// @dev The one loop without a fixed bound runs over records that a majority struck: each
    /// costs about two cold reads, so that 1,000 of them fit a block of 30 million.
    function test_AHeadIsStruckOverManyStruckRecords() public {
        _registerStep(CHALLENGE, "deep", Registry.Direction.Minimise, 0, 0, 0);
        uint256 first = _submitTo(ann, "deep");
        _judge(first, _all(2, 1000));
        uint256[] memory ids = new uint256[](100);
        for (uint256 i = 0; i < 100; ++i) {
            ids[i] = _submitTo(ben, "deep");
            _judge(ids[i], _all(2, int128(int256(900 - i))));
        }
        for (uint256 i = 0; i < 99; ++i) {
            _dispute(ids[i], ann);
            _decide(ids[i], true, _panel(0, 2));
        }
        _dispute(ids[99], ann);
        Relayed.Vote[] memory votes = _votes(_verdictHash(ids[99], true), _panel(0, 2));
        uint256 start = gasleft();
        ledger.decide(ids[99], true, CID, votes);
        uint256 spent = start - gasleft();
        assertEq(uint256(ledger.stepOf(CHALLENGE, "deep").headId), first);
        assertLe(spent, 100_000 + 100 * 6_000, "a struck record costs more than 6,000 to pass");
    }

    /// @dev The dearest claim: a step of 255 slots whose leases have all ended.
    function test_SweepingTheWidestStepIsAffordable() public {
        _registerStep(CHALLENGE, "wide", Registry.Direction.Minimise, 0, 0, 255);
        for (uint256 i = 0; i < 255; ++i) {
            _claim(_someone(i), "wide", 1 days);
        }
        vm.warp(START + 1 days);
        uint256 start = gasleft();
        _claim(ann, "wide", 1 days);
        assertLe(start - gasleft(), 3_000_000, "the sweep");
        start = gasleft();
        _claim(ben, "wide", 1 days);
        assertLe(start - gasleft(), 150_000, "the claim after it");
    }

    function test_HugeListsAreRefusedAndLeaveNothing() public {
        uint256 id = _submit(ann);
        bytes32 before = keccak256(abi.encode(ledger.submissionOf(id)));
        Attestations.Commitment[] memory made = new Attestations.Commitment[](1000);
        vm.expectRevert(Attestations.QuorumComplete.selector);
        ledger.commitScores(id, made);
        _commitRound(id, _openings(_all(2, 5)));
        Attestations.Opening[] memory openings = new Attestations.Opening[](1000);
        vm.expectRevert(Attestations.WrongOpenings.selector);
        ledger.revealScores(id, 0, openings);
        vm.expectRevert(Attestations.WrongOpenings.selector);
        ledger.publishOpening(id, 0, made, openings[0]);
        vm.warp(_now() + REVEAL + 1);
        ledger.expireRound(id);
        assertTrue(keccak256(abi.encode(ledger.submissionOf(id))) != before);
        uint256[] memory parents = new uint256[](10_000);
        uint256 other = _commit(ann, CID, parents);
        vm.expectRevert(Submissions.TooManyParents.selector);
        _reveal(other, ann, CID, parents);
    }

    /// @dev Offsets and lengths that point anywhere: the call fails, and nothing has changed.
    function testFuzz_MalformedCallsChangeNothing(bytes memory junk, uint8 which) public {
        uint256 id = _submit(ann);
        bytes4[10] memory selectors = [
            ledger.commitScores.selector,
            ledger.revealScores.selector,
            ledger.publishOpening.selector,
            ledger.decide.selector,
            ledger.rescore.selector,
            ledger.relay.selector,
            ledger.relayMany.selector,
            ledger.reveal.selector,
            ledger.claim.selector,
            ledger.registerChallenge.selector
        ];
        bytes32 before = _fingerprint(id);
        (bool done,) = address(ledger).call(abi.encodePacked(selectors[which % 10], junk));
        // An empty `relayMany` may pass; it is the only thing that junk can say.
        if (done) assertTrue(selectors[which % 10] == ledger.relayMany.selector);
        assertEq(_fingerprint(id), before);
    }

    function test_AListThatSaysItIsEndlessIsRefused() public {
        uint256 id = _submit(ann);
        bytes32 before = _fingerprint(id);
        (bool done,) = address(ledger).call(
            abi.encodeWithSelector(ledger.commitScores.selector, id, 64, type(uint256).max)
        );
        assertFalse(done);
        (done,) = address(ledger).call(
            abi.encodeWithSelector(ledger.commitScores.selector, id, type(uint256).max)
        );
        assertFalse(done);
        (done,) = address(ledger).call(
            abi.encodeWithSelector(ledger.commitScores.selector, id, 64, 2, 64, 64)
        );
        assertFalse(done);
        assertEq(_fingerprint(id), before);
    }

    function contributeAnother(uint256 i) external {
        _contribute(_someone(i), int128(int256(2000 - i)));
    }

    function contributeAndMeasure(uint256 i, int128 scoreWad)
        external
        returns (Costs memory cost)
    {
        address who = _someone(i);
        bytes32 pledge = _pledge(stepKey, who, CID, NO_PARENTS, SALT);
        vm.prank(who);
        uint256 start = gasleft();
        ledger.claim(CHALLENGE, STEP, 1 days);
        cost.claim = start - gasleft();
        vm.prank(who);
        start = gasleft();
        uint256 id = ledger.commit(CHALLENGE, STEP, pledge);
        cost.commit = start - gasleft();
        vm.prank(who);
        start = gasleft();
        ledger.reveal(id, CID, NO_PARENTS, SALT);
        cost.reveal = start - gasleft();
        Attestations.Opening[] memory openings = _openings(_all(2, scoreWad));
        Attestations.Commitment[] memory made = _signedCommitments(id, openings);
        bytes32 base = ledger.submissionOf(id).word;
        start = gasleft();
        ledger.commitScores(id, made);
        cost.commitScores = start - gasleft();
        start = gasleft();
        ledger.revealScores(id, base, openings);
        cost.revealScores = start - gasleft();
        vm.deal(ben, BOND);
        vm.prank(ben);
        start = gasleft();
        ledger.dispute{value: BOND}(id, CID);
        cost.dispute = start - gasleft();
        Relayed.Vote[] memory votes = _votes(_verdictHash(id, false), _panel(0, 2));
        start = gasleft();
        ledger.decide(id, false, CID, votes);
        cost.decide = start - gasleft();
    }

    function _requireFlat(uint256 early, uint256 late) private pure {
        assertLe(late, early + 200, "dearer than it was");
    }

    function _fingerprint(uint256 id) private view returns (bytes32) {
        return keccak256(
            abi.encode(
                ledger.submissionCount(),
                ledger.submissionOf(id),
                ledger.stepOf(CHALLENGE, STEP),
                address(ledger).balance
            )
        );
    }

    function _someone(uint256 i) private pure returns (address) {
        return address(uint160(0xBEEF0000 + i));
    }
}
