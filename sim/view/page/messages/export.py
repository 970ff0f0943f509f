"""Files for the reader: the figures by day as a table, frames of the page as an animation."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from sim.errors import InputError

MOST_FRAMES = 480  # of an animation
MOST_FRAME_BYTES = 8_000_000
MOST_BYTES = 250_000_000  # of all pictures together
MOST_PIXELS = 40_000_000  # of one picture
FFMPEG_S = 300  # it may take


def stem_of(name: str) -> str:
    """A name as the first part of a file's name: letters, digits, points, dashes."""
    return re.sub(r"(?:[^A-Za-z0-9._-]|\.\.)+", "-", name)[:100].lstrip(".")


def table_bytes(journal: Any, name: str, kind: str) -> tuple[str, bytes]:
    """All measures by day as a file: its name and its bytes, CSV or Parquet."""
    import pandas as pd

    table = pd.DataFrame(journal.daily())
    stem = f"{stem_of(name)}-daily"
    if kind == "csv":
        return f"{stem}.csv", table.to_csv(index=False).encode()
    if kind == "parquet":
        file = io.BytesIO()
        table.to_parquet(file, index=False)
        return f"{stem}.parquet", file.getvalue()
    raise InputError(f"table format {kind[:20]!r}: allowed: csv, parquet.")


class Film:
    """Pictures of the page, one after another, that become a GIF, or an MP4 where ffmpeg is there."""

    def __init__(self, name: str, frames_per_s: float):
        self.name = stem_of(name)
        self.frames_per_s = min(max(float(frames_per_s), 1.0), 30.0)
        self.pictures: list[bytes] = []

    def add(self, png: bytes) -> None:
        """Takes one picture; InputError when it is none, or too many have come."""
        from PIL import Image

        if len(self.pictures) >= MOST_FRAMES or sum(map(len, self.pictures)) > MOST_BYTES:
            raise InputError(f"an animation may have {MOST_FRAMES} pictures and {MOST_BYTES // 1_000_000} MB.")
        if len(png) > MOST_FRAME_BYTES:
            raise InputError(f"a picture of an animation may have {MOST_FRAME_BYTES // 1_000_000} MB.")
        try:
            with Image.open(io.BytesIO(png), formats=["PNG"]) as picture:
                pixels = picture.width * picture.height
                picture.verify()
        except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):  # what Pillow raises for what is no picture, half of one, or too large
            raise InputError("that is no picture of this page.") from None
        if pixels > MOST_PIXELS:
            raise InputError(f"a picture of an animation may have {MOST_PIXELS // 1_000_000} million pixels.")
        self.pictures.append(bytes(png))

    def finish(self, kind: str) -> tuple[str, bytes]:
        """The file: its name and its bytes."""
        if not self.pictures:
            raise InputError("there is no recorded frame to animate yet.")
        if kind not in ("gif", "mp4"):
            raise InputError(f"animation {kind[:40]!r}: allowed: gif, mp4.")
        if kind == "mp4":
            return f"{self.name}.mp4", self._mp4()
        return f"{self.name}.gif", self._gif()

    def _gif(self) -> bytes:
        from PIL import Image

        images = [Image.open(io.BytesIO(p)).convert("RGB") for p in self.pictures]
        size = images[0].size
        sheet = Image.new("RGB", (size[0], 3 * size[1]))  # one palette for all, from the first, a middle and the last picture
        for k, n in enumerate((0, len(images) // 2, -1)):
            sheet.paste(images[n].resize(size), (0, k * size[1]))
        palette = sheet.quantize(255, method=Image.Quantize.MAXCOVERAGE, kmeans=3)  # rare colors are kept, and then all brought nearer
        frames = [i.resize(size).quantize(palette=palette, dither=Image.Dither.NONE) for i in images]
        out = io.BytesIO()
        pause = round(1000 / self.frames_per_s)
        times = [pause] * (len(frames) - 1) + [1500]
        frames[0].save(out, "GIF", save_all=True, append_images=frames[1:], duration=times, loop=0, optimize=True)
        return out.getvalue()

    def _mp4(self) -> bytes:
        if not has_ffmpeg():
            raise InputError("ffmpeg is not installed here; GIF works without it.")
        from PIL import Image

        width, height = (n // 2 * 2 for n in Image.open(io.BytesIO(self.pictures[0])).size)  # the coding wants even sides
        with tempfile.TemporaryDirectory() as folder:
            for k, picture in enumerate(self.pictures):
                (Path(folder) / f"{k:05d}.png").write_bytes(picture)
            out = Path(folder) / "film.mp4"
            words = ["ffmpeg", "-v", "error", "-framerate", str(self.frames_per_s), "-i", f"{folder}/%05d.png"]
            words += ["-vf", f"scale={width}:{height}", "-pix_fmt", "yuv420p", "-movflags", "+faststart", str(out)]
            try:
                subprocess.run(words, check=True, timeout=FFMPEG_S, capture_output=True, stdin=subprocess.DEVNULL)
                return out.read_bytes()
            except subprocess.TimeoutExpired:
                raise InputError(f"ffmpeg took more than {FFMPEG_S} s; GIF works without it.") from None
            except subprocess.CalledProcessError as error:
                reason = error.stderr.decode("utf-8", "replace").strip().partition("\n")[0][:200]
                raise InputError(f"ffmpeg failed ({reason or error.returncode}); GIF works without it.") from None
            except OSError as error:
                raise InputError(f"ffmpeg made no film ({error.strerror}); GIF works without it.") from None


def has_ffmpeg() -> bool:
    return shutil.which("ffmpeg") is not None
