"""Folders that several processes and users compute into: nothing twice, and what to do."""

import os
import sys

import pytest
from processes import Forked

from brian_rflo.crews import part as parts
from brian_rflo.crews import sharing
from brian_rflo.crews.part import read
from brian_rflo.crews.sharing import claimed, is_claimed, remedy, shared_folder

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
ASK = """
import sys
from pathlib import Path
from brian_rflo.crews.sharing import OPEN, is_claimed
OPEN.clear()  # the claims of the process that this one is forked from
print([is_claimed(Path(path)) for path in sys.argv[1:]])
"""


def refuse(*_, **__):
    """What the system does with files of others."""
    raise PermissionError(13, "Permission denied")


@pytest.fixture
def another(monkeypatch):
    """Let this user be another one than the owner of all files, in the same group."""
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)


def test_a_claim_ends_with_itself_and_no_other_one_does(tmp_path):
    """The system would give up all claims of a process with the first one."""
    outer, inner, link = tmp_path / "outer", tmp_path / "inner", tmp_path / "link"
    link.symlink_to(tmp_path)
    with claimed(outer) as first:
        with claimed(link / "inner") as second:
            assert first and second
        assert not is_claimed(inner)
        asked = Forked(ASK, outer, inner).communicate()
        with pytest.raises(
            RuntimeError,
            match="outer' is requested while this process computes it; .* other settings",
        ):
            is_claimed(outer)
    assert asked == "[True, False]\n" and not is_claimed(outer) and not sharing.OPEN


@POSIX
@pytest.mark.parametrize("mode", [0o700, 0o770, 0o2775, 0o1777])
def test_who_may_write_into_a_folder_may_claim(tmp_path, mode):
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(mode)
    before = os.umask(0o077)
    try:
        with claimed(folder / "a"), claimed(folder / "b"):
            status = (folder / ".claims").stat()
    finally:
        os.umask(before)
    assert status.st_mode & 0o777 == mode & 0o666 and status.st_gid == folder.stat().st_gid


@POSIX
def test_a_link_in_the_place_of_claims_is_not_followed(tmp_path):
    (tmp_path / "mine").touch(mode=0o600)
    (tmp_path / ".claims").symlink_to(tmp_path / "mine")
    with pytest.raises(OSError), claimed(tmp_path / "a"):
        pass
    assert (tmp_path / "mine").stat().st_mode & 0o777 == 0o600


@POSIX
def test_claims_of_another_user(tmp_path, another, monkeypatch):
    (tmp_path / ".claims").touch()
    monkeypatch.setattr(os, "open", refuse)
    with (
        pytest.raises(
            PermissionError,
            match=rf"cannot write '{tmp_path}/\.claims'.*; let \w.* write "
            rf"chmod g\+rw '{tmp_path}/\.claims'$",
        ),
        claimed(tmp_path / "a"),
    ):
        pass


@POSIX
def test_a_result_of_another_user(tmp_path, another, monkeypatch):
    (tmp_path / "a.npz").touch()
    monkeypatch.setattr(parts, "read_arrays", refuse)
    with pytest.raises(
        PermissionError,
        match=rf"cannot read the finished part '{tmp_path}/a\.npz'; let \w.* write "
        rf"chmod g\+r '{tmp_path}/a\.npz', or choose another folder",
    ):
        read(tmp_path / "a.npz")


@POSIX
def test_a_folder_of_another_user(tmp_path, another, monkeypatch):
    """The command is for the nearest folder that is there."""
    monkeypatch.setattr(parts.Path, "mkdir", refuse)
    with pytest.raises(
        PermissionError,
        match=rf"cannot write to the folder '{tmp_path}/a/b' \(Permission denied\); "
        rf"choose another one, or let \w.* write chmod g\+w '{tmp_path}'$",
    ):
        shared_folder(tmp_path / "a" / "b")


@POSIX
def test_what_is_to_be_done(tmp_path, monkeypatch):
    """By oneself; by the owner; by the owner where there is no common group."""
    assert remedy(tmp_path, "w") == f"write chmod u+w '{tmp_path}'"
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    monkeypatch.setattr(sharing, "owner_of", lambda path: "anna")
    monkeypatch.setattr(os, "getegid", lambda: -1)
    monkeypatch.setattr(os, "getgroups", lambda: [tmp_path.stat().st_gid])
    assert remedy(tmp_path, "w") == f"let anna write chmod g+w '{tmp_path}'"
    monkeypatch.setattr(os, "getgroups", lambda: [])
    assert (
        remedy(tmp_path, "w")
        == f"let anna write chgrp GROUP '{tmp_path}', with a group that you are both in, "
        f"and chmod g+w '{tmp_path}'"
    )
