"""The only modules that import rpm, librpm's Python binding."""
