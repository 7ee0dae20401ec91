"""A fit by several processes: how they are started, joined and watched."""
