"""The shared vocabulary: values, errors and protocols; standard library only."""
