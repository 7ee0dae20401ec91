"""What the native routes take and give, for the server and the client alike."""
