from __future__ import annotations

import pytest

from pkgman.model.advisory import Advisory, AdvisoryPackage, Reference
from pkgman.model.errors import MetadataError
from repo_meta.updateinfo import parse_advisories

XML = b"""<?xml version="1.0" encoding="UTF-8"?>
<updates>
  <update from="a@b" status="final" type="security" version="1">
    <id>LAB-1</id><title>fix</title><severity>7.5</severity>
    <issued date="2021-06-02 13:00:00"/><updated date="2021-06-03"/>
    <description>two &amp; more
lines</description>
    <references><reference href="x" id="CVE-2021-1" type="cve"/><reference id="77" type="bugzilla"/>
      <reference id="CVE-2021-2" title="two" type="CVE"/><reference href="y" type="other"/></references>
    <pkglist><collection short="x"><name>c</name>
      <package name="n" epoch="1" version="2" release="3" arch="noarch" src="s">
        <filename>n-2-3.noarch.rpm</filename><reboot_suggested>True</reboot_suggested></package>
      <package name="m" version="2" release="3" arch="x86_64"><filename>m.rpm</filename></package>
    </collection></pkglist>
  </update>
  <update type="newpackage"><id>LAB-2</id><issued date="1622638800"/><updated date="never"/></update>
</updates>
"""


@pytest.mark.parametrize("size", [1, 13, 100_000])
def test_advisories_are_read(size: int) -> None:
    assert list(parse_advisories(XML[at : at + size] for at in range(0, len(XML), size))) == [
        Advisory(
            id="LAB-1",
            type="Security",
            severity="7.5",
            title="fix",
            description="two & more\nlines",
            updated=1622678400,
            reboot=True,
            packages=(
                AdvisoryPackage("n", 1, "2", "3", "noarch", "n-2-3.noarch.rpm", reboot=True),
                AdvisoryPackage("m", 0, "2", "3", "x86_64", "m.rpm", reboot=False),
            ),
            kind="security",
            issued=1622638800,
            references=(
                Reference("cve", "CVE-2021-1", "", "x"),
                Reference("bugzilla", "77", "", ""),
                Reference("cve", "CVE-2021-2", "two", ""),
                Reference("other", "", "", "y"),
            ),
        ),
        Advisory("LAB-2", "Unknown", "", "", "", 1622638800, False, (), kind="newpackage", issued=1622638800),
    ]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<updates><update>",
        b"no xml",
        b'<!DOCTYPE u [<!ENTITY x SYSTEM "file:///etc/passwd">]><updates><update>&x;</update></updates>',
        b'<!DOCTYPE u [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><updates><update>&b;</update></updates>',
    ],
)
def test_broken_or_hostile_xml_is_refused(data: bytes) -> None:
    with pytest.raises(MetadataError) as caught:
        list(parse_advisories([data]))
    assert caught.value.number == 1304
