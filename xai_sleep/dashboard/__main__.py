"""Build a workspace and a report: ``python -m xai_sleep.dashboard GROUP_OR_DIR […]``."""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from importlib.util import find_spec

import wandb
from rich.console import Console

from xai_sleep.errors import InputError, account, leave
from xai_sleep.schema import LoggerConfig
from xai_sleep.tracking.runs import Groups, find_groups, no_login


def main(arguments: Sequence[str] | None = None) -> None:
    """Save both and print where they are; a user's mistake is one line and exit code 2."""
    asked = _parser().parse_args(arguments)
    try:
        if find_spec("wandb_workspaces") is None:
            extra = "pip install 'xai_sleep[dashboard]'"
            raise InputError(f"dashboards need wandb-workspaces, which is not installed; {extra}")
        groups = find_groups(asked.groups, asked.project, asked.entity)
        wandb.setup(wandb.Settings(silent=True))
        if trouble := no_login():
            raise InputError(f"{trouble}; run `wandb login` first")
        links = save(groups)
    except InputError as error:
        leave(account(error))
    for name, url in links.items():
        Console().print(f"{name}: {url}", markup=False, highlight=False, soft_wrap=True)


def save(groups: Groups) -> dict[str, str]:
    """Save workspace and report, and return their addresses; InputError if W&B refuses."""
    from xai_sleep.dashboard.panels import build_report, build_workspace  # late, as an extra

    try:
        entity = groups.entity or wandb.Api().default_entity
        if not entity:
            raise ValueError("the login belongs to no entity; name one with --entity")
        owned = replace(groups, entity=entity)
        workspace, report = build_workspace(owned), build_report(owned)
        report.save()  # first, as it looks up the project
        workspace.save()
    except (wandb.errors.Error, ValueError) as error:
        said = str(error).splitlines()[0].rstrip(".")
        advice = "the login (`wandb login --relogin`) and that the runs are uploaded (`wandb sync`)"
        said = f"Weights & Biases made no dashboard ({said}); check the network, {advice}"
        raise InputError(said) from error
    return {"workspace": workspace.url, "report": report.url}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m xai_sleep.dashboard",
        description="Build a workspace and a report on Weights & Biases: F1, AUROC, F1 of events "
        "and the pointing game per model, curves of training and of test windows, examples of "
        "maps, tables. Offline runs are uploaded first, by the command that a run ends with.",
        epilog="example: python -m xai_sleep.dashboard multirun/2026-01-31_12-00-00",
    )
    groups = "directory of a run or of a sweep, or the name of a group (logger.group)"
    project = "of groups given by name (default: %(default)s); directories know theirs"
    entity = "user or team that owns the project (default: whoever is logged in)"
    parser.add_argument("groups", metavar="GROUP_OR_DIR", nargs="+", help=groups)
    parser.add_argument("--project", default=LoggerConfig.project, help=project)
    parser.add_argument("--entity", help=entity)
    return parser


if __name__ == "__main__":
    main()
