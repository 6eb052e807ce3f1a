"""Tools the tests and the demonstration share: real RPMs, keys, repositories, servers and runs."""
