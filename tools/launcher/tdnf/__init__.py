"""Packages of RPM systems, from Python: tdnf's own module, and ``tdnf.api`` with values and plans.

``import tdnf`` prints nothing and loads little; librpm is loaded when it is needed.
"""

from tdnf._tdnf import *  # noqa: F403
