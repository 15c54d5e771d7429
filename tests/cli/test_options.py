"""Options past the command line: a frozen struct for each command, built once; help texts name what the tables have."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import click
import msgspec
import pytest

from runflow.cli.options import InputOptions, options_from
from runflow.cli.root import COMMANDS
from runflow.cli.run import RunCommandOptions
from runflow.cli.run import command as run_command
from runflow.drivers.table import DRIVERS
from runflow.model.errors import RunflowError
from runflow.reporters.table import REPORTERS

CLI = Path(__file__).parents[2] / "runner" / "cli"


class Inner(msgspec.Struct, frozen=True):
    tags: tuple[str, ...]
    seed: int | None


class Outer(msgspec.Struct, frozen=True):
    inner: Inner
    quiet: bool


def test_groups_of_options_are_structs_in_a_struct() -> None:
    options = options_from(Outer, {"tags": ("a",), "seed": None, "quiet": True})
    assert options == Outer(Inner(("a",), None), quiet=True)
    with pytest.raises(AttributeError):
        options.quiet = False  # type: ignore[misc]  # that it is refused is what is tested


def test_an_option_without_a_field_and_a_field_without_an_option_are_bugs() -> None:
    with pytest.raises(AssertionError, match="Outer has no field for more"):
        options_from(Outer, {"tags": (), "seed": 1, "quiet": True, "more": 1})
    with pytest.raises(KeyError, match="seed"):
        options_from(Outer, {"tags": (), "quiet": True})


def test_the_values_of_a_command_line_fill_the_struct_of_its_command() -> None:
    words = ["a.yaml", "--var", "n:=1", "--shard", "2/5", "--timeout", "90s", "-vv", "--tag", "a", "--no-color"]
    with run_command.make_context("run", words) as context:
        values = {name: value for name, value in context.params.items() if name != "paths"}
    options = options_from(RunCommandOptions, values)
    assert options.inputs == InputOptions(variables=("n:=1",))
    assert (options.selection.tag, options.selection.shard) == (("a",), (2, 5))
    assert (options.timeout, options.console.verbose, options.console.colour) == (90.0, 2, False)
    assert options.stores


def test_no_command_reads_a_dict_of_options() -> None:
    found = [path.name for path in CLI.glob("*.py") if re.search(r"\b(options|values)\[", path.read_text("utf-8"))]
    assert found == []


def test_the_help_texts_name_every_report_and_every_driver() -> None:
    parameters = {parameter.name: parameter for parameter in run_command.params}
    report, driver = parameters["reports"], parameters["driver"]
    assert isinstance(report, click.Option)
    assert isinstance(driver.type, click.Choice)
    listed = str(report.help).partition(": ")[2].partition(" (")[0].replace(" or ", " ")
    assert sorted(listed.split(", ")) == sorted(REPORTERS)
    assert list(driver.type.choices) == [*DRIVERS, "auto"]


def test_each_command_has_the_same_short_help_in_the_list() -> None:
    for name, text in COMMANDS.items():
        command: click.Command = import_module(f"runflow.cli.{name}").command
        assert command.name == name
        assert text.startswith(str(command.short_help).removesuffix(".")), name


def test_a_wrong_expression_of_an_option_is_named_with_the_option() -> None:
    from runflow.selection.select import parse_selection_option

    with pytest.raises(RunflowError, match="--tag 'a and': a word is missing"):
        parse_selection_option("--tag", "a and")
