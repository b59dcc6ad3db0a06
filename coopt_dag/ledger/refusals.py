"""The rules' names, in the words of a person: one text for every adapter."""

from __future__ import annotations

from coopt_dag.errors import LedgerRefusedError

_TEXTS: dict[str, tuple[str, str]] = {
    "ChallengeExists": ("this challenge is on the ledger already", "choose another id"),
    "UnknownChallenge": ("this challenge is not on the ledger", "coopt challenge register"),
    "NoEvaluators": ("a challenge needs at least one evaluator", "name an address"),
    "BadEvaluator": ("the zero address cannot evaluate", "name an address from `coopt id list`"),
    "NotOwner": ("only the challenge's owner may do this", "use the owner's identity with --as"),
    "NotEvaluator": (
        "only an evaluator of this challenge may do this",
        "use an evaluator's identity with --as",
    ),
    "StepExists": ("this step is on the ledger already", "a changed step needs another id"),
    "UnknownStep": ("this step is not on the ledger", "coopt challenge register"),
    "BadDuration": ("a claim lasts from 60 s to 30 days", "choose --days between"),
    "ClaimsFull": ("all claims on this step are taken", "wait until one expires"),
    "NoLiveClaim": (
        "you have no live claim on this step",
        "coopt claim CHALLENGE/STEP, then try again",
    ),
    "TooManyParents": ("a submission has at most 64 parents", "name the nearest ones"),
    "NoSlotLeft": (
        "you have used all your submissions to this step in this epoch",
        "`coopt check` needs no slot; slots are free again when the owner seals new data",
    ),
    "SubmissionsClosed": (
        "submissions are closed: the deadline has passed, or the hidden data are public now",
        "`coopt check` goes on; submitting does when the owner seals new data",
    ),
    "ParentsNotRising": ("parents must be rising numbers", "sort them, each once"),
    "UnknownParent": ("a parent is no submission of this challenge", "coopt board CHALLENGE"),
    "UnknownSubmission": ("there is no such submission", "coopt board CHALLENGE"),
    "AlreadyJudged": ("this submission was judged already", "each is judged once"),
    "NotIndependent": (
        "an evaluator may not score its own submission",
        "let another evaluator run `coopt evaluate`",
    ),
    "ScoreOutOfRange": ("the score does not fit the ledger", "check the metric's unit"),
    "NoHead": ("this step has no head to re-score", "score its baseline first"),
    "BadName": ("a name is a letter, then up to 47 letters, digits or _", "choose another"),
    "BadCid": ("a content identifier has 1 to 128 characters", "publish the content first"),
    "BadRevision": ("a revision has 1 to 64 bytes", "give a git commit or a tag"),
    "BadRoot": ("the root of a seal is 32 bytes, not all zero", "use `coopt seal CHALLENGE`"),
    "UnknownEpoch": ("there is no seal of this epoch", "coopt log; epochs count from 1"),
    "AlreadyUnsealed": (
        "the keys of this epoch were revealed already",
        "coopt challenge verify CHALLENGE checks the opening",
    ),
    "BadReason": ("a reason has 1 to 31 bytes", "shorten it"),
}

CODES = tuple(_TEXTS)


def refused(code: str) -> LedgerRefusedError:
    """Build the error of a rule.

    >>> refused("NotOwner").code
    'NotOwner'
    """
    message, hint = _TEXTS.get(code, (f"the ledger refused: {code}", "see the contract"))
    return LedgerRefusedError(code, message, hint=hint)
