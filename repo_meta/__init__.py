"""Repository metadata and downloads: fetched, verified, cached."""
