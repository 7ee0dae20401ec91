"""`python -m recsys.command` is the command `recsys`."""

from recsys.command.main import main

if __name__ == "__main__":  # processes of a search import this file, too
    main()
