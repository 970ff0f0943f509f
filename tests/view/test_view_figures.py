"""Figures: files are written, not blank, without warnings or missing glyphs; labels never overlap."""

from __future__ import annotations

import datetime as dt
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sim import battle
from sim.frame import frame_from_arrays, frame_from_maps, frame_from_run, frame_of, last_frame_arrays
from sim.mustering import muster
from sim.view import battle_picture, label_placement, public_record, run_data, style, typesetting
from sim.view.charts import ensemble_fan
from sim.view.map import battle_map, place_labels, terrain, unit_glyphs


@pytest.fixture(scope="module")
def world():
    return battle.run(muster("skirmish", 3), 4)


@pytest.fixture(scope="module")
def folder(world, tmp_path_factory):
    """An output folder of three runs as the runner writes it, made from one battle."""
    import pyarrow as pa
    import pyarrow.parquet as pq
    import tomli_w

    home = tmp_path_factory.mktemp("run")
    daily = world.journal.daily()
    n = len(daily["day"])
    columns = {name: np.concatenate([values] * 3) for name, values in daily.items()}
    columns |= {"run": np.repeat(range(3), n), "seed": np.repeat([3, 4, 5], n)}
    columns["held_km2"] = columns["held_km2"] + columns["run"] * columns["day"]
    pq.write_table(pa.table(columns), home / "daily.parquet")
    control = np.stack([world.journal.control()] * 3)
    np.savez_compressed(home / "control.npz", run=np.arange(3), day=np.arange(n), control=control)
    np.savez_compressed(home / "frame.npz", **last_frame_arrays(world))
    data = {"git_commit": "abc1234", "scenario": world.scenario.model_dump(exclude_none=True)}
    (home / "manifest.toml").write_text(tomli_w.dumps(data), encoding="utf-8")
    return home


def is_drawn(file) -> bool:
    """True when a picture has many tones and is not one flat color."""
    with Image.open(file) as image:
        pixels = np.asarray(image.convert("L"))
    return pixels.std() > 5 and len(np.unique(pixels)) > 30


def test_picture_of_a_world(world, tmp_path, quiet):
    (file,) = battle_picture.battle_picture(world, tmp_path / "battle.png")
    assert is_drawn(file)
    assert file.stat().st_size < 2.5e6
    with Image.open(file) as image:
        assert image.size == (3507, 2480)
        assert image.info["dpi"][0] == pytest.approx(300, abs=1)


def test_picture_of_a_folder_in_the_dark(folder, tmp_path, quiet):
    (file,) = battle_picture.battle_picture(folder, tmp_path / "dark.png", dark=True)
    assert is_drawn(file)


def test_picture_without_last_moment_shows_the_map(folder, tmp_path, quiet):
    bare = tmp_path / "bare"
    bare.mkdir()
    for name in ("daily.parquet", "control.npz", "manifest.toml"):
        (bare / name).write_bytes((folder / name).read_bytes())
    data = run_data.run_data_of(bare)
    assert data.frame.x.size == 0 and data.commit == "abc1234" and data.runs == 3
    assert is_drawn(battle_picture.battle_picture(bare, tmp_path / "bare.png")[0])


def test_a_folder_without_maps_says_so(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"daily\.parquet"):
        battle_picture.battle_picture(tmp_path, tmp_path / "battle.png")


def test_fan(folder, tmp_path, quiet):
    files = ensemble_fan.fan_chart(folder, tmp_path / "fan")
    assert [f.suffix for f in files] == [".png", ".svg", ".pdf"]
    assert is_drawn(files[0])
    assert b"FontFile" in files[2].read_bytes()


def test_a_real_sector_with_its_record(tmp_path, quiet):
    """The large map draws with places, rivers, earlier fronts and labels, from maps alone."""
    scenario = muster("pokrovsk-2024", 1, record=False).scenario
    start = terrain.sample(np.zeros((80, 80)), 1.0, 0, 0, np.arange(80) + 0.5, np.arange(80) + 0.5)
    maps = np.stack([np.where(np.arange(80)[None, :] > 70 - k, 1.0, start) for k in range(61)])
    frame = frame_from_maps(scenario, 1, maps)
    with style.styled():
        fig = style.figure(5, 5)
        ax = fig.add_axes((0, 0, 1, 1))
        view = battle_map.draw_map(ax, frame, months=[(dt.date(2024, 8, 1), maps[24])])
        fig.canvas.draw()
    words = [t.get_text() for t in ax.texts]
    assert any("DRUZHKIVKA" in w.replace("\u200a", "") for w in words) and place_labels.CREDIT in words
    assert view.scale == pytest.approx(4.5)
    front = terrain.front_lines(frame.control, 1.0, frame.extent)
    assert len(front) == 1 and np.ptp(front[0][:, 0]) < 1.0 and np.ptp(front[0][:, 1]) > 79
    record = public_record.recorded(scenario)
    assert record is not None and record.held[0] == pytest.approx(683.4, abs=0.1)
    assert [c[1] for c in public_record.claimed_prices(dt.date(2024, 7, 8), dt.date(2025, 8, 31))] == [103.0, 223.0, 68.0]


