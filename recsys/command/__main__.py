"""`python -m recsys.command` is the command `recsys`."""

from recsys.command.main import main

main()
