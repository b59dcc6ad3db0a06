// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Registry} from "../src/Registry.sol";
import {Text} from "../src/Text.sol";
import {LedgerFixture} from "./LedgerFixture.sol";

/// @notice Challenges, evaluators and steps: what is taken, what is refused, what is told.
contract LedgerRegistryTest is LedgerFixture {
    bytes private constant ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789_";

    function setUp() public {
        _begin(3, 2);
    }

    function test_ARegisteredChallengeIsTold() public {
        Registry.Rules memory rules = _rules(2);
        rules.slots = 7;
        rules.closesAt = 99;
        bytes32 key = keccak256("other");
        vm.expectEmit(true, true, true, true, address(ledger));
        emit Registry.ChallengeRegistered(
            key, owner, uint64(START), "other", MANIFEST, evaluators, rules
        );
        _register("other", rules);
        assertEq(ledger.ownerOf(key), owner);
        (uint32 disputeS, uint96 bondWei, uint96 pot) = ledger.settlementRules(key);
        assertEq(uint256(disputeS), DISPUTE);
        assertEq(uint256(bondWei), BOND);
        assertEq(uint256(pot), POT);
    }

    function test_AChallengeIsRegisteredOnce() public {
        vm.expectRevert(Registry.ChallengeExists.selector);
        _register(CHALLENGE, _rules(2));
    }

    function test_AnUnknownChallengeHasNoOwner() public view {
        assertEq(ledger.ownerOf(keccak256("nowhere")), address(0));
    }

    function test_AQuorumLiesBetweenOneAndAllEvaluators() public {
        vm.expectRevert(Registry.BadQuorum.selector);
        _register("other", _rules(0));
        vm.expectRevert(Registry.BadQuorum.selector);
        _register("other", _rules(4));
        _register("other", _rules(3));
    }

    function test_AChallengeNeedsEvaluators() public {
        delete evaluators;
        vm.expectRevert(Registry.NoEvaluators.selector);
        _register("other", _rules(1));
    }

    function test_AnEvaluatorIsNamedOnceAndIsSomebody() public {
        evaluators.push(evaluators[0]);
        vm.expectRevert(Registry.BadEvaluator.selector);
        _register("other", _rules(2));
        evaluators[3] = address(0);
        vm.expectRevert(Registry.BadEvaluator.selector);
        _register("other", _rules(2));
    }

    function test_SixteenEvaluatorsAreTheMost() public {
        _nameEvaluators(17);
        vm.expectRevert(Registry.TooManyEvaluators.selector);
        _register("other", _rules(2));
        _nameEvaluators(16);
        _register("other", _rules(16));
        vm.prank(owner);
        vm.expectRevert(Registry.TooManyEvaluators.selector);
        ledger.addEvaluator("other", ann);
    }

    function test_WindowsAreBounded() public {
        Registry.Rules memory rules = _rules(1);
        (rules.revealS, rules.disputeS) = (59, 0);
        vm.expectRevert(Registry.BadWindow.selector);
        _register("other", rules);
        (rules.revealS, rules.disputeS) = (30 days + 1, 0);
        vm.expectRevert(Registry.BadWindow.selector);
        _register("other", rules);
        (rules.revealS, rules.disputeS) = (60, 30 days + 1);
        vm.expectRevert(Registry.BadWindow.selector);
        _register("other", rules);
        (rules.revealS, rules.disputeS) = (60, 30 days);
        _register("other", rules);
        (rules.revealS, rules.disputeS) = (30 days, 0);
        _register("another", rules);
    }

    function test_NamesAreSlugs() public {
        string[9] memory bad =
            ["", "Upper", "1st", "_a", "a-b", "a b", "a\x00", unicode"ä", "a{"];
        for (uint256 i = 0; i < bad.length; ++i) {
            vm.expectRevert(Text.BadName.selector);
            _register(bad[i], _rules(1));
            vm.expectRevert(Text.BadName.selector);
            _registerStep(CHALLENGE, bad[i], Registry.Direction.Minimise, 0, 0, 0);
        }
        vm.expectRevert(Text.BadName.selector);
        _register(_long(49), _rules(1));
        _register(_long(48), _rules(1));
        _register("a", _rules(1));
        _register("z9_", _rules(1));
    }

    /// @dev Compared with the rule said another way: a byte at a time, by its number. Most bytes
    /// are drawn from the alphabet, so that about as many names are good as bad.
    function testFuzz_NamesAreSlugs(bytes32 seed, uint8 length) public {
        bytes memory name = new bytes(length % 52);
        bool isGood = name.length >= 1 && name.length <= 48;
        for (uint256 i = 0; i < name.length; ++i) {
            uint256 dice = uint256(keccak256(abi.encode(seed, i)));
            bool isWild = dice % 100 == 0;
            uint8 c = isWild ? uint8(dice >> 8) : uint8(ALPHABET[(dice >> 8) % (i == 0 ? 26 : 37)]);
            name[i] = bytes1(c);
            bool isLetter = c >= 97 && c <= 122;
            isGood = isGood && (isLetter || (i > 0 && ((c >= 48 && c <= 57) || c == 95)));
        }
        vm.assume(keccak256(name) != challengeKey);
        if (!isGood) vm.expectRevert(Text.BadName.selector);
        _register(string(name), _rules(1));
    }

    function test_ContentIdentifiersAreOfOneToAHundredAndTwentyEightBytes() public {
        vm.prank(owner);
        vm.expectRevert(Text.BadCid.selector);
        ledger.registerChallenge("other", "", evaluators, _rules(1));
        vm.prank(owner);
        vm.expectRevert(Text.BadCid.selector);
        ledger.registerChallenge("other", _long(129), evaluators, _rules(1));
        vm.prank(owner);
        ledger.registerChallenge("other", _long(128), evaluators, _rules(1));
        vm.prank(owner);
        vm.expectRevert(Text.BadCid.selector);
        ledger.registerStep(CHALLENGE, "other", "", Registry.Direction.Minimise, 0, 0, 0);
    }

    function test_ARegisteredStepIsTold() public {
        bytes32 key = _stepKey(CHALLENGE, "fitting");
        assertEq(ledger.stepKeyOf(CHALLENGE, "fitting"), key);
        vm.expectEmit(true, true, true, true, address(ledger));
        emit Registry.StepRegistered(
            key,
            owner,
            uint64(START),
            CHALLENGE,
            "fitting",
            SPEC,
            Registry.Direction.Maximise,
            3,
            4,
            5
        );
        _registerStep(CHALLENGE, "fitting", Registry.Direction.Maximise, 3, 4, 5);
        Registry.Step memory step = ledger.stepOf(CHALLENGE, "fitting");
        assertEq(step.challengeKey, challengeKey);
        assertEq(uint256(step.minDelta), 3);
        assertEq(uint256(step.tolerance), 4);
        assertEq(uint256(step.claimCap), 5);
        assertTrue(step.direction == Registry.Direction.Maximise);
        assertEq(uint256(step.headId), 0);
        assertEq(uint256(step.metricVersion), 0);
    }

    function test_AStepIsRegisteredOnceByTheOwner() public {
        vm.expectRevert(Registry.StepExists.selector);
        _registerStep(CHALLENGE, STEP, Registry.Direction.Minimise, 0, 0, 0);
        vm.expectRevert(Registry.UnknownChallenge.selector);
        _registerStep("nowhere", STEP, Registry.Direction.Minimise, 0, 0, 0);
        vm.prank(ann);
        vm.expectRevert(Registry.NotOwner.selector);
        ledger.registerStep(CHALLENGE, "other", SPEC, Registry.Direction.Minimise, 0, 0, 0);
    }

    function test_AnUnknownStepIsRefusedByItsName() public {
        vm.expectRevert(Registry.UnknownStep.selector);
        ledger.stepOf(CHALLENGE, "nowhere");
        vm.expectRevert(Registry.UnknownStep.selector);
        ledger.claim("nowhere", STEP, 60);
    }

    function test_TheSameStepOfTwoChallengesIsTwoSteps() public {
        _register("other", _rules(1));
        _registerStep("other", STEP, Registry.Direction.Maximise, 9, 0, 0);
        assertEq(uint256(ledger.stepOf("other", STEP).minDelta), 9);
        assertEq(uint256(ledger.stepOf(CHALLENGE, STEP).minDelta), 0);
    }

    function test_AnAddedEvaluatorJudgesAfterTheNotice() public {
        vm.expectEmit(true, true, true, true, address(ledger));
        emit Registry.EvaluatorAdded(
            challengeKey, owner, uint64(START), CHALLENGE, ann, uint64(START + 7 days)
        );
        vm.prank(owner);
        ledger.addEvaluator(CHALLENGE, ann);
        vm.warp(START + 7 days - 1);
        assertFalse(ledger.isEvaluator(challengeKey, ann));
        assertEq(ledger.majorityOf(challengeKey, address(0), address(0)), 2);
        vm.warp(START + 7 days);
        assertTrue(ledger.isEvaluator(challengeKey, ann));
        assertEq(ledger.majorityOf(challengeKey, address(0), address(0)), 3);
    }

    function test_ARetiredEvaluatorJudgesUntilTheNoticeIsOver() public {
        address gone = evaluators[1];
        vm.expectEmit(true, true, true, true, address(ledger));
        emit Registry.EvaluatorRetired(
            challengeKey, owner, uint64(START), CHALLENGE, gone, uint64(START + 7 days)
        );
        vm.prank(owner);
        ledger.retireEvaluator(CHALLENGE, gone);
        vm.warp(START + 7 days - 1);
        assertTrue(ledger.isEvaluator(challengeKey, gone));
        vm.warp(START + 7 days);
        assertFalse(ledger.isEvaluator(challengeKey, gone));
    }

    function test_AnEvaluatorIsRetiredOnceAndComesBackNoMore() public {
        vm.prank(owner);
        ledger.retireEvaluator(CHALLENGE, evaluators[0]);
        vm.prank(owner);
        vm.expectRevert(Registry.BadEvaluator.selector);
        ledger.retireEvaluator(CHALLENGE, evaluators[0]);
        vm.prank(owner);
        vm.expectRevert(Registry.BadEvaluator.selector);
        ledger.retireEvaluator(CHALLENGE, ann);
        vm.prank(owner);
        vm.expectRevert(Registry.BadEvaluator.selector);
        ledger.addEvaluator(CHALLENGE, evaluators[0]);
    }

    function test_OnlyTheOwnerChangesEvaluators() public {
        vm.prank(ann);
        vm.expectRevert(Registry.NotOwner.selector);
        ledger.addEvaluator(CHALLENGE, ann);
        vm.prank(evaluators[0]);
        vm.expectRevert(Registry.NotOwner.selector);
        ledger.retireEvaluator(CHALLENGE, evaluators[1]);
        vm.prank(owner);
        vm.expectRevert(Registry.UnknownChallenge.selector);
        ledger.addEvaluator("nowhere", ann);
    }

    function test_AMajorityIsOfThoseWhoMayJudgeAndAreNotBarred() public view {
        assertEq(ledger.majorityOf(challengeKey, address(0), address(0)), 2); // of 3
        assertEq(ledger.majorityOf(challengeKey, evaluators[0], address(0)), 2); // of 2
        assertEq(ledger.majorityOf(challengeKey, evaluators[0], evaluators[1]), 1); // of 1
        assertEq(ledger.majorityOf(challengeKey, ann, ben), 2); // they are none
        assertEq(ledger.majorityOf(keccak256("nowhere"), ann, ben), 1); // nobody can be one
    }

    function test_NobodyIsAnEvaluatorOfAnUnknownChallenge() public view {
        assertFalse(ledger.isEvaluator(keccak256("nowhere"), evaluators[0]));
        assertFalse(ledger.isEvaluator(challengeKey, ann));
    }

    function _long(uint256 n) private pure returns (string memory) {
        bytes memory text = new bytes(n);
        for (uint256 i = 0; i < n; ++i) {
            text[i] = "a";
        }
        return string(text);
    }
}
