// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Attestations} from "../src/Attestations.sol";
import {CooptGuard} from "../src/CooptGuard.sol";
import {CooptLedger} from "../src/CooptLedger.sol";
import {Registry} from "../src/Registry.sol";
import {Relayed} from "../src/Relayed.sol";
import {Base} from "./Base.sol";

/// @notice A ledger with people on it: an owner, evaluators with keys, contributors, and short
/// words for what they do.
/// @dev Hashes are built here a second time, not asked of the contract, so that a change of what
/// is signed breaks tests. The optimiser takes `block.timestamp` for constant in a call: ask
/// `_now()` after a warp.
abstract contract LedgerFixture is Base {
    string internal constant CHALLENGE = "tracking";
    string internal constant STEP = "seeding";
    string internal constant CID = "bafyreport";
    string internal constant SPEC = "bafyspec";
    string internal constant MANIFEST = "bafymanifest";
    bytes32 internal constant SALT = keccak256("salt");
    int128 internal constant WAD = 1e18;
    uint96 internal constant BOND = 0.1 ether;
    uint32 internal constant REVEAL = 1 hours;
    uint32 internal constant DISPUTE = 2 days;
    uint96 internal constant POT = 1_000_000;
    uint256 internal constant START = 1_800_000_000;
    uint256[] internal NO_PARENTS;

    bytes32 internal constant COMMITMENT_TYPE = keccak256(
        "ScoreCommitment(uint256 submissionId,uint16 metricVersion,address evaluator,bytes32 commitment)"
    );
    bytes32 internal constant VERDICT_TYPE =
        keccak256("Verdict(uint256 submissionId,bool upheld,string reportCid)");
    bytes32 internal constant RESCORE_TYPE = keccak256(
        "Rescore(bytes32 stepKey,uint32 headId,int128 oldWad,int128 scoreWad,uint256 because,uint24 changes)"
    );
    bytes32 internal constant REQUEST_TYPE =
        keccak256("Request(address from,uint256 nonce,uint64 deadline,bytes data)");
    bytes32 internal constant DOMAIN_TYPE = keccak256(
        "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
    );

    CooptLedger internal ledger;
    CooptGuard internal guard;
    uint256 internal quorum; // `_contribute` judges with so many
    address internal owner;
    address internal ann;
    address internal ben;
    address[] internal evaluators; // rising, so that votes by index rise
    bytes32 internal challengeKey;
    bytes32 internal stepKey;
    mapping(address account => uint256) internal keyOf;

    /// @dev Deploys, with `n` evaluators of whom `k` are a quorum, and one step to minimise.
    function _begin(uint256 n, uint8 k) internal {
        _deploy();
        _nameEvaluators(n);
        quorum = k;
        _register(CHALLENGE, _rules(k));
        _registerStep(CHALLENGE, STEP, Registry.Direction.Minimise, 0, 0, 0);
        challengeKey = keccak256(bytes(CHALLENGE));
        stepKey = _stepKey(CHALLENGE, STEP);
    }

    function _deploy() internal {
        vm.warp(START);
        // Not `new`: each test contract would hold, and compile, the ledger's code once more.
        ledger = CooptLedger(vm.deployCode("CooptLedger.sol:CooptLedger"));
        guard = ledger.guard();
        owner = _person("owner");
        ann = _person("ann");
        ben = _person("ben");
    }

    /// @dev An account with a key; the same name is the same account.
    function _person(string memory name) internal returns (address who) {
        uint256 key = uint256(keccak256(bytes(name)));
        who = vm.addr(key);
        if (keyOf[who] == 0) vm.label(who, name);
        keyOf[who] = key;
    }

    function _nameEvaluators(uint256 n) internal {
        delete evaluators;
        for (uint256 i = 0; i < n; ++i) {
            address who = _person(string.concat("evaluator", vm.toString(i)));
            evaluators.push(who);
            for (uint256 j = i; j > 0 && evaluators[j] < evaluators[j - 1]; --j) {
                (evaluators[j], evaluators[j - 1]) = (evaluators[j - 1], evaluators[j]);
            }
        }
    }

    function _rules(uint8 k) internal pure returns (Registry.Rules memory) {
        return Registry.Rules({
            slots: 0,
            closesAt: 0,
            quorum: k,
            revealS: REVEAL,
            disputeS: DISPUTE,
            bondWei: BOND,
            pot: POT
        });
    }

    function _register(string memory challenge, Registry.Rules memory rules) internal {
        vm.prank(owner);
        ledger.registerChallenge(challenge, MANIFEST, evaluators, rules);
    }

    function _registerStep(
        string memory challenge,
        string memory step,
        Registry.Direction direction,
        uint128 minDelta,
        uint128 tolerance,
        uint8 cap
    ) internal {
        vm.prank(owner);
        ledger.registerStep(challenge, step, SPEC, direction, minDelta, tolerance, cap);
    }

    function _claim(address who, string memory step, uint64 durationS) internal {
        vm.prank(who);
        ledger.claim(CHALLENGE, step, durationS);
    }

    /// @dev A lease of a day, if there is none, and a commitment.
    function _commit(address who, string memory cid, uint256[] memory parents)
        internal
        returns (uint256)
    {
        return _commitTo(who, STEP, cid, parents);
    }

    function _commitTo(
        address who,
        string memory step,
        string memory cid,
        uint256[] memory parents
    ) internal returns (uint256) {
        if (ledger.leaseOf(CHALLENGE, step, who).until <= _now()) _claim(who, step, 1 days);
        bytes32 pledge = _pledge(_stepKey(CHALLENGE, step), who, cid, parents, SALT);
        vm.prank(who);
        return ledger.commit(CHALLENGE, step, pledge);
    }

    function _reveal(uint256 id, address who, string memory cid, uint256[] memory parents)
        internal
    {
        vm.prank(who);
        ledger.reveal(id, cid, parents, SALT);
    }

    /// @dev Claim, commit and reveal.
    function _submit(address who) internal returns (uint256) {
        return _submitTo(who, STEP);
    }

    function _submitTo(address who, string memory step) internal returns (uint256 id) {
        id = _commitTo(who, step, "bafysolution", NO_PARENTS);
        _reveal(id, who, "bafysolution", NO_PARENTS);
    }

    function _opening(address who, int128 scoreWad)
        internal
        pure
        returns (Attestations.Opening memory)
    {
        return Attestations.Opening(who, scoreWad, 0, "", CID, SALT);
    }

    function _refusal(address who, string memory reason)
        internal
        pure
        returns (Attestations.Opening memory)
    {
        return Attestations.Opening(who, 0, 0, reason, CID, SALT);
    }

    /// @dev Openings of the first evaluators, one a score.
    function _openings(int128[] memory scores)
        internal
        view
        returns (Attestations.Opening[] memory all)
    {
        all = new Attestations.Opening[](scores.length);
        for (uint256 i = 0; i < scores.length; ++i) {
            all[i] = _opening(evaluators[i], scores[i]);
        }
    }

    function _all(uint256 n, int128 scoreWad) internal pure returns (int128[] memory scores) {
        scores = new int128[](n);
        for (uint256 i = 0; i < n; ++i) {
            scores[i] = scoreWad;
        }
    }

    function _scores(int128 a, int128 b, int128 c) internal pure returns (int128[] memory scores) {
        scores = new int128[](3);
        (scores[0], scores[1], scores[2]) = (a, b, c);
    }

    function _signedCommitments(uint256 id, Attestations.Opening[] memory openings)
        internal
        view
        returns (Attestations.Commitment[] memory signed)
    {
        signed = new Attestations.Commitment[](openings.length);
        for (uint256 i = 0; i < openings.length; ++i) {
            signed[i] = _signedCommitment(id, openings[i]);
        }
    }

    function _signedCommitment(uint256 id, Attestations.Opening memory opening)
        internal
        view
        returns (Attestations.Commitment memory)
    {
        bytes32 hidden = _hide(id, opening);
        bytes memory signature = _sign(opening.evaluator, _commitmentHash(id, opening.evaluator, hidden));
        return Attestations.Commitment(opening.evaluator, hidden, signature);
    }

    /// @dev One evaluator's own commitment, sent by itself.
    function _commitOwn(uint256 id, Attestations.Opening memory opening) internal {
        Attestations.Commitment[] memory one = new Attestations.Commitment[](1);
        one[0] = Attestations.Commitment(opening.evaluator, _hide(id, opening), "");
        vm.prank(opening.evaluator);
        ledger.commitScores(id, one);
    }

    /// @dev All commitments in one call; gives the word they were chained onto.
    function _commitRound(uint256 id, Attestations.Opening[] memory openings)
        internal
        returns (bytes32 base)
    {
        base = ledger.submissionOf(id).word;
        ledger.commitScores(id, _signedCommitments(id, openings));
    }

    /// @dev A whole round: the quorum commits and opens.
    function _judge(uint256 id, int128[] memory scores) internal {
        Attestations.Opening[] memory openings = _openings(scores);
        bytes32 base = _commitRound(id, openings);
        ledger.revealScores(id, base, openings);
    }

    /// @dev Everything up to a record or no gain, by the quorum's unanimous score.
    function _contribute(address who, int128 scoreWad) internal returns (uint256 id) {
        id = _submit(who);
        _judge(id, _all(quorum, scoreWad));
    }

    function _dispute(uint256 id, address who) internal {
        vm.deal(who, who.balance + BOND);
        vm.prank(who);
        ledger.dispute{value: BOND}(id, "bafyevidence");
    }

    function _decide(uint256 id, bool upheld, address[] memory voters) internal {
        ledger.decide(id, upheld, CID, _votes(_verdictHash(id, upheld), voters));
    }

    function _rescore(int128 scoreWad, uint256 because, address[] memory voters) internal {
        ledger.rescore(
            CHALLENGE, STEP, scoreWad, because, _votes(_rescoreHash(scoreWad, because), voters)
        );
    }

    function _seal() internal {
        vm.prank(owner);
        ledger.seal(CHALLENGE, keccak256("root"), "bafysealed");
    }

    /// @dev Evaluators `from` to before `to`.
    function _panel(uint256 from, uint256 to) internal view returns (address[] memory some) {
        some = new address[](to - from);
        for (uint256 i = from; i < to; ++i) {
            some[i - from] = evaluators[i];
        }
    }

    function _votes(bytes32 structHash, address[] memory voters)
        internal
        view
        returns (Relayed.Vote[] memory votes)
    {
        votes = new Relayed.Vote[](voters.length);
        for (uint256 i = 0; i < voters.length; ++i) {
            votes[i] = Relayed.Vote(voters[i], _sign(voters[i], structHash));
        }
    }

    /// @dev A request to the ledger, signed by `from`.
    function _request(address from, uint256 nonce, uint64 deadline, bytes memory data)
        internal
        view
        returns (Relayed.Request memory request, bytes memory signature)
    {
        request = Relayed.Request(from, nonce, deadline, data);
        signature = _sign(from, _requestHash(request));
    }

    function _sign(address who, bytes32 structHash) internal view returns (bytes memory) {
        return _signFor(address(ledger), block.chainid, who, structHash);
    }

    function _signFor(address target, uint256 chainId, address who, bytes32 structHash)
        internal
        view
        returns (bytes memory)
    {
        bytes32 digest = _digest(target, chainId, structHash);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(keyOf[who], digest);
        return abi.encodePacked(r, s, v);
    }

    function _digest(address target, uint256 chainId, bytes32 structHash)
        internal
        pure
        returns (bytes32)
    {
        bytes32 domain = keccak256(
            abi.encode(DOMAIN_TYPE, keccak256("coopt-dag"), keccak256("1"), chainId, target)
        );
        return keccak256(abi.encodePacked(bytes2(0x1901), domain, structHash));
    }

    function _requestHash(Relayed.Request memory request) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(
                REQUEST_TYPE,
                request.from,
                request.nonce,
                request.deadline,
                keccak256(request.data)
            )
        );
    }

    function _commitmentHash(uint256 id, address who, bytes32 hidden)
        internal
        view
        returns (bytes32)
    {
        uint16 version = ledger.stepOf(CHALLENGE, STEP).metricVersion;
        return keccak256(abi.encode(COMMITMENT_TYPE, id, version, who, hidden));
    }

    function _verdictHash(uint256 id, bool upheld) internal pure returns (bytes32) {
        return keccak256(abi.encode(VERDICT_TYPE, id, upheld, keccak256(bytes(CID))));
    }

    function _rescoreHash(int128 scoreWad, uint256 because) internal view returns (bytes32) {
        Registry.Step memory step = ledger.stepOf(CHALLENGE, STEP);
        return keccak256(
            abi.encode(
                RESCORE_TYPE, stepKey, step.headId, step.headScore, scoreWad, because, step.changes
            )
        );
    }

    function _hide(uint256 id, Attestations.Opening memory opening)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(
            abi.encode(
                id,
                opening.evaluator,
                opening.scoreWad,
                opening.e2eScoreWad,
                keccak256(bytes(opening.reason)),
                keccak256(bytes(opening.reportCid)),
                opening.salt
            )
        );
    }

    function _pledge(
        bytes32 key,
        address who,
        string memory cid,
        uint256[] memory parents,
        bytes32 salt
    ) internal pure returns (bytes32) {
        bytes32 lineage = keccak256(abi.encodePacked(parents));
        return keccak256(abi.encode(key, who, keccak256(bytes(cid)), lineage, salt));
    }

    function _stepKey(string memory challenge, string memory step)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(abi.encodePacked(keccak256(bytes(challenge)), keccak256(bytes(step))));
    }

    function assertTrue(bool condition) internal pure {
        vm.assertTrue(condition, "not true");
    }

    function assertFalse(bool condition) internal pure {
        vm.assertFalse(condition, "not false");
    }

    function assertEq(uint256 left, uint256 right) internal pure {
        vm.assertEq(left, right, "numbers differ");
    }

    function assertEq(int256 left, int256 right) internal pure {
        vm.assertEq(left, right, "numbers differ");
    }

    function assertEq(address left, address right) internal pure {
        vm.assertEq(left, right, "accounts differ");
    }

    function assertEq(bytes32 left, bytes32 right) internal pure {
        vm.assertEq(left, right, "words differ");
    }

    function _now() internal view returns (uint64) {
        return uint64(vm.getBlockTimestamp());
    }
}
