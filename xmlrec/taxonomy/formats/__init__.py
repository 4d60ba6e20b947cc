"""One module per family of taxonomy files; each turns a text into a `Draft`."""
