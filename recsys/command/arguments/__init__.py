"""The arguments of the command: how they are parsed, what is refused, and how a mistake is explained."""
