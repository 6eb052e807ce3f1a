"""From a solution to a changed system."""
