"""The only code that opens a warehouse: connect, read, write, transform, publish."""
