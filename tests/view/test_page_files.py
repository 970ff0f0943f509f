"""Files for the reader: tables, and pictures of the page that become a GIF or, where ffmpeg is, an MP4."""

import io
import shutil
import sys
import zlib

import numpy as np
import pandas as pd
import pytest
from helpers.listening import skirmish
from PIL import Image

from sim.errors import InputError
from sim.view.page.messages import export
from sim.view.page.messages.export import Film, table_bytes


@pytest.fixture
def page():
    return skirmish()


def picture(width, height, color=(90, 90, 90)):
    """A PNG as bytes."""
    file = io.BytesIO()
    Image.new("RGB", (width, height), color).save(file, "PNG")
    return file.getvalue()


def test_tables_and_films(page):
    session, _ = page
    session.execute({"do": "step", "days": True})
    name, data = table_bytes(session.branches.world.journal, "a/../b-1", "csv")
    assert name == "a-b-1-daily.csv" and len(pd.read_csv(io.BytesIO(data))) == 2
    name, data = table_bytes(session.branches.world.journal, "skirmish-1", "parquet")
    assert pd.read_parquet(io.BytesIO(data))["held_km2"].notna().all()
    film = Film("x", 5)
    for k in range(3):
        film.add(picture(40, 30, (40 * k, 90, 90)))
    name, data = film.finish("gif")
    assert name == "x.gif" and Image.open(io.BytesIO(data)).n_frames == 3
    with pytest.raises(InputError, match="no recorded frame"):
        Film("x", 5).finish("gif")


@pytest.mark.parametrize("data", [b"<script>", b"\x89PNG\r\n\x1a\n and no more", picture(40, 30)[:60]])
def test_what_is_no_picture_is_refused(data):
    with pytest.raises(InputError, match="no picture"):
        Film("x", 5).add(data)


def test_a_picture_that_says_to_be_enormous_is_refused():
    data = bytearray(picture(40, 30))
    data[16:24] = (100_000).to_bytes(4, "big") * 2  # width and height of its header
    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    with pytest.raises(InputError, match="no picture"):
        Film("x", 5).add(bytes(data))


def test_an_animation_of_another_kind_is_refused():
    film = Film("x", 5)
    film.add(picture(40, 30))
    with pytest.raises(InputError, match="animation 'exe': allowed: gif, mp4"):
        film.finish("exe")


def test_an_animation_has_limits(monkeypatch):
    monkeypatch.setattr(export, "MOST_FRAMES", 1)
    film = Film("x", 5)
    film.add(picture(40, 30))
    with pytest.raises(InputError, match="1 pictures"):
        film.add(picture(40, 30))
    monkeypatch.setattr(export, "MOST_PIXELS", 100)
    with pytest.raises(InputError, match="pixels"):
        Film("x", 5).add(picture(40, 30))


FFMPEG = """#!{python}
import pathlib, sys
words = sys.argv[1:]
{what}
"""


def ffmpeg(folder, monkeypatch, what):
    """A program of that name alone on PATH, which does as it is told."""
    file = folder / "ffmpeg"
    file.write_text(FFMPEG.format(python=sys.executable, what=what), encoding="utf-8")
    file.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))


def test_without_ffmpeg_there_is_no_mp4(page, tmp_path, monkeypatch):
    session, ear = page
    monkeypatch.setenv("PATH", str(tmp_path))
    session.execute({"do": "hello"})
    assert ear.last("ground")["ffmpeg"] is False
    session.execute({"do": "film", "begin": True, "name": "a/b"})
    session.execute({"do": "film"}, [picture(40, 30)])
    session.guard(session.execute, {"do": "film", "finish": "mp4"})
    assert "ffmpeg is not installed" in ear.last("notice")["words"] and session.fault is None


def test_with_ffmpeg_pictures_become_an_mp4(page, tmp_path, monkeypatch):
    """All pictures in order at the rate and in the even size of the first one; the name is safe."""
    session, ear = page
    ffmpeg(tmp_path, monkeypatch, "\n".join((
        "source = pathlib.Path(words[words.index('-i') + 1])",
        "found = sorted(p.name for p in source.parent.glob('*.png'))",
        "assert source.name == '%05d.png' and found == ['00000.png', '00001.png', '00002.png'], found",
        "assert (source.parent / '00001.png').read_bytes()[:4] == bytes([137, 80, 78, 71])",
        "size, rate = words[words.index('-vf') + 1], words[words.index('-framerate') + 1]",
        "pathlib.Path(words[-1]).write_text(f'{size} {rate} {sys.stdin.read()}')",
    )))  # fmt: skip
    session.execute({"do": "hello"})
    assert ear.last("ground")["ffmpeg"] is True
    session.execute({"do": "film", "begin": True, "name": "../a b", "rate": 6})
    for size in ((41, 31), (41, 31), (60, 50)):
        session.execute({"do": "film"}, [picture(*size)])
    sent = []
    session._send = lambda message, buffers: sent.append((message, buffers))
    session.execute({"do": "film", "finish": "mp4"})
    message, buffers = sent[-1]
    assert message["type"] == "file" and message["name"] == "-a-b.mp4" and bytes(buffers[0]) == b"scale=40:30 6.0 "


@pytest.mark.parametrize(("what", "words"), [("sys.exit('Unknown encoder\\nand more')", "Unknown encoder"), ("pass", "made no film"),
                                             ("import time; time.sleep(60)", "took more than")])  # fmt: skip
def test_an_ffmpeg_that_fails_is_one_line(page, tmp_path, monkeypatch, what, words):
    session, ear = page
    ffmpeg(tmp_path, monkeypatch, what)
    monkeypatch.setattr(export, "FFMPEG_S", 5 if "sleep" not in what else 0.2)
    session.execute({"do": "film", "begin": True})
    session.execute({"do": "film"}, [picture(40, 30)])
    session.guard(session.execute, {"do": "film", "finish": "mp4"})
    words_sent = ear.last("notice")["words"]
    assert words in words_sent and "GIF works" in words_sent and "\n" not in words_sent and session.fault is None


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")
def test_an_mp4_by_the_real_ffmpeg():
    film = Film("x", 5)
    for k in range(4):
        film.add(picture(61, 41, (60 * k, 90, 90)))
    assert film.finish("mp4")[1][4:8] == b"ftyp"


def test_a_gif_has_the_colors_of_the_page():
    """A land of soft tones with a few strong ones: a color is off by 3 of 255 on the average, and the strong ones by 12 at most."""
    from PIL import Image

    y, x = np.mgrid[0:200, 0:300]
    land = np.stack([246 - 20 * np.sin(x / 40), 242 - 25 * np.cos(y / 30), 232 - 30 * np.sin((x + y) / 50)], axis=-1)
    strong = (x % 60 < 4) & (y % 40 < 4)
    land[strong] = (160, 73, 10)
    land[(x % 60 > 40) & (y % 40 > 36)] = (15, 95, 102)
    colors = land.round().astype(np.uint8)
    out = io.BytesIO()
    Image.fromarray(colors).save(out, "PNG")
    film = Film("x", 5)
    film.add(out.getvalue())
    with Image.open(io.BytesIO(film.finish("gif")[1])) as gif:
        off = np.abs(np.asarray(gif.convert("RGB"), float) - colors).max(axis=-1)
    assert off.mean() < 3 and off[strong].max() <= 12
