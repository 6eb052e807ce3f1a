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


@pytest.mark.parametrize("size", [1, 7, 100_000])
@pytest.mark.parametrize(
    ("raw", "read"),
    [
        (b"a\x1b[1mb", "a\ufffd[1mb"),
        (b"a\x00\x08b", "a\ufffd\ufffdb"),
        (b"a&#27;b&#x1B;c&#0;d", "a\ufffdb\ufffdc\ufffdd"),
        (b"a&#xFFFF;b\xef\xbf\xbfc&#55296;d", "a\ufffdb\ufffdc\ufffdd"),
        (b"caf\xe9 \xc3\xa9", "caf\ufffd \xe9"),
        (b"&#233;&#x1f600;&amp;#27; &lt;", "\xe9\U0001f600&#27; <"),
        (b"a\tb\nc&#9;d", "a\tb\nc\td"),
        (b"<![CDATA[a\x1b<b>]]>", "a\ufffd<b>"),
        (b"a<b>c</b>d", "a"),
    ],
)
def test_what_is_no_character_of_xml_hides_nothing(size: int, raw: bytes, read: str) -> None:
    data = (
        b"<updates><update><id>A</id><description>%b</description></update>"
        b"<update><id>B</id></update></updates>" % raw
    )
    found = list(parse_advisories(data[at : at + size] for at in range(0, len(data), size)))
    assert [advisory.id for advisory in found] == ["A", "B"]
    assert found[0].description == read


def test_the_first_of_a_name_counts_and_other_places_do_not() -> None:
    data = b"""<updates><id>no</id><update><other><id>no</id></other><id>A</id><id>no</id><pkglist>
        <package name="no"/><collection><package name="p" version="1" release="2" arch="noarch"/></collection>
        </pkglist></update></updates>"""
    (found,) = parse_advisories([data])
    assert found.id == "A"
    assert found.packages == (AdvisoryPackage("p", 0, "1", "2", "noarch", "p-1-2.noarch.rpm", reboot=False),)
