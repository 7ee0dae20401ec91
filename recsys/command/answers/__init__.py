"""Subcommands that answer from an artefact, without torch: ratings of given pairs, and recommendations."""
