// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Attestations} from "../../src/Attestations.sol";
import {Registry} from "../../src/Registry.sol";
import {Relayed} from "../../src/Relayed.sol";
import {Submissions} from "../../src/Submissions.sol";
import {LedgerFixture} from "../LedgerFixture.sol";

/// @notice People who do on one ledger whatever they like, in any order, while a slow copy of the
/// rules writes down what must have come of it.
/// @dev Two steps: one to minimise with two slots, one to maximise without a cap. Scores are
/// small numbers, so that ties and gains are both common. Every call is sent whether or not it
/// makes sense; the ghosts move only when it was taken.
contract LedgerHandler is LedgerFixture {
    /// @dev What is known of a submission that the ledger does not say.
    struct Ghost {
        address author;
        uint8 step;
        string cid;
        bool isRevealed;
        address revealer;
        uint16 committed; // by index of evaluator
        uint16 shown;
        uint8 attested; // evaluators behind its score or refusal
        bool selfAttested;
        bool wasRecord;
        bytes32 base;
        uint256 beforeId;
        int256 beforeScore;
        uint16 version; // of the metric that it became a record by
        uint16 roundVersion;
        uint256 bond;
        address disputer;
    }

    uint256 public constant STEPS = 2;
    uint256 public constant WINDOW = 6; // acts are about the latest so many submissions
    uint128 public constant MIN_DELTA = 2;
    uint128 public constant TOLERANCE = 4;
    uint8 public constant CAP = 2;

    string[2] private _names;
    mapping(uint256 id => Ghost) private _ghosts;
    mapping(uint256 id => address[]) private _committers;
    mapping(uint256 id => int128[]) private _hidden;
    mapping(uint8 step => uint256) public headOf;
    mapping(uint8 step => int256) public headScoreOf;
    mapping(uint8 step => uint16) public versionOf;
    mapping(uint8 step => bool) public isMaximised;
    mapping(uint8 step => bool) public isStale;
    address[] private _people;
    uint256 public openBonds;
    uint256 public owed;
    uint256 public wrongMoves; // things that must never have been taken
    uint256 public lastId;
    mapping(bytes32 act => uint256) public taken;

    constructor() {
        _begin(5, 3);
        _names = [string("capped"), "open"];
        Registry.Direction down = Registry.Direction.Minimise;
        Registry.Direction up = Registry.Direction.Maximise;
        _registerStep(CHALLENGE, _names[0], down, MIN_DELTA, TOLERANCE, CAP);
        _registerStep(CHALLENGE, _names[1], up, MIN_DELTA, TOLERANCE, 0);
        isMaximised[1] = true;
        // Evaluators may be authors and disputers too: that is what must not help them.
        _people = [ann, ben, evaluators[0], evaluators[4], owner];
        for (uint256 i = 0; i < _people.length; ++i) {
            vm.deal(_people[i], 1000 ether);
        }
    }

    // What contributors do.

    function claim(uint256 who, uint8 step, uint64 durationS) external {
        vm.prank(_who(who));
        try ledger.claim(CHALLENGE, _names[step % STEPS], durationS % 40 days) {
            ++taken["claim"];
        } catch {}
    }

    function release(uint256 who, uint8 step) external {
        vm.prank(_who(who));
        try ledger.release(CHALLENGE, _names[step % STEPS]) {
            ++taken["release"];
        } catch {}
    }

    /// @dev Mostly with the lease that it needs, and revealed at once.
    function commit(uint256 who, uint8 step, uint8 work) external {
        step %= uint8(STEPS);
        address author = _who(who);
        string memory cid = string.concat("bafy", vm.toString(work % 4));
        bytes32 pledge =
            _pledge(_stepKey(CHALLENGE, _names[step]), author, cid, NO_PARENTS, SALT);
        if (work % 4 != 0) this.claim(who, step, 2 days);
        vm.prank(author);
        try ledger.commit(CHALLENGE, _names[step], pledge) returns (uint256 id) {
            if (id != lastId + 1) ++wrongMoves;
            lastId = id;
            Ghost storage ghost = _ghosts[id];
            (ghost.author, ghost.step, ghost.cid) = (author, step, cid);
            ++taken["commit"];
        } catch {
            return;
        }
        if (work % 4 != 0) this.reveal(0, 1); // of the last one
    }

    /// @dev Anybody tries, with the right bytes.
    function reveal(uint256 which, uint256 who) external {
        uint256 id = _seek(which, Submissions.Status.Committed);
        Ghost storage ghost = _ghosts[id];
        address revealer = who % 3 == 0 ? _who(who) : ghost.author;
        vm.prank(revealer);
        try ledger.reveal(id, ghost.cid, NO_PARENTS, SALT) {
            if (ghost.isRevealed) ++wrongMoves;
            (ghost.isRevealed, ghost.revealer) = (true, revealer);
            ++taken["reveal"];
        } catch {}
    }

    // What evaluators do.

    /// @dev One evaluator, with a score near to or far from the others'.
    function commitScore(uint256 which, uint256 who, int128 scoreWad) external {
        scoreWad %= 1_000_000;
        uint256 id = _seek(which, Submissions.Status.Pending);
        uint256 i = who % evaluators.length;
        Ghost storage ghost = _ghosts[id];
        uint8 step = ghost.step;
        Attestations.Opening memory opening = _opening(evaluators[i], scoreWad);
        Attestations.Commitment[] memory one = new Attestations.Commitment[](1);
        one[0] = Attestations.Commitment(evaluators[i], _hide(id, opening), "");
        bytes32 word = id == 0 ? bytes32(0) : ledger.submissionOf(id).word;
        vm.prank(evaluators[i]);
        try ledger.commitScores(id, one) {
            if (ghost.committed == 0 || ghost.roundVersion != versionOf[step]) {
                _beginRound(id, word);
            }
            if (ghost.committed & (1 << i) != 0 || !ghost.isRevealed) ++wrongMoves;
            ghost.committed |= uint16(1 << i);
            _committers[id].push(evaluators[i]);
            _hidden[id].push(scoreWad);
            ++taken["commitScore"];
        } catch {}
    }

    /// @dev A whole round at once, about the head's score, by three in a row, some of whom may be
    /// kept from it; now and then it is left for others to open.
    function judge(uint256 which, uint256 first, int8 gain, uint8 spread) external {
        int128 head = int128(headScoreOf[_ghosts[_seek(which, Submissions.Status.Pending)].step]);
        for (uint256 i = 0; i < 3; ++i) {
            int128 given = head + gain / 8 + int128(uint128((i * spread) % 6));
            try this.commitScore(which, first % 5 + i, given) {} catch {}
        }
        if (spread % 4 != 0) this.openAll(which);
    }

    function openAll(uint256 which) external {
        uint256 id = _seek(which, Submissions.Status.Pending);
        Ghost storage ghost = _ghosts[id];
        Attestations.Opening[] memory openings = _openingsOf(id);
        try ledger.revealScores(id, ghost.base, openings) {
            _noteJudged(id);
            ++taken["openAll"];
        } catch {}
    }

    function publish(uint256 which, uint256 who) external {
        uint256 id = _seek(which, Submissions.Status.Pending);
        Attestations.Opening[] memory openings = _openingsOf(id);
        if (openings.length == 0) return;
        uint256 i = who % openings.length;
        Attestations.Commitment[] memory made = new Attestations.Commitment[](openings.length);
        for (uint256 j = 0; j < made.length; ++j) {
            made[j] = Attestations.Commitment(
                openings[j].evaluator, _hide(id, openings[j]), ""
            );
        }
        try ledger.publishOpening(id, _ghosts[id].base, made, openings[i]) {
            _ghosts[id].shown |= uint16(1 << i);
            ++taken["publish"];
        } catch {}
    }

    function expire(uint256 which) external {
        uint256 id = _seek(which, Submissions.Status.Pending);
        Ghost storage ghost = _ghosts[id];
        try ledger.expireRound(id) {
            uint256 n = _committers[id].length;
            if (ghost.shown == (1 << n) - 1) ++wrongMoves; // all had opened
            _clear(id);
            ++taken["expire"];
        } catch {}
    }

    /// @dev A quorum, or fewer, among whom the head's author may be.
    function rescore(uint8 step, int8 by, uint256 which, uint8 from, uint8 n) external {
        step %= uint8(STEPS);
        int128 scoreWad = int128(headScoreOf[step]) + by / 8;
        uint256 because = _pick(which);
        address[] memory voters = _panel(from % 3, from % 3 + (n % 2 == 0 ? 3 : n % 3));
        bytes32 hash = _hashOf(step, scoreWad, because);
        Relayed.Vote[] memory votes = _votes(hash, voters);
        try ledger.rescore(CHALLENGE, _names[step], scoreWad, because, votes) {
            if (voters.length < quorum) ++wrongMoves;
            if (_holds(voters, _ghosts[headOf[step]].author) && !_isBaseline(headOf[step])) {
                ++wrongMoves;
            }
            headScoreOf[step] = scoreWad;
            isStale[step] = false;
            ++taken["rescore"];
        } catch {}
    }

    // What disputers and voters do.

    /// @dev Mostly a head, for there is most to win by striking one.
    function dispute(uint256 which, uint256 who) external {
        uint256 head = headOf[uint8(which % STEPS)];
        uint256 id = who % 3 != 0 ? head : _seek(which, Submissions.Status.Record);
        address disputer = _who(who);
        vm.prank(disputer);
        try ledger.dispute{value: BOND}(id, CID) {
            Ghost storage ghost = _ghosts[id];
            if (!ghost.wasRecord || ghost.disputer != address(0)) ++wrongMoves;
            (ghost.bond, ghost.disputer) = (BOND, disputer);
            openBonds += BOND;
            ++taken["dispute"];
        } catch {
            return;
        }
        if (who % 2 == 0 && lastId - id < WINDOW) this.decide(lastId - id, true, 0, 1);
    }

    function decide(uint256 which, bool upheld, uint8 from, uint8 n) external {
        uint256 id = _seek(which, Submissions.Status.Contested);
        address[] memory voters = n % 4 == 0
            ? _panel(from % 2, from % 2 + 1 + from % 4)
            : _allBut(_ghosts[id].author, _ghosts[id].disputer);
        Relayed.Vote[] memory votes = _votes(_verdictHash(id, upheld), voters);
        try ledger.decide(id, upheld, CID, votes) {
            Ghost storage ghost = _ghosts[id];
            if (_holds(voters, ghost.author) || _holds(voters, ghost.disputer)) ++wrongMoves;
            if (voters.length < 2) ++wrongMoves; // half of three is the least there can be
            _settleBond(id);
            if (upheld) _noteStruck(id);
            else if (!ghost.wasRecord) _noteScored(id);
            ++taken["decide"];
        } catch {}
    }

    function lapse(uint256 which) external {
        uint256 id = _seek(which, Submissions.Status.Contested);
        try ledger.lapse(id) {
            _settleBond(id);
            if (!_ghosts[id].wasRecord) _noteStruck(id);
            ++taken["lapse"];
        } catch {}
    }

    function withdraw(uint256 who) external {
        address person = _who(who);
        uint256 due = ledger.owedTo(person);
        uint256 held = person.balance;
        vm.prank(person);
        try ledger.withdraw() {
            if (person.balance != held + due) ++wrongMoves;
            owed -= due;
            ++taken["withdraw"];
        } catch {
            if (due != 0) ++wrongMoves;
        }
    }

    // What the owner and the guardian do.

    /// @dev Now and then, for it leaves a head stale until it is scored anew.
    function changeMetric(uint8 step, bool up, uint8 dice) external {
        if (dice % 8 != 0) return;
        step %= uint8(STEPS);
        Registry.Direction direction =
            up ? Registry.Direction.Maximise : Registry.Direction.Minimise;
        vm.startPrank(owner);
        ledger.proposeMetric(
            CHALLENGE, _names[step], SPEC, direction, MIN_DELTA, TOLERANCE
        );
        ledger.seal(CHALLENGE, keccak256("root"), CID);
        ledger.activateMetric(CHALLENGE, _names[step]);
        vm.stopPrank();
        isMaximised[step] = up;
        ++versionOf[step];
        isStale[step] = headOf[step] != 0;
        ++taken["metric"];
    }

    function pause(bool down) external {
        if (down) {
            try guard.pause() {
                ++taken["pause"];
            } catch {}
        } else {
            guard.unpause();
        }
    }

    function wait(uint32 seconds_) external {
        vm.warp(_now() + seconds_ % (seconds_ % 4 == 0 ? 3 days : 2 hours));
    }

    // What the invariants ask.

    function theLedger() external view returns (address) {
        return address(ledger);
    }

    function nameOf(uint8 step) external view returns (string memory) {
        return _names[step];
    }

    function ghostOf(uint256 id) external view returns (Ghost memory) {
        return _ghosts[id];
    }

    function people() external view returns (address[] memory) {
        return _people;
    }

    /// @dev A copy of the rule for records, told what was agreed on.
    function _noteJudged(uint256 id) private {
        Ghost storage ghost = _ghosts[id];
        ghost.attested = uint8(_committers[id].length);
        ghost.selfAttested = _holds(_committers[id], ghost.author) && !_isBaseline(id);
        if (ledger.submissionOf(id).status == Submissions.Status.Contested) {
            if (_spreadOf(id) <= int256(uint256(TOLERANCE))) ++wrongMoves;
            return;
        }
        if (_spreadOf(id) > int256(uint256(TOLERANCE))) ++wrongMoves;
        _noteScored(id);
    }

    function _noteScored(uint256 id) private {
        Ghost storage ghost = _ghosts[id];
        uint8 step = ghost.step;
        if (isStale[step]) ++wrongMoves;
        int256 value = _medianOf(id);
        int256 head = headScoreOf[step];
        int256 delta = int256(uint256(MIN_DELTA));
        bool isBetter = isMaximised[step] ? value > head + delta : value < head - delta;
        if (headOf[step] != 0 && !isBetter) return;
        (ghost.beforeId, ghost.beforeScore) = (headOf[step], head);
        (ghost.wasRecord, ghost.version) = (true, versionOf[step]);
        (headOf[step], headScoreOf[step]) = (id, value);
    }

    function _noteStruck(uint256 id) private {
        Ghost storage ghost = _ghosts[id];
        if (headOf[ghost.step] != id || !ghost.wasRecord) return;
        ++taken["struckHead"];
        uint256 back = id;
        int256 value;
        uint16 version;
        do {
            (value, version) = (_ghosts[back].beforeScore, _ghosts[back].version);
            back = _ghosts[back].beforeId;
        } while (
            back != 0 && ledger.submissionOf(back).status == Submissions.Status.Struck
        );
        (headOf[ghost.step], headScoreOf[ghost.step]) = (back, value);
        isStale[ghost.step] = back != 0 && version != versionOf[ghost.step];
    }

    function _settleBond(uint256 id) private {
        Ghost storage ghost = _ghosts[id];
        openBonds -= ghost.bond;
        owed += ghost.bond;
        ghost.bond = 0;
    }

    function _beginRound(uint256 id, bytes32 word) private {
        _clear(id);
        _ghosts[id].base = word;
        _ghosts[id].roundVersion = versionOf[_ghosts[id].step];
    }

    function _clear(uint256 id) private {
        delete _committers[id];
        delete _hidden[id];
        (_ghosts[id].committed, _ghosts[id].shown) = (0, 0);
    }

    function _openingsOf(uint256 id)
        private
        view
        returns (Attestations.Opening[] memory openings)
    {
        uint256 n = _committers[id].length;
        openings = new Attestations.Opening[](n);
        for (uint256 i = 0; i < n; ++i) {
            openings[i] = _opening(_committers[id][i], _hidden[id][i]);
        }
    }

    function _hashOf(uint8 step, int128 scoreWad, uint256 because)
        private
        view
        returns (bytes32)
    {
        Registry.Step memory entry = ledger.stepOf(CHALLENGE, _names[step]);
        return keccak256(
            abi.encode(
                RESCORE_TYPE,
                _stepKey(CHALLENGE, _names[step]),
                entry.headId,
                entry.headScore,
                scoreWad,
                because,
                entry.changes
            )
        );
    }

    /// @dev The lower median by merit, of at most five, by counting.
    function _medianOf(uint256 id) private view returns (int256) {
        int128[] storage found = _hidden[id];
        uint256 n = found.length;
        for (uint256 i = 0; i < n; ++i) {
            uint256 worse = 0;
            uint256 same = 0;
            for (uint256 j = 0; j < n; ++j) {
                if (found[j] == found[i]) ++same;
                else if (isMaximised[_ghosts[id].step] == (found[j] < found[i])) ++worse;
            }
            if (worse <= (n - 1) / 2 && (n - 1) / 2 < worse + same) return found[i];
        }
        return 0;
    }

    function _spreadOf(uint256 id) private view returns (int256) {
        int256 low = type(int256).max;
        int256 high = type(int256).min;
        for (uint256 i = 0; i < _hidden[id].length; ++i) {
            if (_hidden[id][i] < low) low = _hidden[id][i];
            if (_hidden[id][i] > high) high = _hidden[id][i];
        }
        return high - low;
    }

    function _isBaseline(uint256 id) private view returns (bool) {
        Ghost storage ghost = _ghosts[id];
        uint32 first = ledger.stepOf(CHALLENGE, _names[ghost.step]).firstId;
        return id == first && ghost.author == owner;
    }

    function _holds(address[] memory some, address who) private pure returns (bool) {
        for (uint256 i = 0; i < some.length; ++i) {
            if (some[i] == who) return true;
        }
        return false;
    }

    function _allBut(address one, address other) private view returns (address[] memory some) {
        some = _panel(0, evaluators.length);
        uint256 n = 0;
        for (uint256 i = 0; i < some.length; ++i) {
            if (some[i] != one && some[i] != other) some[n++] = some[i];
        }
        assembly ("memory-safe") {
            mstore(some, n)
        }
    }

    /// @dev One of the latest, so that stories are continued.
    function _pick(uint256 which) private view returns (uint256) {
        if (lastId == 0) return 0;
        return lastId - which % (lastId < WINDOW ? lastId : WINDOW);
    }

    /// @dev Mostly one that the act can be about, if there is one; sometimes any.
    function _seek(uint256 which, Submissions.Status status) private view returns (uint256) {
        if (which % 5 == 0) return _pick(which);
        for (uint256 i = 0; i < WINDOW && i < lastId; ++i) {
            uint256 id = _pick(which % WINDOW + i);
            if (ledger.submissionOf(id).status == status) return id;
        }
        return _pick(which);
    }

    function _who(uint256 which) private view returns (address) {
        return _people[which % _people.length];
    }
}
