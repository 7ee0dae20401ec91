"""Test RMSEs of our recipes and of others on Flixster and Douban, on the splits that the literature uses."""
