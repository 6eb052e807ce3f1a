"""The program: command line, configuration, wiring and transactions."""

__version__ = "0.1.0"
