# SPDX-License-Identifier: BSD-3-Clause
"""One lab for each test file; without root or tools every test is skipped with the reason. A file may say
LAB = {...}: what its lab is made with. At its end every packet must have had one fate."""

import os
import pathlib
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts" / "lib"))

import lab as lab_module  # noqa: E402  (the path comes first)


@pytest.fixture(scope="module")
def lab(request):
    problem = lab_module.missing_for_lab()
    if problem:
        pytest.skip(problem)
    name = "t" + request.module.__name__.rpartition(".")[2].removeprefix("test_")[:7]
    made = lab_module.Lab(name, os.environ.get("PICKET_BUILD"), **getattr(request.module, "LAB", {}))
    made.down()  # what an interrupted run may have left
    faults = []
    try:
        made.up()
        yield made
        made.check_alive("dataplane", "control")
        faults = made.fate_faults()
    finally:
        made.down()
    assert not faults, "not every packet had one fate"


@pytest.fixture(scope="module")
def alice(lab):
    user = lab.xmpp_user("alice")
    yield user
    user.close()


@pytest.fixture(scope="module")
def bob(lab):
    user = lab.sip_user("bob")
    yield user
    user.close()


FIGURES = []


@pytest.fixture
def figure():
    """Print a measurement at the end. Nothing is asserted about it: the machine may be busy."""
    return FIGURES.append


def pytest_terminal_summary(terminalreporter):
    for line in FIGURES:
        terminalreporter.write_line(line)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failure shows the end of the edge's logs."""
    outcome = yield
    report = outcome.get_result()
    made = item.funcargs.get("lab") if hasattr(item, "funcargs") else None
    if report.failed and made is not None:
        for program in ("control", "dataplane", "prosody", "kamailio"):
            report.sections.append((program, "\n".join(made.log_text(program).splitlines()[-25:])))
