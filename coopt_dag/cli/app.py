"""The table of commands; each command's own module does the work."""

from __future__ import annotations

import typer

from coopt_dag.cli import (
    artifacts,
    bounties,
    chainfiles,
    chains,
    controls,
    doubts,
    evaluating,
    explaining,
    identities,
    ipfs,
    judges,
    keeping,
    ledgers,
    loop,
    metric,
    objecting,
    opinions,
    power,
    purses,
    relays,
    reuse,
    runs,
    science,
    sealing,
    settling,
    setup,
    verifying,
)

app = typer.Typer(
    name="coopt",
    help="Research challenges as a DAG of steps: claim one, improve it, keep provable credit.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

app.command("init")(setup.init)
app.command("lint")(setup.lint)
app.command("doctor")(setup.doctor)
app.command("run")(runs.run)
app.command("demo")(runs.demo)
app.command("claim")(loop.claim)
app.command("fork")(loop.fork)
app.command("check")(loop.check)
app.command("submit")(loop.submit)
app.command("reuse")(reuse.reuse)
app.command("relay")(relays.relay)
app.command("cancel")(relays.cancel)
app.add_typer(evaluating.app, name="evaluate")
app.command("seal")(sealing.seal)
app.command("unseal")(sealing.unseal)
app.command("settle")(settling.settle)
app.command("redeem")(settling.redeem)
app.command("credit")(explaining.credit)
app.command("verify")(verifying.verify)
app.command("board")(ledgers.board)
app.command("log")(ledgers.log)
app.command("profile")(ledgers.profile)
app.command("show")(opinions.show)
app.command("review")(opinions.review)
app.command("endorse")(opinions.endorse)
doubts.app.command("settlement")(objecting.settlement)
doubts.app.command("settlement-vote")(objecting.settlement_vote)
doubts.app.command("settlement-lapse")(objecting.settlement_lapse)
app.add_typer(doubts.app, name="dispute")
app.command("evaluators")(judges.evaluators)
app.add_typer(metric.app, name="metric")
app.add_typer(bounties.app, name="bounty")
app.command("balance")(purses.balance)
app.command("withdraw")(purses.withdraw)
app.command("faucet")(purses.faucet)

ledger_app = typer.Typer(help="The chain behind the ledger.", no_args_is_help=True)
ledger_app.command("deploy")(chains.deploy)
ledger_app.command("status")(chains.status)
ledger_app.command("verify-code")(chains.verify_code)
ledger_app.command("events")(chainfiles.events)
ledger_app.command("export")(chainfiles.export)
ledger_app.command("import")(chainfiles.import_)
ledger_app.command("check")(chainfiles.check)
app.add_typer(ledger_app, name="ledger")

id_app = typer.Typer(help="Identities: encrypted keys that sign.", no_args_is_help=True)
id_app.command("new")(identities.new)
id_app.command("list")(identities.list_)
id_app.command("show")(identities.show)
id_app.command("recipient")(identities.recipient)
app.add_typer(id_app, name="id")

data_app = typer.Typer(help="Data of a challenge.", no_args_is_help=True)
data_app.command("fetch")(runs.fetch)
data_app.command("step")(controls.step_data)
app.add_typer(data_app, name="data")

challenge_app = typer.Typer(help="Challenges of this workspace.", no_args_is_help=True)
challenge_app.command("list")(setup.list_)
challenge_app.command("register")(loop.register)
challenge_app.command("verify")(sealing.verify)
challenge_app.command("power")(power.power)
challenge_app.command("validate")(science.validate)
challenge_app.command("plots")(science.plots)
challenge_app.command("controls")(controls.controls)
app.add_typer(challenge_app, name="challenge")

ipfs_app = typer.Typer(help="Content by CID: store, gateway, CAR files.", no_args_is_help=True)
ipfs_app.command("serve")(ipfs.serve)
ipfs_app.command("add")(ipfs.add)
ipfs_app.command("get")(ipfs.get)
ipfs_app.command("ls")(ipfs.ls)
ipfs_app.command("gc")(keeping.gc)
ipfs_app.command("export")(ipfs.export)
ipfs_app.command("import")(ipfs.import_)
ipfs_app.command("selftest")(ipfs.selftest)
ipfs_app.command("doctor")(keeping.doctor)
app.add_typer(ipfs_app, name="ipfs")

pin_app = typer.Typer(help="What `gc` must keep.", no_args_is_help=True)
pin_app.command("add")(keeping.pin_add)
pin_app.command("rm")(keeping.pin_rm)
pin_app.command("ls")(keeping.pin_ls)
ipfs_app.add_typer(pin_app, name="pin")

artifacts_app = typer.Typer(help="What DVC tracks, on IPFS and the ledger.", no_args_is_help=True)
artifacts_app.command("setup")(artifacts.setup)
artifacts_app.command("push")(artifacts.push)
artifacts_app.command("root")(artifacts.root)
artifacts_app.command("anchor")(artifacts.anchor)
artifacts_app.command("list")(artifacts.list_)
app.add_typer(artifacts_app, name="artifacts")
