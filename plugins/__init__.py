"""What plugins see of tdnf (:mod:`plugins.interface`), and the plugins that are shipped with it."""
