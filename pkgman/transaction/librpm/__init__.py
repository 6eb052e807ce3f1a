"""The only modules that import rpm, librpm's Python binding.

librpm ends the process when it gets no memory, while it is loaded, too: that is looked at first.
"""

from pkgman.transaction.librpm import resources

resources.ensure_loading()
