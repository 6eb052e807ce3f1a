"""``--qf``: tags, escapes and errors."""

from __future__ import annotations

import pytest

from pkgman.model.errors import PkgmanError
from pkgman.model.package import Package, PackageInfo
from pkgman.queryformat import Facts, QueryFormat

FACTS = Facts(
    Package("app", 2, "1.0", "3", "x86_64", "lab", 1, 12, 6267),
    PackageInfo("sum", "", "http://u", "MIT", "app-1.0-3.src"),
    lambda kind: [f"{kind} a", f"{kind} b"],
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("%{name}", "app"),
        ("%{name}-%{evr}.%{arch}", "app-2:1.0-3.x86_64"),
        ("%{version}|%{release}|%{reponame}", "1.0|3|lab"),
        ("%{size}|%{downloadsize}|%{installsize}", "  6.12k|  6.12k| 12.00b"),
        ("%{summary}%{description}%{license}%{url}", "sumMIThttp://u"),
        ("%{sourcerpm}=%{sourcename}", "app-1.0-3.src=app-1.0-3.src"),
        ("%{requires}", "requires a\nrequires b"),
        (r"a\tb\n\\\"\x", 'a\tb\n\\"x'),
        ("100%", "100%"),
        ("%name }", "%name }"),
        ("%{name}%{name}", "appapp"),
    ],
)
def test_a_format_is_filled(text: str, expected: str) -> None:
    assert QueryFormat(text).render(FACTS) == expected


@pytest.mark.parametrize(
    ("text", "number"), [("%{name", 902), ("%{Name}", 1622), ("%{}", 1622), ("x%{nope}", 1622)]
)
def test_a_bad_format_has_its_number(text: str, number: int) -> None:
    with pytest.raises(PkgmanError) as raised:
        QueryFormat(text)
    assert raised.value.number == number
