"""The libsolv wrapper: packages, queries and resolution; no libsolv object leaves it."""
