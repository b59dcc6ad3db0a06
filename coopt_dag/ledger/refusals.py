"""The rules' names, in the words of a person: one text for every adapter."""

from __future__ import annotations

from coopt_dag.errors import LedgerRefusedError

UNNAMED = "UnknownCall"
"""What a contract refuses without naming a rule: it has no such function, or not with coin."""

_REGISTRY: dict[str, tuple[str, str]] = {
    "ChallengeExists": ("this challenge is on the ledger already", "choose another id"),
    "UnknownChallenge": ("this challenge is not on the ledger", "coopt challenge register"),
    "NoEvaluators": ("a challenge needs at least one evaluator", "name an address"),
    "TooManyEvaluators": (
        "a challenge has at most 16 evaluators, those who left included",
        "name fewer, or register another challenge",
    ),
    "BadEvaluator": (
        "this address cannot be named or let go: it is zero, named already, unknown or leaving",
        "name each once, by an address from `coopt id list`",
    ),
    "BadQuorum": (
        "a quorum is at least 1 and at most the number of evaluators",
        "change quorum in challenge.yaml, or name more evaluators",
    ),
    "BadWindow": (
        "a reveal has 60 s to 30 days, a dispute at most 30 days",
        "change the windows in challenge.yaml",
    ),
    "NotOwner": ("only the challenge's owner may do this", "use the owner's identity with --as"),
    "NotEvaluator": (
        "only an evaluator of this challenge may do this, from a week after it was named",
        "use an evaluator's identity with --as",
    ),
    "NotIndependent": (
        "nobody judges its own submission, its own settlement or its own dispute",
        "let another evaluator run `coopt evaluate`",
    ),
    "StepExists": ("this step is on the ledger already", "a changed step needs another id"),
    "UnknownStep": ("this step is not on the ledger", "coopt challenge register"),
    "BadName": ("a name is a letter, then up to 47 letters, digits or _", "choose another"),
    "BadCid": ("a content identifier has 1 to 128 characters", "publish the content first"),
    "BadRoot": (
        "a root is 32 bytes, not all zero, and a batch is not empty",
        "`coopt seal CHALLENGE` makes a seal's root",
    ),
    "UnknownEpoch": ("there is no seal of this epoch", "coopt log; epochs count from 1"),
    "AlreadyUnsealed": (
        "the keys of this epoch were revealed already",
        "coopt challenge verify CHALLENGE checks the opening",
    ),
    "NoProposal": ("no new metric was announced for this step", "propose it first"),
    "NotYet": (
        "a new metric is in force in a later epoch than that of its notice",
        "seal the next epoch first: `coopt seal CHALLENGE`",
    ),
    "Paused": (
        "new things are stopped for at most a week while a fault is looked into",
        "revealing, judging, refunds and payments go on; try again later",
    ),
    "TooSoon": (
        "a pause cannot follow another within a week of its end",
        "wait; nobody can hold the brake down",
    ),
    "AccessControlUnauthorizedAccount": (
        "only a guardian may do this",
        "use the identity that deployed the contracts, or that it named",
    ),
    "AccessControlBadConfirmation": (
        "a role can be given up only by its holder",
        "use the holder's identity",
    ),
}

_WORK: dict[str, tuple[str, str]] = {
    "BadDuration": ("a claim lasts from 60 s to 30 days", "choose --days between"),
    "ClaimsFull": ("all claims on this step are taken", "wait until one expires"),
    "NoLiveClaim": (
        "you have no live claim on this step",
        "coopt claim CHALLENGE/STEP, then try again",
    ),
    "HeldTooLong": (
        "without a submission a step can be held for 30 days in all",
        "submit, or renew for fewer days",
    ),
    "CoolingDown": (
        "you held this step and delivered nothing: leave it for as long as you held it",
        "take another step meanwhile",
    ),
    "BadCommitment": ("a commitment is 32 bytes, not all zero", "`coopt submit` makes it"),
    "BadOpening": (
        "this is not what you committed to",
        "reveal the same solution, parents and salt from the same identity",
    ),
    "AlreadyRevealed": ("this was revealed already", "coopt board CHALLENGE"),
    "RevealTooLate": ("the time to reveal is over", "commit again: `coopt submit`"),
    "NotContributor": ("only who committed may reveal", "use that identity with --as"),
    "NoSlotLeft": (
        "you have used all your submissions to this step in this epoch",
        "`coopt check` needs no slot; slots are free again when the owner seals new data",
    ),
    "SubmissionsClosed": (
        "submissions are closed: the deadline has passed, or the hidden data are public now",
        "`coopt check` goes on; submitting does when the owner seals new data",
    ),
    "TooManyParents": ("a submission has at most 64 parents", "name the nearest ones"),
    "ParentsNotRising": ("parents must be rising numbers", "sort them, each once"),
    "UnknownParent": (
        "a parent is no revealed submission of this challenge",
        "coopt board CHALLENGE",
    ),
    "UnknownSubmission": ("there is no such submission", "coopt board CHALLENGE"),
}

