"""Results files of measurements: what made them, on which machine, and where they go."""
