"""What a browser is given: the page, the documentation, and their files."""
