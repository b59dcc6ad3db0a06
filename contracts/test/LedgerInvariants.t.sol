// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Claims} from "../src/Claims.sol";
import {CooptLedger} from "../src/CooptLedger.sol";
import {Disputes} from "../src/Disputes.sol";
import {Registry} from "../src/Registry.sol";
import {Submissions} from "../src/Submissions.sol";
import {Base} from "./Base.sol";
import {LedgerHandler} from "./handlers/LedgerHandler.sol";

/// @notice What holds on the ledger after anything that anybody did in any order.
contract LedgerInvariantsTest is Base {
    string private constant CHALLENGE = "tracking";
    LedgerHandler private handler;
    CooptLedger private ledger;

    function setUp() public {
        handler = new LedgerHandler();
        ledger = CooptLedger(handler.theLedger());
        targetContract(address(handler));
    }

    /// @dev One function for all, for forge runs a whole campaign for each.
    function invariant_TheLedgerKeepsItsRules() public view {
        _requireThatNothingWasTakenThatTheRulesRefuse();
        for (uint8 step = 0; step < handler.STEPS(); ++step) {
            _requireTheHeadOfTheSlowModel(step);
        }
        uint256 last = handler.lastId();
        assertEq(uint256(ledger.submissionCount()), last, "numbers follow commitments");
        uint256 first = last > handler.WINDOW() ? last - handler.WINDOW() : 0;
        for (uint256 id = first + 1; id <= last; ++id) {
            _requireThatASubmissionIsAsItCameAbout(id);
        }
        _requireThatLiveLeasesDoNotPassTheCap();
        _requireThatTheLedgerHoldsWhatItOwesAndOpenBonds();
    }

    /// @dev The people above do nothing in vain: each kind of act is taken many times, also those
    /// that need others before them. Otherwise the campaign would prove little.
    function test_ARandomStoryHoldsEveryKindOfAct() public {
        uint256 seed = uint256(keccak256("story"));
        for (uint256 i = 0; i < 4000; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            this.act(seed);
        }
        this.invariant_TheLedgerKeepsItsRules();
        bytes32[16] memory acts = [
            bytes32("claim"), "release", "commit", "reveal", "commitScore", "openAll", "publish",
            "expire", "rescore", "dispute", "decide", "lapse", "withdraw", "metric", "pause",
            "struckHead"
        ];
        for (uint256 i = 0; i < acts.length; ++i) {
            assertGt(handler.taken(acts[i]), 3, string(abi.encodePacked(acts[i])));
        }
    }

    /// @dev One act, drawn as forge draws them: each as often as any other.
    function act(uint256 seed) external {
        uint256 a = seed >> 8;
        uint256 b = seed >> 72;
        uint8 c = uint8(seed >> 140);
        uint8 d = uint8(seed >> 150);
        int8 score = int8(uint8(seed >> 160));
        uint256 kind = seed % 17;
        if (kind == 0) handler.claim(a, c, uint64(b));
        else if (kind == 1) handler.release(a, c);
        else if (kind == 2) handler.commit(a, c, d);
        else if (kind == 3) handler.reveal(a, b);
        else if (kind == 4) handler.commitScore(a, b, int128(int256(b)));
        else if (kind == 5) handler.judge(a, b, score, c);
        else if (kind == 6) handler.openAll(a);
        else if (kind == 7) handler.publish(a, b);
        else if (kind == 8) handler.expire(a);
        else if (kind == 9) handler.rescore(c, score, a, d, uint8(b));
        else if (kind == 10) handler.dispute(a, b);
        else if (kind == 11) handler.decide(a, c % 2 == 0, d, uint8(b));
        else if (kind == 12) handler.lapse(a);
        else if (kind == 13) handler.withdraw(a);
        else if (kind == 14) handler.changeMetric(c, d % 2 == 0, uint8(b));
        else if (kind == 15) handler.pause(c % 2 == 0);
        else handler.wait(uint32(a));
    }

    /// @dev The handler counts what was taken and must not have been: votes of authors and
    /// disputers, rounds that agreed or not against their spread, numbers out of order.
    function _requireThatNothingWasTakenThatTheRulesRefuse() private view {
        assertEq(handler.wrongMoves(), 0, "wrong moves");
    }

    /// @dev It says where the head is after records, rescores, strikes and changes of metric; so
    /// a head moves only by those. One that was struck is none.
    function _requireTheHeadOfTheSlowModel(uint8 step) private view {
        Registry.Step memory entry = ledger.stepOf(CHALLENGE, handler.nameOf(step));
        assertEq(uint256(entry.headId), handler.headOf(step), "head");
        assertEq(entry.isStale, handler.isStale(step), "stale");
        assertEq(uint256(entry.metricVersion), handler.versionOf(step), "version");
        if (entry.headId == 0) return;
        assertEq(int256(entry.headScore), handler.headScoreOf(step), "head's score");
        Submissions.Status status = ledger.submissionOf(entry.headId).status;
        bool stands =
            status == Submissions.Status.Record || status == Submissions.Status.Contested;
        assertTrue(stands, "a head that does not stand");
    }

    /// @dev No judgement without a quorum, none by its author; revealed by its author alone; a
    /// vote is open while it is contested, and its bond is what was paid.
    function _requireThatASubmissionIsAsItCameAbout(uint256 id) private view {
        LedgerHandler.Ghost memory ghost = handler.ghostOf(id);
        Submissions.Submission memory entry = ledger.submissionOf(id);
        bool isJudged = entry.status > Submissions.Status.Pending;
        assertEq(uint256(ghost.attested), isJudged ? 3 : 0, "judged by no quorum");
        assertFalse(ghost.selfAttested, "attested by its author");
        assertEq(entry.contributor, ghost.author, "author");
        assertEq(entry.status != Submissions.Status.Committed, ghost.isRevealed, "revealed");
        if (ghost.isRevealed) assertEq(ghost.revealer, ghost.author, "revealer");
        bool isContested = entry.status == Submissions.Status.Contested;
        Disputes.Dispute memory found = ledger.disputeOf(id);
        assertEq(isContested, found.voteBy != 0, "an open vote");
        assertEq(uint256(found.bondWei), ghost.bond, "bond");
    }

    function _requireThatLiveLeasesDoNotPassTheCap() private view {
        address[] memory people = handler.people();
        string memory capped = handler.nameOf(0);
        uint256 live = 0;
        for (uint256 i = 0; i < people.length; ++i) {
            Claims.Lease memory lease = ledger.leaseOf(CHALLENGE, capped, people[i]);
            if (lease.until > vm.getBlockTimestamp()) ++live;
        }
        assertLe(live, handler.CAP(), "live leases");
    }

    function _requireThatTheLedgerHoldsWhatItOwesAndOpenBonds() private view {
        address[] memory people = handler.people();
        uint256 owed = 0;
        for (uint256 i = 0; i < people.length; ++i) {
            owed += ledger.owedTo(people[i]);
        }
        assertEq(owed, handler.owed(), "owed");
        assertEq(address(ledger).balance, owed + handler.openBonds(), "balance");
    }
}
