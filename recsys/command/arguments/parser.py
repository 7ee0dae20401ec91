"""The parser of the command line, with one clear message for each mistake."""

from __future__ import annotations

import re
from typing import Any, NoReturn

from jsonargparse import Namespace
from pytorch_lightning.cli import LightningArgumentParser
from typing_extensions import override

from recsys.command.arguments.messages import one_line
from recsys.errors import CommandError, UsageError


class CommandParser(LightningArgumentParser):
    """Lightning's parser; says what is wrong in a line, where that would print the usage of all options before it."""

    @override
    def parse_path(self, cfg_path: Any, *args: Any, **kwargs: Any) -> Namespace:
        try:
            parsed: Namespace = super().parse_path(cfg_path, *args, **kwargs)
        except UnicodeDecodeError as cause:
            raise CommandError(f"{cfg_path} is not UTF-8 text: {cause}.") from cause
        return parsed

    @override
    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        if not self.exit_on_error:  # a nested class's own parser, whose message comes back inside of another
            super().error(message, ex)
        parser = getattr(ex, "subcommand_parser", None) or self
        command = parser.prog.replace(" [options]", "")
        options = re.findall(r"--[\w.]+", parser.format_help())
        raise UsageError(f"{one_line(message, options)}\nSee {command} --help.")
