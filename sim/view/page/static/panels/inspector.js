// What was clicked: a card about a unit or a place, the story of a unit, and the mark on the map.

function createInspector(actions) {
  const title = el("h2"), sub = el("p", { class: "pk-sub" }), lines = el("dl"), foot = el("p", { class: "pk-foot-words" }), mark = el("span", { class: "pk-glyph" });
  const key = (text, k, work, pressed) => el("button", { type: "button", "aria-pressed": String(pressed), onclick: work }, text, " ", el("kbd", {}, k));
  const follow = key("Follow", "F", actions.follow, false), pin = key("Pin", "P", actions.pin, true), storyKey = key("Story", "S", actions.story, false);
  storyKey.className = "pk-live-only"; // a file has no stories
  const story = el("div", { class: "pk-story", hidden: true, tabindex: "0", role: "region", "aria-label": "Story so far" });
  const root = el("aside", { class: "pk-card pk-inspector", "aria-live": "polite", "aria-label": "What was clicked", hidden: true },
    el("header", {}, mark, title, el("button", { type: "button", class: "pk-x", "aria-label": "Close", onclick: actions.close }, icon("close", 14))), sub, lines, story, foot,
    el("div", { class: "pk-actions" }, follow, pin, storyKey));
  return {
    root, follow, pin, storyKey,
    show(what, now, wantsStory) {
      root.hidden = false;
      mark.replaceChildren(what.kind >= 0 ? glyph({ 0: 0, 1: 4, 2: 2, 3: 3, 4: 0 }[what.kind], what.side) : svg("0 0 14 14", ["rect", { x: 2, y: 2, width: 10, height: 10, fill: "none", stroke: "var(--ink)", "stroke-width": 1.6 }]));
      setText(title, what.title);
      setText(sub, what.subtitle + (now ? "" : ", as of the newest step"));
      lines.replaceChildren(...what.lines.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
      setText(foot, what.foot);
      for (const b of [follow, storyKey]) b.hidden = what.kind < 0;
      story.hidden = !wantsStory || !what.story;
      lines.hidden = !story.hidden;
      if (!story.hidden) {
        story.replaceChildren(el("p", { class: "pk-sub" }, what.story.since), el("ol", {}, ...what.story.lines.map(([when, words]) => el("li", {}, el("time", {}, when), el("span", {}, words)))));
        story.scrollTop = story.scrollHeight;
      }
    },
    gone() { setText(sub, "no longer on the map"); },
    hide() { root.hidden = true; },
  };
}

// Who is selected, asking about it, and showing the answer beside it.
function createSelection(host, self, { maps, view, camera, main, reserve }) {
  const [mapB, mapA] = maps;
  let selected = null, follow = false, pinned = true, story = false, request = 0, lastAsk = 0;
  const card = createInspector({ close: drop, follow: () => setFollow(!follow), pin: () => setPin(!pinned), story: () => setStory(!story) });

  function ask() {
    if (!selected) return;
    request += 1;
    lastAsk = performance.now();
    host.send({ do: "inspect", request, uid: selected.uid, x: selected.x, y: selected.y, arm: selected.arm, story });
  }
  function pick(m, px, py) {
    const k = m.unitAt(px, py), arm = m === mapA ? 1 : 0, u = m.scene?.units();
    selected = k >= 0 ? { uid: u.id[k], arm } : { x: m.fromX(px), y: m.fromY(py), arm };
    ask();
  }
  function mark() {
    const w = selected?.at, o = main.getBoundingClientRect(), r = card.root.getBoundingClientRect(), leader = w && host.size() === "wide" && !self.mode.compare;
    for (const m of maps) {
      m.extras.selection = w ? { x: w.x, y: w.y, cell: w.kind < 0 } : null;
      m.extras.leader = leader && m === mapB ? [(r.left - o.left > o.width / 2 ? r.left : r.right) - o.left, clamp(mapB.toY(w.y), r.top - o.top + 16, r.bottom - o.top - 16)] : null;
      m.touch("top");
    }
    host.wake();
  }
  function drop() { selected = null; setFollow(false); card.hide(); mark(); reserve(); }
  function setFollow(yes) { follow = yes && selected?.uid !== undefined; card.follow.setAttribute("aria-pressed", String(follow)); if (follow) ask(); }
  function setPin(yes) { pinned = yes; card.pin.setAttribute("aria-pressed", String(yes)); if (!yes) drop(); }
  function setStory(yes) { story = yes; card.storyKey.setAttribute("aria-pressed", String(yes)); ask(); }
  return {
    root: card.root, pick, drop, mark,
    dragged() { if (follow) setFollow(false); },
    flip: { f: () => setFollow(!follow), p: () => setPin(!pinned), s: () => selected && setStory(!story) },
    refresh(newest) { if (selected?.uid !== undefined && (pinned || follow) && newest && performance.now() - lastAsk > 300) ask(); },
    inspected(m) {
      if (m.request !== request || !selected) return;
      if (!m.what) { if (selected.uid !== undefined) card.gone(); else drop(); return; }
      card.show(m.what, m.now, story);
      selected.at = m.what;
      card.root.classList.toggle("pk-at-right", mapB.toX(m.what.x) <= mapB.width / 2 && host.size() === "wide" && !self.mode.compare);
      mark();
      if (follow) { view.x = m.what.x; view.y = m.what.y; camera.moved(); }
      requestAnimationFrame(reserve);
    },
  };
}
