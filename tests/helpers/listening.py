"""What tests of the page share: an ear in place of the browser, and the session's thread by hand."""

import json

from sim.view.page.session.session import Session


class Ear:
    """Collects what a session says, and keeps the layers as a browser would."""

    def __init__(self):
        self.heard, self.layers = [], [{}, {}]

    def __call__(self, message, buffers):
        message = json.loads(json.dumps(message))  # as it arrives
        self.heard.append(message)
        if message["type"] == "frame":
            for arm, name in message["gone"]:
                self.layers[arm].pop(name, None)
            for (arm, name), data in zip(message["layers"], buffers, strict=True):
                self.layers[arm][name] = data

    def last(self, kind):
        return next((m for m in reversed(self.heard) if m["type"] == kind), None)

    def count(self, kind):
        return sum(m["type"] == kind for m in self.heard)


def skirmish():
    """A skirmish as the page sees it, driven by hand, and what it says."""
    ear = Ear()
    session = Session(ear, "skirmish", 1)
    session.execute({"do": "hello"})
    return session, ear


def ask(session, **message):
    """One command, with what goes wrong told as the session's thread would."""
    session.guard(session.execute, message)


def settle(session, rounds=2000):
    """Lets the session do all that it would do before the next word of the browser; returns how many rounds that took."""
    for k in range(rounds):
        if session._patience() is None:
            return k
        session.guard(session.continue_work)
    raise AssertionError("the session does not come to rest")
