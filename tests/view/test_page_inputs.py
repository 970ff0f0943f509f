"""Wrong input to the page and its server ends in one line that names the argument and what is allowed."""

import socket

import pytest

from sim.errors import InputError
from sim.view.page import serve
from sim.view.page.session.commands import whole_seed
from sim.view.page.widget import BattleMap


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"theme": "drak"}, "theme 'drak': allowed: auto, light, dark. Did you mean 'dark'?"),
        ({"theme": None}, "theme None"),
        ({"height": -1}, "height -1"),
        ({"height": "640"}, "height '640'"),
        ({"source": "skirmsh"}, "Did you mean 'skirmish'?"),
        ({"source": None}, "unknown scenario 'None'"),
        ({"source": "tests"}, "not the output of `pokrovsk run`"),
        ({"seed": 1.5}, "seed 1.5"),
        ({"seed": -1}, "seed -1"),
        ({"seed": True}, "seed True"),
        ({"seed": "²"}, "seed ²"),
        ({"seed": 2**53}, "whole number from 0"),
        ({"overrides": {"morale.levl": 1}}, "Did you mean 'morale.level'?"),
        ({"overrides": {"morale.level": 99}}, "morale.level: 99 is out of range"),
        ({"overrides": ["morale.level"]}, "overrides ['morale.level']"),
    ],
)
def test_a_widget_refuses_wrong_arguments_before_it_is_there(given, words):
    with pytest.raises(InputError) as error:
        BattleMap(**{"source": "skirmish", **given})
    assert words in str(error.value) and "\n" not in str(error.value)


def test_a_folder_named_like_a_scenario_does_not_hide_it(tmp_path, monkeypatch):
    (tmp_path / "skirmish").mkdir()
    monkeypatch.chdir(tmp_path)
    assert BattleMap("skirmish", seed=2.0).session.seed == 2


@pytest.mark.parametrize("value", [0, "7", 3.0, 2**53 - 1])
def test_seeds_that_are_whole_numbers_are_taken(value):
    assert whole_seed(value) == int(value)


@pytest.mark.parametrize("port", [-1, 65_536, 99_999_999])
def test_ports_out_of_range(port):
    with pytest.raises(InputError, match=f"--port {port}: allowed: 1 to 65535"):
        serve.free_port("127.0.0.1", port)


@pytest.mark.parametrize("host", ["no-such-host.invalid", "..", "a" * 300, "192.0.2.1", "2001:db8::1", "127.0.0.1\0"])
def test_hosts_that_are_not_of_this_machine(host):
    with pytest.raises(InputError, match="--host"):
        serve.free_port(host, None)


def test_a_port_that_is_taken_says_so():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen()
        with pytest.raises(InputError, match="in use; give another --port"):
            serve.free_port("127.0.0.1", s.getsockname()[1])


@pytest.mark.parametrize(
    ("host", "url"),
    [("::1", "http://[::1]:80/"), ("2001:db8::1", "http://[2001:db8::1]:80/"), ("::", "http://localhost:80/"), ("127.0.0.1", "http://localhost:80/")],
)
def test_the_address_of_the_page(host, url):
    assert serve.url_of(host, 80) == url


@pytest.mark.parametrize("words", [["--port", "99999"], ["--port", "-1"], ["--host", ""], ["--host", "no such host"], ["--seed", "1.5"],
                                   ["--seed", "9" * 5000], ["--port", "x"], ["--host", "127.0.0.1:80"], ["--host", "http://localhost"]])  # fmt: skip
def test_the_command_line_says_it_in_one_line(words, capsys):
    from experiments.cli.app import _status

    assert _status(["view", "--no-open", "skirmish", *words]) == 2
    err = capsys.readouterr().err
    assert err.startswith("pokrovsk: ") and err.count("\n") == 1 and words[0] in err
