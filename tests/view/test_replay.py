"""Recorded runs on the page: simulated again beside their record, or shown as recorded when that cannot be."""

import shutil

import numpy as np
import pytest
from helpers.listening import Ear, ask, settle

from sim import battle
from sim.mustering import muster
from sim.view.page.messages import frames
from sim.view.page.session import branches, session
from sim.view.page.widget import BattleMap

WHOLE = {"units", "control", "works", "supply", "flags", "threat", "bombs"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Three runs of a skirmish of six days."""
    from experiments.cli.app import _status

    out = tmp_path_factory.mktemp("run") / "skirmish"
    assert _status(["run", "skirmish", "--days", "6", "--runs", "3", "--workers", "1", "--quiet", "--out", str(out)]) == 0
    return out


@pytest.fixture
def changed(folder, tmp_path):
    """A copy of the folder that a test may spoil."""
    return shutil.copytree(folder, tmp_path / "run")


def opened(source, **words):
    """The page of a recorded run, greeted."""
    surface, ear = BattleMap(source if not hasattr(source, "parts") else str(source), **words), Ear()
    surface.session._send = ear
    ask(surface.session, do="hello")
    return surface.session, ear


def simulated(days, seed=1):
    """The same battle by plain stepping, as layers and its world."""
    world = battle.run(muster("skirmish", seed), days)
    return frames.layers(world), world


def test_a_replay_shows_units_and_agrees_with_its_record(folder):
    page, ear = opened(folder, member="1")
    ground = ear.last("ground")
    assert "seed 1" in ground["replay"] and ground["rerun"] is True and ground["missing"] == []
    assert ear.last("frame")["step"] == 0 and ear.last("frame")["head"] == 24 and set(ear.layers[0]) == WHOLE
    for days in range(1, 7):
        ask(page, do="seek", step=4 * days)
        settle(page)
        layers, world = simulated(days)
        assert ear.last("frame")["step"] == 4 * days and ear.layers[0] == layers
        assert ear.last("frame")["held"] == round(float(page.recorded.journal.columns["held_km2"][days]), 1)
        assert ear.last("frame")["sky"]["light"] == round(float(world.weather.sky.light), 3)
    assert ear.count("notice") == 0 and page.branches.simulated == 24
    days = [m["days"] for m in ear.heard if "days" in m]
    assert [d["from"] for d in days] == [0] and len(days[0]["columns"]["held_km2"]) == 7, "figures of all days at once"


def test_seeking_ahead_shows_the_record_and_works_in_little_pieces(folder, monkeypatch):
    page, ear = opened(folder, member="2")
    monkeypatch.setattr(session, "BUSY_S", 0.0)
    monkeypatch.setattr(session, "NEWS_S", 0.0)
    ask(page, do="seek", step=16)
    frame = ear.last("frame")
    assert frame["step"] == 16 and frame["sky"] is None and ear.layers[0]["units"] == b"" and "threat" not in ear.layers[0]
    assert ear.last("state")["ahead"] == {"simulated": 0, "wanted": 16} and page.branches.simulated == 0
    settle(page)
    progress = [m["ahead"]["simulated"] for m in ear.heard if m["type"] == "state"]
    assert progress == sorted(progress) and set(progress) == set(range(17)), "each piece of work is told"
    assert ear.last("state")["ahead"] == {"simulated": 16, "wanted": None}
    assert ear.last("frame")["step"] == 16 and ear.layers[0] == simulated(4, seed=2)[0]


def test_another_wish_takes_the_place_of_the_first(folder):
    page, ear = opened(folder, member="1")
    ask(page, do="seek", step=24)
    ask(page, do="seek", step=0)
    assert settle(page) == 0 and ear.last("frame")["step"] == 0 and page.branches.simulated == 0
    ask(page, do="seek", step=20)
    ask(page, do="pause")
    assert settle(page) == 0 and page.branches.simulated == 0


def test_playing_catches_up_first_and_stops_at_the_end(folder):
    page, ear = opened(folder, member="1")
    ask(page, do="seek", step=8)
    ask(page, do="play")
    while page.playing:
        ask(page, do="ack", seq=page.seq)
        page.guard(page.continue_work)
    shown = [m["step"] for m in ear.heard if m["type"] == "frame"]
    assert shown[:2] == [0, 8] and shown[2:] == [8, *range(9, 25)] and page.branches.simulated == 24


def test_steps_ahead_of_what_is_made_again(folder):
    page, ear = opened(folder, member="1")
    ask(page, do="step", count=1)
    assert ear.last("frame")["step"] == 1 and page.branches.simulated == 1
    ask(page, do="seek", step=12)
    ask(page, do="step", count=1, days=True)
    settle(page)
    assert ear.last("frame")["step"] == 16 and ear.layers[0] == simulated(4)[0]
    ask(page, do="step", count=-1)
    assert ear.last("frame")["step"] == 12, "ends of days are kept on the way"
    ask(page, do="seek", step=16)
    ask(page, do="step", count=5)
    settle(page)
    assert ear.last("frame")["step"] == 21


def test_a_run_by_other_code_stays_as_it_was_recorded(changed):
    text = (changed / "manifest.toml").read_text("utf-8")
    (changed / "manifest.toml").write_text(text.replace('code = "', 'code = "0'), "utf-8")
    page, ear = opened(changed, member="1")
    ground = ear.last("ground")
    assert ground["rerun"] is False and "units" in ground["missing"]
    assert ear.count("notice") == 1 and "another version of the model" in ear.last("notice")["words"]
    ask(page, do="seek", step=12)
    assert settle(page) == 0 and ear.last("frame")["step"] == 12
    control = np.frombuffer(ear.layers[0]["control"], "u1") / 2.5
    assert np.abs(control - 100 * simulated(3)[1].cells.control).max() < 0.8 and ear.layers[0]["units"] == b""
    ask(page, do="seek", step=24)
    assert len(ear.layers[0]["units"]) > 100, "the last day was written in full"
    for message in ({"do": "lever", "values": {"belts": False}}, {"do": "compare", "on": True}, {"do": "inspect", "x": 1, "y": 1}):
        ask(page, **message)
        assert "recorded run" in ear.last("notice")["words"]
    ask(page, do="begin", scenario="skirmish", seed=1, keep=True)
    ask(page, do="step", count=1)
    assert ear.last("frame")["step"] == 1 and page.recorded is None


@pytest.mark.parametrize("file", ["control.npz", "daily.parquet"])
def test_numbers_that_part_from_the_record_are_told_and_the_record_stays(changed, file):
    import pandas as pd

    if file == "control.npz":
        with np.load(changed / file) as data:
            arrays = dict(data)
        arrays["control"][0, 4, 3, 3] ^= 1
        np.savez_compressed(changed / file, **arrays)
    else:
        table = pd.read_parquet(changed / file)
        table.loc[(table["seed"] == 1) & (table["day"] == 4), "casualties_attacker"] += 1
        table.to_parquet(changed / file)
    page, ear = opened(changed, member="1")
    ask(page, do="seek", step=12)
    settle(page)
    assert ear.last("ground")["rerun"] is True and ear.count("notice") == 0
    ask(page, do="seek", step=24)
    settle(page)
    words = ear.last("notice")["words"]
    assert ear.count("notice") == 1 and "on day 4" in words and "\n" not in words
    assert ("control of ground" if file == "control.npz" else "of the attacker") in words
    assert ear.last("ground")["rerun"] is False and ear.last("frame")["step"] == 24 and not page.branches.is_live
    ask(page, do="seek", step=12)
    assert ear.layers[0]["units"] == b"", "what was simulated again is gone"


def test_a_start_that_parts_from_the_record_is_told_at_once(changed):
    with np.load(changed / "control.npz") as data:
        arrays = dict(data)
    arrays["control"][:, 0, 3, 3] ^= 1
    np.savez_compressed(changed / "control.npz", **arrays)
    _, ear = opened(changed)
    assert ear.last("ground")["rerun"] is False and "on day 0" in ear.last("notice")["words"]
    assert ear.last("frame")["step"] == 0


def test_a_lever_takes_a_replay_over(folder):
    page, ear = opened(folder, member="1")
    ask(page, do="seek", step=8)
    ask(page, do="lever", values={"fpv_team.reach_scale": 2.0})
    assert "not been simulated again yet" in ear.last("notice")["words"] and page.recorded is not None
    settle(page)
    ask(page, do="lever", values={"fpv_team.reach_scale": 2.0})
    assert "replay" not in ear.last("ground") and page.recorded is None and ear.last("state")["twin"]
    assert ear.last("frame")["step"] == ear.last("frame")["head"] == 8
    ask(page, do="step", days=True)
    assert ear.last("frame")["step"] == 12 and ear.last("frame")["arms"] == 2
    assert (page.branches.twin.cells.held == simulated(3)[1].cells.held).all()


def test_a_model_that_stops_leaves_the_record(folder, monkeypatch):
    from sim.phases import PHASES

    page, ear = opened(folder, member="1")

    def broken(world):
        raise ValueError("flow is negative")

    monkeypatch.setitem(PHASES, "supply", type("Broken", (), {"run": staticmethod(broken)}))
    ask(page, do="seek", step=8)
    settle(page)
    assert "flow is negative" in ear.last("fault")["reason"]
    ask(page, do="restart")
    assert ear.last("ground")["rerun"] is False and "stopped" in ear.last("notice")["words"] and page.fault is None
    ask(page, do="seek", step=8)
    assert ear.last("frame")["step"] == 8


@pytest.mark.parametrize("member", ["low", "median", "high"])
def test_members_of_an_ensemble(folder, member):
    from sim.view.page.session.recorded_run import read_run
    from sim.view.run_data import daily_columns

    run, table = read_run(folder, member), daily_columns(folder)
    ends = sorted(float(table["held_km2"][table["run"] == r][-1]) for r in np.unique(table["run"]))
    assert run.journal.columns["held_km2"][-1] == ends[{"low": 0, "median": 1, "high": 2}[member]]


def test_memory_of_a_replay_that_is_made_again_stays_within_its_budget(folder):
    page, _ = opened(folder, member="1", limits=branches.Limits(bytes=60_000))
    ask(page, do="seek", step=24)
    settle(page)
    assert page.branches.history.n_bytes <= 60_000 or len(page.branches.history.frames) <= 32


def spoil(folder, how):
    if how == "no manifest":
        (folder / "manifest.toml").unlink()
    elif how == "no figures":
        (folder / "daily.parquet").unlink()
    elif how == "half a map file":
        data = (folder / "control.npz").read_bytes()
        (folder / "control.npz").write_bytes(data[: len(data) // 2])
    elif how == "no table":
        (folder / "daily.parquet").write_bytes(b"PAR1 nothing")
    elif how == "another horizon":
        with np.load(folder / "control.npz") as data:
            np.savez_compressed(folder / "control.npz", run=data["run"], day=data["day"][:-1], control=data["control"][:, :-1])
    elif how == "bad scenario":
        text = (folder / "manifest.toml").read_text("utf-8")
        (folder / "manifest.toml").write_text(text.replace("step_hours = 6", "step_hours = 7"), "utf-8")
    elif how == "bad last moment":
        (folder / "frame.npz").write_bytes(b"PK nothing")
    elif how == "bad events":
        (folder / "events.parquet").write_bytes(b"PAR1")


@pytest.mark.parametrize("how", ["no manifest", "no figures", "half a map file", "no table", "another horizon", "bad scenario",
                                 "bad last moment", "bad events"])  # fmt: skip
def test_a_broken_folder_is_one_line_and_exit_2(changed, how, capsys):
    from experiments.cli.app import _status

    spoil(changed, how)
    assert _status(["view", "--no-open", "--run", str(changed), "--member", "1"]) == 2
    err = capsys.readouterr().err
    assert err.startswith("pokrovsk: ") and err.count("\n") == 1 and "Traceback" not in err


# A run of a sweep


STUDY = """
scenario = "skirmish"
design = "factorial"
replicates = 2
days = 4
{keep}
[factors]
manpower_ratio = [1.0, 4.0]
"""


def swept(folder, keep):
    from experiments.cli.app import _status

    (folder / "mine.toml").write_text(STUDY.format(keep=keep), "utf-8")
    assert _status(["sweep", str(folder / "mine.toml"), "--workers", "1", "--quiet", "--out", str(folder / "out")]) == 0
    return folder / "out"


@pytest.fixture(scope="module")
def sweep(tmp_path_factory):
    return swept(tmp_path_factory.mktemp("sweep"), 'daily = true\nmeasures = ["held_km2", "casualties_attacker"]\nmaps = "last"')


def test_a_run_of_a_sweep_is_made_again_and_held_against_it(sweep):
    from experiments.results.sweep_member import member_of

    record = member_of(sweep, "3")
    assert list(record.journal.maps) == [4] and len(record.journal.columns["held_km2"]) == 5 and not record.other
    page, ear = opened(record)
    assert ear.last("ground")["rerun"] is True and ear.last("frame")["head"] == 16
    ask(page, do="seek", step=16)
    settle(page)
    world = battle.run(muster("skirmish", record.seed, overrides={"manpower_ratio": 4.0}), 4)
    assert ear.layers[0] == frames.layers(world) and ear.count("notice") == 0
    assert ear.last("frame")["days"]["columns"]["infantry_attacker"], "figures that the sweep did not keep are there too"


@pytest.mark.parametrize("member", ["low", "median", "high"])
def test_members_of_a_sweep(sweep, member):
    from experiments.results.loading import load
    from experiments.results.sweep_member import member_of

    ends = sorted(load(sweep).runs["held_km2"])
    assert member_of(sweep, member).finals["held_km2"] == ends[{"low": 0, "median": 1, "high": 3}[member]]


def test_a_sweep_that_says_other_figures_keeps_its_ground(sweep):
    from dataclasses import replace

    from experiments.results.sweep_member import member_of

    record = member_of(sweep, "0")
    record = replace(record, finals=record.finals | {"casualties_defender": -1.0})
    page, ear = opened(record)
    ask(page, do="seek", step=16)
    settle(page)
    assert "on day 4" in ear.last("notice")["words"] and ear.last("ground")["rerun"] is False
    assert ear.last("frame")["step"] == 16 and ear.layers[0]["units"] == b""


def test_a_sweep_without_maps_by_other_code_is_a_live_battle_and_says_so(sweep):
    from dataclasses import replace

    from experiments.results.sweep_member import member_of
    from sim.view.page.session.recorded_run import made_elsewhere

    record = member_of(sweep, "0")
    bare = replace(record, journal=replace(record.journal, maps={}))
    page, ear = opened(made_elsewhere("0", "abc", bare))
    assert "present model" in ear.last("notice")["words"] and "replay" not in ear.last("ground")
    ask(page, do="step", days=True)
    assert ear.last("frame")["step"] == 4 and page.recorded is None


def test_a_run_of_a_sweep_is_a_page_of_the_server(sweep, monkeypatch):
    import solara

    from experiments.results.sweep_member import member_of
    from sim.view.page import app, serve, widget

    monkeypatch.setitem(serve.FIRST_VIEW, "source", member_of(sweep, "low"))
    _box, rc = solara.render(app.Page(), handle_error=False)
    page = rc.find(widget.BattleMap).widget.session
    rc.render(app.Page())  # the same again: the order is compared with what is there
    assert page.recorded.label.startswith("Run ") and not page.closed
    rc.close()
    assert page.closed


@pytest.mark.parametrize("spoil", ["no runs", "no table", "bad study", "no manifest"])
def test_a_broken_sweep_is_one_line_and_exit_2(sweep, tmp_path, spoil, capsys):
    from experiments.cli.app import _status

    folder = shutil.copytree(sweep, tmp_path / "out")
    if spoil == "no runs":
        shutil.rmtree(folder / "runs")
    elif spoil == "no table":
        for file in (folder / "maps").iterdir():
            file.write_bytes(b"PAR1")
    elif spoil == "bad study":
        (folder / "study.toml").write_text("title = [", "utf-8")
    else:
        (folder / "manifest.toml").unlink()
    assert _status(["view", "--no-open", "--run", str(folder), "--member", "low"]) == 2
    err = capsys.readouterr().err
    assert err.startswith("pokrovsk: ") and err.count("\n") == 1 and "Traceback" not in err
