"""Whatever file a person has, it is read as 16 kHz mono s16 or refused with the way out."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from laresd.errors import Permanent
from laresd.sound import Intake, Resampler, level_dbfs, read_wav, resample, wav_bytes, write_wav

PCM, FLOAT, ALAW, MULAW, ADPCM = 1, 3, 6, 7, 2


def tone(rate: int = 16_000, seconds: float = 0.5, hz: float = 440.0) -> npt.NDArray[np.float64]:
    return 0.5 * np.sin(2 * np.pi * hz * np.arange(int(rate * seconds)) / rate)


def wav(
    data: bytes, *, tag: int = PCM, channels: int = 1, rate: int = 16_000, bits: int = 16
) -> bytes:
    width = channels * bits // 8
    form = struct.pack("<HHIIHH", tag, channels, rate, rate * width, width, bits)
    body = b"WAVE" + struct.pack("<4sI", b"fmt ", len(form)) + form
    body += struct.pack("<4sI", b"LIST", 3) + b"abc\0"  # an odd chunk that is none of our business
    body += struct.pack("<4sI", b"data", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


def s16(samples: npt.NDArray[np.float64]) -> bytes:
    return (samples * 32767).astype("<i2").tobytes()


def likeness(pcm: bytes, expected: npt.NDArray[np.float64]) -> float:
    """Correlation with the tone that went in: 1 when it is the same sound."""
    got = np.frombuffer(pcm, "<i2").astype(float)
    length = min(len(got), len(expected))
    return float(np.corrcoef(got[100 : length - 100], expected[100 : length - 100])[0, 1])


def test_a_16_khz_mono_file_comes_through_unchanged() -> None:
    pcm = s16(tone())
    sound = read_wav(wav(pcm))
    assert (sound.pcm, sound.seconds, sound.notes) == (pcm, 0.5, ())


@given(st.binary(max_size=400).map(lambda data: data[: len(data) // 2 * 2]).filter(bool))
def test_what_is_written_is_read_back(pcm: bytes) -> None:
    assert read_wav(wav_bytes(pcm)).pcm == pcm


def test_a_file_on_disk(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", s16(tone()))
    assert read_wav(tmp_path / "a.wav").pcm == s16(tone())


def packed(bits: int, samples: npt.NDArray[np.float64]) -> bytes:
    if bits == 8:
        return (samples * 127 + 128).astype(np.uint8).tobytes()
    if bits == 24:
        wide = (samples * (2**23 - 1)).astype("<i4").view(np.uint8).reshape(-1, 4)
        return bytes(wide[:, :3].tobytes())
    return bytes((samples * (2 ** (bits - 1) - 1)).astype(f"<i{bits // 8}").tobytes())


@pytest.mark.parametrize("bits", [8, 16, 24, 32])
def test_every_width_of_pcm(bits: int) -> None:
    assert likeness(read_wav(wav(packed(bits, tone()), bits=bits)).pcm, tone()) > 0.999


@pytest.mark.parametrize("bits", [32, 64])
def test_floating_point(bits: int) -> None:
    data = tone().astype(f"<f{bits // 8}").tobytes()
    assert likeness(read_wav(wav(data, tag=FLOAT, bits=bits)).pcm, tone()) > 0.999


def test_floating_point_that_is_no_number_or_too_loud_is_cut_to_the_range() -> None:
    data = np.array([np.nan, np.inf, -np.inf, 7.0], "<f4").tobytes()
    sound = read_wav(wav(data, tag=FLOAT, bits=32))
    assert np.frombuffer(sound.pcm, "<i2").tolist() == [0, 32767, -32768, 32767]


@pytest.mark.parametrize(
    ("tag", "codes", "expected"),
    [
        (MULAW, [0xFF, 0x7F, 0x00, 0x80, 0xF0], [0, 0, -32124, 32124, 120]),
        (ALAW, [0xD5, 0x55, 0x2A, 0xAA, 0x85], [8, -8, -32256, 32256, 4224]),
    ],
)
def test_telephone_companding_follows_g711(tag: int, codes: list[int], expected: list[int]) -> None:
    sound = read_wav(wav(bytes(codes), tag=tag, bits=8))
    assert np.frombuffer(sound.pcm, "<i2").tolist() == expected


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100, 48_000, 96_000])
def test_any_rate_becomes_16_khz_of_the_same_length(rate: int) -> None:
    sound = read_wav(wav(s16(tone(rate)), rate=rate))
    assert abs(len(sound.pcm) / 2 - 8_000) <= 2
    assert likeness(sound.pcm, tone()) > 0.99
    assert f"{rate} Hz mono 16-bit" in sound.notes[0]


@pytest.mark.parametrize("channels", [2, 6])
def test_channels_are_mixed_to_one(channels: int) -> None:
    data = s16(np.repeat(tone(48_000), channels))
    sound = read_wav(wav(data, channels=channels, rate=48_000))
    assert likeness(sound.pcm, tone()) > 0.99


def test_extensible_wav_names_its_format_in_the_guid() -> None:
    pcm = s16(tone())
    guid = struct.pack("<H", PCM) + bytes.fromhex("000000001000800000aa00389b71")
    form = struct.pack("<HHIIHH", 0xFFFE, 1, 16_000, 32_000, 2, 16) + struct.pack("<HHI", 22, 16, 4)
    form += guid
    body = b"WAVE" + struct.pack("<4sI", b"fmt ", len(form)) + form
    body += struct.pack("<4sI", b"data", len(pcm)) + pcm
    assert read_wav(b"RIFF" + struct.pack("<I", len(body)) + body).pcm == pcm


def test_a_truncated_file_gives_what_is_there_and_says_so() -> None:
    whole = wav(s16(tone(seconds=2.0)))
    sound = read_wav(whole[: len(whole) // 2 + 1])
    assert 0.9 < sound.seconds < 1.1
    assert "truncated: 1.0 of 2.0 seconds" in sound.notes[0]


@pytest.mark.parametrize("length", [0, 0xFFFFFFFF])
def test_a_file_written_to_a_pipe_has_no_length_and_is_read_to_its_end(length: int) -> None:
    pcm = s16(tone())
    known, unknown = (struct.pack("<4sI", b"data", size) for size in (len(pcm), length))
    data = wav(pcm).replace(known, unknown)
    assert read_wav(data).pcm == pcm


def test_a_silent_file_says_so() -> None:
    assert read_wav(wav(bytes(3200))).notes == ("it is silent from beginning to end",)


def test_raw_files_are_16_khz_s16(tmp_path: Path) -> None:
    (tmp_path / "a.raw").write_bytes(s16(tone()) + b"x")
    assert read_wav(tmp_path / "a.raw").pcm == s16(tone())


BAD = {
    "empty": (b"", "is empty"),
    "no samples": (wav(b""), "holds no sound"),
    "text": (b"hello, I am not a recording", "is not a wav"),
    "cut in the magic": (wav(s16(tone()))[:3], "ends inside its header"),
    "cut in the header": (wav(s16(tone()))[:20], "ends inside its header"),
    "cut before the data": (wav(s16(tone()))[:40], "ends inside its header"),
    "ADPCM": (wav(bytes(100), tag=ADPCM, bits=4), "is ADPCM"),
    "FLAC": (b"fLaC" + bytes(40), "is FLAC"),
    "MP3": (b"ID3" + bytes(40), "is MP3"),
    "M4A": (b"\0\0\0\x20ftypM4A ", "is MP4"),
    "no rate": (wav(bytes(100), rate=0), "impossible format"),
    "no channels": (wav(bytes(100), channels=0), "impossible format"),
    "12 bits": (wav(bytes(100), bits=12), "impossible format"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_read_is_refused_with_the_way_out(name: str) -> None:
    data, message = BAD[name]
    with pytest.raises(Permanent, match=message) as caught:
        read_wav(data)
    assert caught.value.remedy


def test_compressed_files_get_the_command_that_converts_them(tmp_path: Path) -> None:
    (tmp_path / "voice.ogg").write_bytes(b"OggS" + bytes(60))
    with pytest.raises(Permanent) as caught:
        read_wav(tmp_path / "voice.ogg")
    assert "ffmpeg -i voice.ogg" in caught.value.remedy


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(Permanent, match="No such file"):
        read_wav(tmp_path / "none.wav")


def test_ten_minutes_are_read_and_longer_than_the_limit_is_refused() -> None:
    ten_minutes = wav(bytes(600 * 8_000), rate=8_000, bits=8)
    assert read_wav(ten_minutes).seconds == 600.0
    with pytest.raises(Permanent, match="longer than 5 minutes"):
        read_wav(ten_minutes, max_seconds=300)


@given(st.binary(max_size=120))
def test_no_bytes_whatever_break_the_reader(tail: bytes) -> None:
    for data in (tail, b"RIFF\0\0\0\0WAVE" + tail, wav(tail), wav(tail, bits=24, channels=3)):
        try:
            assert len(read_wav(data).pcm) % 2 == 0
        except Permanent as error:
            assert error.message


def test_resampling_keeps_the_sound() -> None:
    there = resample(s16(tone()), 16_000, 48_000)
    assert len(there) == 3 * len(s16(tone()))
    assert likeness(resample(there, 48_000, 16_000), tone()) > 0.99
    assert resample(b"", 8_000, 16_000) == b""


def test_resampling_piece_by_piece_makes_no_clicks() -> None:
    resampler = Resampler(44_100, 16_000)
    data = s16(tone(44_100))
    pieces = [resampler.feed(data[start : start + 2822]) for start in range(0, len(data), 2822)]
    assert likeness(b"".join(pieces), tone()) > 0.99
    assert Resampler(16_000, 16_000).feed(data) == data


@pytest.mark.parametrize("bits", [8, 16, 24, 32])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100, 48_000])
def test_a_stream_of_any_layout_is_taken_in_whatever_its_pieces(
    bits: int, channels: int, rate: int
) -> None:
    samples = np.repeat(tone(rate), channels)
    data = packed(bits, samples)
    intake = Intake(rate, bits // 8, channels)
    pieces = [intake.feed(data[start : start + 999]) for start in range(0, len(data), 999)]
    pcm = b"".join([*pieces, intake.end()])
    assert len(pcm) == pytest.approx(len(s16(tone())), abs=4)
    assert likeness(pcm, tone()) > (0.99 if bits == 8 or rate == 8_000 else 0.9999)


def test_level_is_against_full_scale() -> None:
    assert level_dbfs(s16(tone())) == pytest.approx(-9.03, abs=0.1)
    assert level_dbfs(bytes(100)) == level_dbfs(b"") == -96.0
