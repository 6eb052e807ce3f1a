"""The programs beside ``tdnf``: each module has ``main(arguments) -> int`` and is a top of its own."""
