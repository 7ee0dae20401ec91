"""What is answered, from arrays alone; nothing here knows HTTP."""
