"""The measured numbers in the documents, one module for each section."""
