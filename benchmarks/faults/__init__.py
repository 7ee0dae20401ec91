"""What is left after faults: processes killed at random moments, full disks, flipped bytes, hostile requests."""
