"""A small distribution that most integration tests can live on.

``app`` 1.0 and 2.0 need ``lib``; ``app`` recommends ``extras``; ``tool`` has a configuration
file and a talking Lua scriptlet; ``lib`` 2.0 is a security update; ``newname`` obsoletes
``oldname``; ``clash-a`` and ``clash-b`` conflict; ``broken`` needs what nobody provides.
"""

from __future__ import annotations

from tests.support.repos import Advisory
from tests.support.rpms import CONFIG, File, Rpm

LIB_1 = Rpm("lib", "1.0-1", files={"/usr/share/lib/data": "lib 1.0\n"}, provides=("virtual(lib) = 1.0",))
LIB_2 = Rpm("lib", "2.0-1", files={"/usr/share/lib/data": "lib 2.0\n"}, provides=("virtual(lib) = 2.0",))
APP_1 = Rpm(
    "app",
    "1.0-1",
    requires=("lib >= 1.0",),
    recommends=("extras",),
    files={"/usr/share/app/app.txt": "app 1.0\n"},
    summary="An application",
    url="http://localhost/app",
)
APP_2 = Rpm(
    "app",
    "2.0-1",
    requires=("lib >= 2.0",),
    recommends=("extras",),
    files={"/usr/share/app/app.txt": "app 2.0\n"},
    summary="An application",
    url="http://localhost/app",
    changelog="* Wed Jan 01 2020 John Doe <jd@localhost> 2.0-1\n- second\n",
)
EXTRAS = Rpm("extras", "1.0-1", files={"/usr/share/extras/data": "extras\n"})
TOOL = Rpm(
    "tool",
    "1:1.5-2",
    files={
        "/etc/tool.conf": File("colour = green\n", flag=CONFIG),
        "/usr/bin/tool": File("#!/bin/true\n", 0o755),
    },
    scripts={"post -p <lua>": 'print("tool says hello")'},
)
OLDNAME = Rpm("oldname", "1.0-1")
NEWNAME = Rpm("newname", "1.0-1", obsoletes=("oldname < 2",), provides=("oldname = 2",))
CLASH_A = Rpm("clash-a", conflicts=("clash-b",))
CLASH_B = Rpm("clash-b")
BROKEN = Rpm("broken", requires=("nowhere-to-be-found",))
KERNELS = tuple(Rpm("kernel", f"{n}.0-1", files={f"/boot/kernel-{n}": f"{n}\n"}) for n in (1, 2, 3, 4))

RPMS = (LIB_1, LIB_2, APP_1, APP_2, EXTRAS, TOOL, OLDNAME, NEWNAME, CLASH_A, CLASH_B, BROKEN, *KERNELS)
ADVISORIES = (
    Advisory("TEST-2024-1", (LIB_2,), severity="7.5", title="lib security update", reboot=True),
    Advisory("TEST-2024-2", (APP_2,), kind="bugfix", title="app bug fixes"),
)
