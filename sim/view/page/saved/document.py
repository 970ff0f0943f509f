"""The HTML file: scripts and style of the page, and a recording, which a script of the file answers from in place of a server."""

from __future__ import annotations

import base64
import html
import json
import zlib
from typing import Any

from sim.view.page.messages.about import about
from sim.view.page.messages.glossary import glossary
from sim.view.page.messages.guide import guide_for
from sim.view.page.messages.map_message import ground_buffers, ground_message
from sim.view.page.saved.packing import SMALL, rounding, segments
from sim.view.page.saved.recording import Recording
from sim.view.page.scripts import SAVED, STATIC, bundle

POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; form-action 'none'"
FRAME = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="referrer" content="no-referrer">
<meta name="description" content="{description}">
<title>{title}</title>
<link rel="icon" href="data:,">
<style>html, body {{ margin: 0; height: 100%; }}
{style}</style>
</head>
<body>
<noscript>This file shows a recorded battle on a map. It needs JavaScript, and nothing else: it asks nothing of any server.</noscript>
<div id="pk-file"></div>
{chunks}
<script type="module">
{script}
</script>
</body>
</html>
"""


def page_of(recording: Recording, level: int = SMALL) -> bytes:
    """The whole file as UTF-8, its frames deflated at `level`."""
    scenario = recording.scenario
    ground = ground_message(scenario, recording.seed) | {"shelf": [], "ffmpeg": False, "glossary": glossary(), "guide": guide_for(scenario.name), "about": about(), "replay": recording.label, "missing": recording.missing}
    ground["rerun"] = recording.twin is not None  # what there is to compare
    ground["file"] = {
        "every_hours": recording.every_hours, "commit": recording.commit, "note": recording.note,
        "moved": [row["key"] for row in recording.levers if row["value"] != row["default"]],
    }
    buffers, packed = ground_buffers(scenario, recording.control_start), list(segments(recording.frames, level))
    head = {
        "ground": ground, "levers": recording.levers, "days": recording.days, "events": recording.events, "twin": recording.twin,
        "marks": recording.marks, "moments": [f.moment for f in recording.frames], "rounding": rounding(),
        "buffers": [len(b) for b in buffers], "segments": [words for words, _ in packed],
    }
    chunks = [zlib.compress(json.dumps(_finite(head), ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode(), 9),
              zlib.compress(b"".join(buffers), 9), *(data for _, data in packed)]
    script = bundle(*SAVED)
    if "</script" in script.lower():
        raise ValueError("a script of the page holds the end of a script")
    text = FRAME.format(
        policy=html.escape(POLICY), title=html.escape(scenario.title), style=(STATIC / "page.css").read_text(encoding="utf-8"), script=script,
        description=html.escape(f"{scenario.title}: a run of an agent-based model, seed {recording.seed}. Modeled, not observed."),
        chunks="\n".join(f'<script type="text/plain" class="pk-chunk">{base64.b64encode(c).decode()}</script>' for c in chunks),
    )  # fmt: skip
    return text.encode("utf-8")


def _finite(value: Any) -> Any:
    """The same without numbers that JSON has not: they become null."""
    if isinstance(value, dict):
        return {k: _finite(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(v) for v in value]
    return None if isinstance(value, float) and value - value != 0 else value