_JUDGING: dict[str, tuple[str, str]] = {
    "AlreadyJudged": ("this submission was judged already", "each is judged once"),
    "ScoreOutOfRange": ("the score does not fit the ledger", "check the metric's unit"),
    "NoHead": ("this step has no head to re-score", "score its baseline first"),
    "HeadIsStale": (
        "the head was scored by an older metric, and nothing can be compared with it",
        "let a quorum re-score the head first",
    ),
    "BadReason": ("a reason has 1 to 31 bytes", "shorten it"),
    "QuorumNeeded": (
        "too few evaluators agree",
        "collect signatures of more evaluators, then try again",
    ),
    "QuorumComplete": (
        "the quorum's commitments are complete",
        "open them, or wait for the round to expire",
    ),
    "QuorumIncomplete": (
        "the quorum's commitments are not complete",
        "let more evaluators commit before any opens",
    ),
    "AlreadyCommitted": ("this evaluator has committed already", "one commitment each"),
    "ShutOut": (
        "this evaluator did not open an earlier commitment to this submission in time",
        "let other evaluators judge it",
    ),
    "WrongOpenings": (
        "these openings are not what the evaluators committed to",
        "show all of them, in the order of their commitments",
    ),
    "RoundNotOver": (
        "the evaluators still have time to open, or all have opened",
        "wait for the round's end, or show the openings",
    ),
    "VotesNotRising": ("votes must rise by address", "sort them, one of each evaluator"),
    "NotDisputable": (
        "this cannot be disputed: it is no record or root, is final, or in dispute already",
        "coopt log shows windows and disputes",
    ),
    "NotContested": ("there is no open dispute of this", "coopt log"),
    "VoteOver": ("the time to vote is over", "let it lapse"),
    "VoteNotOver": ("the evaluators still have time to vote", "wait for the vote's end"),
}

_MONEY: dict[str, tuple[str, str]] = {
    "WrongValue": (
        "the coin sent is not what is asked: a bounty's amount, or the challenge's bond",
        "send exactly that many wei",
    ),
    "NothingOwed": ("this contract owes you nothing", "coopt log shows what was paid"),
    "PaymentFailed": (
        "the receiver takes no coin",
        "an account that is a contract must be able to receive",
    ),
    "UnknownBounty": (
        "there is no such bounty, or it is not of this challenge and epoch",
        "coopt log shows bounties",
    ),
    "BadDeadline": ("a bounty's deadline lies ahead", "choose a later second"),
    "BadAmount": (
        "the amount is zero, coin came along with a token, or no token arrived",
        "approve the amount first, and send no coin with it",
    ),
    "BadAsset": ("there is no token contract at this address", "check the token's address"),
    "BadPayee": ("the treasury cannot be a payee", "name a person's address"),
    "NotSponsor": ("only who put up a bounty may do this", "use that identity with --as"),
    "NotRefundable": (
        "nothing of this bounty is free: its deadline is ahead, or a settlement pays it",
        "wait for the deadline or for the settlement",
    ),
    "NotReleasable": ("this is no grant, or it was paid", "coopt log shows bounties"),
    "NotProposer": (
        "only owner and evaluators propose a settlement",
        "use the owner's identity with --as",
    ),
    "EpochNotOver": (
        "this epoch still takes submissions",
        "wait for its deadline, or unseal or seal anew",
    ),
    "AlreadySettled": ("this epoch has a settlement", "coopt log; only a struck one is replaced"),
    "BadTotal": (
        "more than there is: the pot, the bounty, or what the settlement set aside",
        "compute the table again",
    ),
    "TooManyShares": ("a settlement takes from at most 64 bounties", "name fewer"),
    "NotSettled": ("this epoch has no settlement", "it must be proposed first"),
    "NotFinal": (
        "this settlement can still be disputed, or is in dispute",
        "wait until its window or the vote is over",
    ),
    "BadProof": ("this leaf is not in the settlement", "take leaf and proof from its table"),
    "AlreadyRedeemed": ("this leaf was paid already", "each is paid once"),
    "SafeERC20FailedOperation": (
        "the token refused to move",
        "has the sponsor approved the amount, and has it so much?",
    ),
    "ReentrancyGuardReentrantCall": (
        "the token called back into the treasury while it was being paid",
        "do not use this token",
    ),
}

_NOTES: dict[str, tuple[str, str]] = {
    "BadRevision": ("a revision has 1 to 64 bytes", "give a git commit or a tag"),
    "BatchExists": ("this batch was anchored already", "coopt log"),
    "OwnWork": ("nobody reviews or endorses its own submission", "ask another person"),
    "AlreadyEndorsed": ("you have endorsed this submission", "once is enough"),
    "RequestExpired": ("this signed request's deadline has passed", "sign it anew"),
    "NonceUsed": ("this signed request was taken or cancelled", "sign it anew"),
    "BadSignature": (
        "a signature is not by who it says, or not for this contract, chain and content",
        "sign again, with the same ledger in coopt.toml",
    ),
    "BadBatch": (
        "an empty list, or requests and signatures that do not pair",
        "bring at least one, each with its signature",
    ),
    UNNAMED: (
        "the contract has no such function, or not with these data or with coin",
        "is the contract the one of this version of coopt?",
    ),
}

_TEXTS = {**_REGISTRY, **_WORK, **_JUDGING, **_MONEY, **_NOTES}

CODES = tuple(_TEXTS)


def refused(code: str) -> LedgerRefusedError:
    """Build the error of a rule.

    >>> refused("NotOwner").code
    'NotOwner'
    """
    message, hint = _TEXTS.get(code, (f"the ledger refused: {code}", "see the contract"))
    return LedgerRefusedError(code, message, hint=hint)
