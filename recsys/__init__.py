"""Matrix completion for ratings with the ratio penalty ‖W‖_* / ‖W‖_F under Adam."""
