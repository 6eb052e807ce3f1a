"""Measures pkgman beside dnf and zypper; see __main__.py."""
