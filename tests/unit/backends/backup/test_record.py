"""When the state was last kept safely is known, and told in time."""

from __future__ import annotations

from pathlib import Path

import pytest

from laresd.backends.backup.record import DAY_S, Record, finding, read, told_age, write
from laresd.backends.checks.finding import Verdict
from laresd.config import Backup

NOW = 2_000_000_000.0
SOMEWHERE = Backup(target="/media/usb/lares")


def test_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    (tmp_path / "backup").mkdir()
    record = Record(NOW, "ab12", "/media/usb", 10, NOW + 5, "the disk is away")
    write(tmp_path, record)
    assert read(tmp_path) == record
    write(tmp_path, Record())
    assert read(tmp_path) == Record()


@pytest.mark.parametrize("content", [None, b"", b"null", b"[1]", b'{"good_at": "x"}'])
def test_what_is_damaged_or_not_there_tells_of_no_backup(
    tmp_path: Path, content: bytes | None
) -> None:
    (tmp_path / "backup").mkdir()
    if content is not None:
        (tmp_path / "backup" / "record.json").write_bytes(content)
    assert read(tmp_path) == Record()


@pytest.mark.parametrize(
    ("settings", "record", "verdict"),
    [
        (Backup(), Record(), Verdict.WARN),
        (SOMEWHERE, Record(), Verdict.WARN),
        (SOMEWHERE, Record(good_at=NOW - DAY_S), Verdict.OK),
        (SOMEWHERE, Record(good_at=NOW - 4 * DAY_S), Verdict.WARN),
        (SOMEWHERE, Record(good_at=NOW - DAY_S, fault="no space left"), Verdict.FAIL),
        (Backup(target="/x", warn_after_days=0), Record(good_at=0.0), Verdict.OK),
    ],
)
def test_a_doctor_judges_it(settings: Backup, record: Record, verdict: Verdict) -> None:
    found = finding(settings, record, NOW)
    assert found.verdict is verdict
    assert bool(found.remedy) == (verdict is not Verdict.OK)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "less than an hour"), (3600, "1 hour"), (7300, "2 hours"), (DAY_S, "1 day"),
     (9.5 * DAY_S, "9 days")],
)  # fmt: skip
def test_an_age_is_told_as_people_say_it(seconds: float, said: str) -> None:
    assert told_age(seconds) == said
