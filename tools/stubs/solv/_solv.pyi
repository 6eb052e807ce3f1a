"""The compiled part of the binding."""
