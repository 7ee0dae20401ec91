"""The parts of `recsys fit`: choosing the number of epochs, showing progress, exporting and reporting."""
