"""One module per command; each has run(session, arguments) -> exit status."""
