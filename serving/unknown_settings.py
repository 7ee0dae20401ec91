"""Which environment variables that begin like the server's are nobody's: most likely misspelt settings."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping

# The training command's: where it keeps downloads; its options have two underscores after the subcommand.
_COMMAND_NAMES = re.compile(r"CACHE|[A-Z]+__.*")
# Kubernetes tells every container of the Services beside it; for one named recsys these begin like settings, too.
_KUBERNETES_NAMES = re.compile(r"(.+_)?(SERVICE_(HOST|PORT(_.+)?)|PORT_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)")
_LINK = re.compile(r"(tcp|udp|sctp)://.*")


def refuse_unknown(environ: Mapping[str, str], prefix: str, settings: Iterable[str]) -> None:
    """Refuse names that begin with the prefix and are no setting, whatever their case.

    Raises:
        ValueError: says which, and the setting with the nearest name.
    """
    known = [prefix + name.upper() for name in settings]
    for name, value in environ.items():
        upper = name.upper()
        if not upper.startswith(prefix):
            continue
        rest = upper.removeprefix(prefix)
        if upper.endswith("PORT") and _LINK.fullmatch(value):
            if upper in known:
                raise ValueError(
                    f"{name} is {value}, which Kubernetes sets for a Service of this name: set it to a port, "
                    "or enableServiceLinks: false"
                )
        elif upper not in known and not _COMMAND_NAMES.fullmatch(rest) and not _KUBERNETES_NAMES.fullmatch(rest):
            near = difflib.get_close_matches(upper, known, n=1)
            raise ValueError(f"there is no setting {name}; {f'did you mean {near[0]}?' if near else 'see --help'}")
