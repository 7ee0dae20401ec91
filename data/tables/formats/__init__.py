"""Tables in every format: recognised, unpacked, read by pyarrow, and each row placed for messages."""
