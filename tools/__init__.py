"""Programs for building, showing and measuring pkgman."""