def test_frame_and_back(world, folder):
    frame, again = frame_of(world), frame_from_run(folder)
    assert again.scenario == world.scenario and again.seed == 3 and again.date == dt.date(2024, 8, 5)
    for name in ("control", "works", "threat", "grey", "x", "kind", "men"):
        np.testing.assert_array_equal(getattr(frame, name), getattr(again, name))
    assert frame.x.size == len(world.live())
    assert frame_from_arrays(last_frame_arrays(world)).days == 4


def test_grains_keep_all_men(world):
    frame = frame_of(world)
    rows = frame.kind == 0
    x, _, men = unit_glyphs.grains(frame, rows)
    assert men.sum() == frame.men[rows].sum() and 0 < len(x) <= rows.sum()


# Labels


def crowd(seed: int, n: int = 120) -> list[label_placement.Wish]:
    rng = np.random.default_rng(seed)
    return [label_placement.Wish(f"Place {k}", *rng.uniform(0, 300, 2), size=7 + k % 3, rank=k % 5) for k in range(n)]


@pytest.mark.parametrize("seed", range(5))
def test_labels_never_overlap(seed):
    bounds, reserved = label_placement.Box(0, 0, 300, 300), [label_placement.Box(0, 0, 90, 24)]
    placed = label_placement.place(crowd(seed), bounds, reserved)
    boxes = [p.box for p in placed]
    assert 10 < len(placed) < 120
    for k, box in enumerate(boxes):
        assert box.inside(bounds)
        assert not any(box.meets(other) for other in [*boxes[:k], *reserved])


def test_labels_first_come_the_important():
    one, two = label_placement.Wish("City", 50, 50, 8, rank=0), label_placement.Wish("Village", 51, 50, 7, rank=3)
    tight = label_placement.Box(40, 45, 50 + one.width + 4, 56)
    assert [p.wish for p in label_placement.place([two, one], tight)] == [one]


def test_one_label_of_a_group_where_it_covers_least():
    wishes = [label_placement.Wish("1 Aug", x, 50, 7, centered=True, group="August") for x in (30, 150)]
    busy = np.column_stack([np.full(20, 30.0), np.linspace(48, 52, 20)])
    (placed,) = label_placement.place(wishes, label_placement.Box(0, 0, 300, 300), busy=busy)
    assert placed.wish.x == 150


# Words and numbers


def test_dates_and_seeds():
    assert style.day_text(dt.date(2025, 8, 14)) == "14 Aug 2025"
    assert style.seeds_text([1, 2, 3]) == "seeds 1 to 3" and style.seeds_text([7]) == "seed 7"


def test_caption_says_what_it_must():
    text = style.caption_text(runs=256, seeds=range(1, 257), scenario="x", commit="abc", bands="b", record="r")
    assert text == "256 runs, seeds 1 to 256, scenario x, commit abc. Bands: b. Record: r."


def test_wrapped_lines_fit():
    text = style.wrap("word " * 60, 3.0, 7)
    assert max(style.text_width(line, 7) for line in text.split("\n")) <= 3 * 72


def test_width_of_text_does_not_depend_on_what_was_drawn():
    typesetting._unit_width.cache_clear()
    before = style.text_width("Kostiantynivka", 8)
    with style.styled():
        fig = style.figure(2, 2)
        fig.text(0.1, 0.1, "Kostiantynivka", fontsize=30)
        fig.set_dpi(300)
        fig.canvas.draw()
    typesetting._unit_width.cache_clear()
    assert style.text_width("Kostiantynivka", 8) == before
    box = fig.texts[0].get_window_extent()
    assert box.width / 300 * 72 * 8 / 30 == pytest.approx(before, rel=0.03)


def test_curve_goes_through_its_corners():
    corners = np.array([(0, 0), (3, 1), (4, 5), (9, 5)], float)
    curve = terrain.curve(corners, 0.05)
    for corner in corners:
        assert np.hypot(*(curve - corner).T).min() < 1e-6


def test_title_is_made_of_numbers(world):
    text = battle_picture.finding(run_data.run_data_of(world))
    assert "in 4 days" in text and "record" not in text


def test_every_chart_is_handed_on_by_the_package_and_importing_it_draws_nothing():
    from sim.view import charts

    here = Path(charts.__file__).parent
    functions = {name for file in here.glob("*.py") for name in re.findall(r"^def (\w+_chart)\(", file.read_text(), re.M)}
    assert functions == {name for name in charts.__all__ if name.endswith("_chart")} and len(functions) > 10
    assert all(callable(getattr(charts, name)) for name in charts.__all__) and dir(charts) == charts.__all__
    code = "import sys, sim.view.charts; print('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
