"""Matrix completion for ratings with the ratio penalty ‖W‖_* / ‖W‖_F under Adam."""

import os

# Threads of a matrix product wait for each other in a loop that GNU OpenMP would leave after minutes. Where another
# process wants the same cores, such a step takes seconds instead of milliseconds; waiting 2000 rounds costs nothing.
os.environ.setdefault("GOMP_SPINCOUNT", "2000")
