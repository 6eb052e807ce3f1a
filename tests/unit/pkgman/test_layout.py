"""Text and JSON layouts, byte for byte as the contract shows them."""

from __future__ import annotations

import pytest

from pkgman import layout
from pkgman.model.package import Package, PackageInfo
from pkgman.model.transaction import Action, Reason, Solution, Step

APP = Package("lab-app", 0, "1.0", "1", "x86_64", "lab", 1, 12, 6267)
LIB = Package("lab-lib", 0, "2.0", "1", "x86_64", "lab", 2, 12, 6277)
EPOCH = Package("lab-epoch", 2, "1.0", "1", "x86_64", "lab", 3, 14, 6297)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "  0.00b"),
        (12, " 12.00b"),
        (1024, "1024.00b"),
        (1025, "  1.00k"),
        (6267, "  6.12k"),
        (5 << 20, "  5.00M"),
        (5 << 40, "5120.00G"),
    ],
)
def test_sizes_for_people(size: int, text: str) -> None:
    assert layout.human(size) == text


def test_a_list_line_has_the_contracts_columns() -> None:
    installed = APP._replace(repo="@System")
    assert (
        layout.list_line(installed, 80)
        == "lab-app.x86_64                               1.0-1                     @System"
    )


def test_updates_for_a_terminal_have_what_is_installed_beside_what_is_available() -> None:
    new, old = EPOCH._replace(epoch=3), EPOCH._replace(repo="@System")
    pairs = [(APP._replace(version="1.10"), APP), (new, old)]
    wide = [
        "Package           Available  Installed  Repository",
        "lab-app.x86_64    1.10-1     1.0-1      lab",
        "lab-epoch.x86_64  3:1.0-1    2:1.0-1    lab",
    ]
    assert list(layout.update_lines(pairs, 80)) == wide
    assert list(layout.update_lines(pairs, len(wide[0]))) == wide
    assert list(layout.update_lines([], 80)) == []


@pytest.mark.parametrize(
    ("width", "row"),
    [
        (40, ["lab-app.x86_64  1.10-1  1.0-1  lab"]),
        (30, ["lab-app.x86_64  1.10-1  1.0-1", "  lab"]),
        (15, ["lab-app.x86_64", "  1.10-1  1.0-1", "  lab"]),
        (1, ["lab-app.x86_64", "  1.10-1", "  1.0-1", "  lab"]),
    ],
)
def test_updates_go_on_in_indented_lines_where_the_terminal_is_narrow(width: int, row: list[str]) -> None:
    _, line = layout.update_lines([(APP._replace(version="1.10"), APP)], width)
    assert line.split("\n") == row


def test_a_transaction_table_is_the_contracts_example() -> None:
    steps = tuple(Step(Action.INSTALL, package, Reason.USER) for package in (LIB, EPOCH, APP))
    assert "\n".join(layout.transaction_lines(Solution(steps), 80)) == (
        "\n"
        "Installing:\n"
        "lab-lib          x86_64       2.0-1            lab           12.00b     6.13k\n"
        "lab-epoch        x86_64       2:1.0-1          lab           14.00b     6.15k\n"
        "lab-app          x86_64       1.0-1            lab           12.00b     6.12k\n"
        "\n"
        "Total installed size:  38.00b\n"
        "Total download size:  18.40k"
    )


def test_tables_come_in_the_contracts_order() -> None:
    steps = tuple(Step(action, APP, Reason.USER) for action in reversed(Action))
    headers = [line for line in layout.transaction_lines(Solution(steps), 80) if line.endswith("ing:")]
    assert headers == [
        "Installing:",
        "Upgrading:",
        "Downgrading:",
        "Removing:",
        "Reinstalling:",
        "Obsoleting:",
    ]
    assert list(layout.transaction_object(Solution(steps))) == [
        "Install",
        "Upgrade",
        "Downgrade",
        "Remove",
        "Reinstall",
        "Obsolete",
    ]


def test_the_evr_of_a_json_transaction_has_no_epoch_and_that_of_a_list_has_one() -> None:
    solution = Solution((Step(Action.INSTALL, EPOCH, Reason.USER),))
    assert layout.transaction_object(solution)["Install"][0]["Evr"] == "1.0-1"
    assert layout.list_item(EPOCH)["Evr"] == "2:1.0-1"
    assert layout.query_item(EPOCH)["Nevra"] == "lab-epoch-1.0-1.x86_64"
    assert layout.query_item(EPOCH)["Evr"] == "2:1.0-1"


def test_info_leaves_the_download_size_of_an_installed_package_out() -> None:
    info = PackageInfo("s", "d", "u", "l", "")
    lines = list(layout.info_lines(APP._replace(download_size=0), info))
    assert not any("Download" in line for line in lines)
    assert "Download Size  :   6.12k (6267)" in list(layout.info_lines(APP, info))
    assert lines[-1] == ""


def test_no_repository_means_no_header() -> None:
    assert list(layout.repo_lines([])) == []
    assert list(layout.repo_lines([("lab", "Lab repo", True)]))[1] == (
        "lab                 Lab repo                                 enabled  "
    )
