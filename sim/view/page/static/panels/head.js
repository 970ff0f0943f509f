// The header: scenario, date and light, weather, seed and pace, ground; and the transport in the foot.

function createHeader(ground, host, self, actions) {
  const { scenario } = ground, { start, steps_per_day: perDay } = scenario;
  const [heading, ...others] = scenario.title.split(", "), subject = others.join(", ");
  const title = el("button", { type: "button", class: "pk-title", "aria-haspopup": "dialog", title: "Scenario, start and seed", onclick: actions.begin }, el("h1", { class: heading.length > 21 ? "pk-long" : "" }, heading), el("span", {}, subject || scenario.name, " ▾"));
  const date = el("b", { class: "pk-date" }), squares = el("span", { class: "pk-squares", "aria-hidden": "true" }, ...MOMENTS.map(() => el("i"))), stepWords = el("span");
  const sky = el("b"), skyMore = el("span"), pace = el("span"), held = el("b"), heldMore = el("span");
  const button = (text, more, ...inside) => el("button", { type: "button", ...more, class: `pk-button ${more.class || ""}` }, text, ...inside);
  const compare = button("Compare ", { "aria-pressed": "false", onclick: actions.compare, hidden: !!ground.replay && !ground.rerun }, el("kbd", {}, "C"));
  const live = button("Run it live", { title: "The same scenario, seed and levers, stepped here", hidden: !ground.replay || !!ground.file, onclick: () => host.send({ do: "begin", scenario: scenario.name, seed: scenario.seed, keep: true }) });
  const root = el("header", { class: "pk-head" }, title,
    el("div", { class: "pk-when" }, date, el("span", {}, squares, stepWords)), el("div", { class: "pk-sky" }, sky, skyMore),
    el("div", { class: "pk-seed" }, el("b", {}, `Seed ${scenario.seed}`), pace),
    el("div", { class: "pk-held" }, el("span", { class: "pk-line" }, held, el("span", {}, " km² occupied")), heldMore), el("span", { class: "pk-gap" }),
    live, compare, button("Save", { "aria-haspopup": "dialog", onclick: actions.save }),
    button("", { class: "pk-round", "aria-label": "Light or dark", title: "Light or dark (T)", onclick: host.flipTheme }, icon("theme", 18)),
    button("?", { class: "pk-round", "aria-label": "Keys", title: "Keys (?)", onclick: actions.keys }),
    button("", { class: "pk-round pk-only-phone", "aria-label": "Menu", "aria-haspopup": "dialog", onclick: actions.menu }, icon("menu", 22)));

  const seen = [];
  function rate(m) {
    const t = performance.now();
    seen.push([t, m.step]);
    while (seen.length > 2 && t - seen[0][0] > 2000) seen.shift();
    const [a, b] = [seen[0], seen.at(-1)];
    self.reached = self.playing && b[0] - a[0] > 400 && b[1] > a[1] ? (b[1] - a[1]) / (b[0] - a[0]) * 1000 : 0;
    return self.reached ? ` · ${number(self.reached, 1)} steps/s` : "";
  }
  // Net ground in the record since the start; null where the record does not reach.
  function recordOn(day) {
    const r = ground.record;
    if (!r) return null;
    const at = (d) => { let v = null; for (let k = 0; k < r.day.length && r.day[k] <= d; k += 1) v = r.held[k]; return v; };
    const a = at(0), b = at(day);
    return a === null || b === null || day > r.day.at(-1) + 3 ? null : b - a;
  }
  return {
    root, compare, date, held, heldMore,
    units(m) { if (Number.isFinite(m.units) && !ground.replay) setText(pace, `${number(m.units)} units${rate(m)}`); },
    pace(text) { setText(pace, text); },
    update(m, heldFirst, phone) {
      const part = perDay >= 4 ? MOMENTS[m.part] : "";
      setText(date, dateText(dayOf(start, m.day), true) + (part ? `, ${part}` : ""));
      [...squares.children].forEach((s, k) => s.classList.toggle("pk-on", k === m.part && perDay >= 4));
      squares.hidden = perDay < 4;
      setText(stepWords, `${phone ? "" : `step ${number(m.step)} · `}day ${number(m.day + (m.step ? 1 : 0))} of ${number(scenario.days)}${phone ? ` · ${number(m.held)} km²` : ""}`);
      if (m.sky) {
        setText(sky, `${m.sky.fog ? "Fog" : m.sky.rain ? "Rain" : m.sky.light > 0.3 ? "Clear" : "Clear night"}, ${m.sky.mud > 0.5 ? "deep mud" : m.sky.mud > 0.25 ? "mud" : "dry ground"}`);
        setText(skyMore, `${m.sky.leaf > 0.6 ? "leaf on" : m.sky.leaf > 0.25 ? "some leaf" : "bare trees"}, drone work ${number(100 * m.sky.flying)} % possible`);
      } else {
        setText(sky, "Recorded run");
        setText(skyMore, "ground and figures by day");
      }
      setText(held, number(m.held));
      const rec = recordOn(m.day);
      setText(heldMore, self.mode.compare && Number.isFinite(m.twin_held) ? `B − A: ${number(m.held - m.twin_held, 1, true)} km²` : `model ${number(m.held - heldFirst, 0, true)} since start${rec === null ? "" : `; observed: ${number(rec, 0, true)}`}`);
    },
  };
}

function createTransport(perDay, send, self) {
  const SPEEDS = [0.25, 1, 3, 10, 30, 100].map((d) => d * perDay);
  const button = (name, picture, work, more = {}) => el("button", { type: "button", "aria-label": name, onclick: work, ...more }, icon(picture, more.class ? 26 : 22));
  const play = button("Play", "play", toggle, { class: "pk-play", title: "Play, pause (Space)" });
  const back = button("Back", "back", () => send({ do: "step", count: -1 }), { title: "Back one step (←)" });
  const step = button("Step", "next", () => send({ do: "step", count: 1 }), { title: "One step on (→)" });
  const words = el("b"), range = el("input", { type: "range", min: 0, max: 5, step: 1, value: 2, "aria-label": "Speed" });
  range.addEventListener("input", () => { self.speed = SPEEDS[range.value]; showSpeed(); send({ do: "speed", value: self.speed }); });
  const hint = (...parts) => parts.map((p) => (p.length === 1 || p === "Space" ? el("kbd", {}, p) : ` ${p} `));
  const root = el("div", { class: "pk-transport" },
    el("div", { class: "pk-buttons-row" }, button("First day", "reset", () => send({ do: "seek", step: 0, hold: true }), { title: "Back to the first day; all that was simulated stays" }), back, play, step, el("label", { class: "pk-speed" }, words, range)),
    el("p", { class: "pk-hint" }, hint("Space", "play", "←", "→", "step", "[", "]", "event")));
  function showSpeed() {
    const d = self.speed / perDay, t = d < 1 ? `${number(d * 24)} hours/s` : `${number(d)} day${d === 1 ? "" : "s"}/s`;
    const slow = self.playing && self.reached && self.reached < 0.8 * self.speed ? self.reached / perDay : 0; // a machine that does not keep up
    setText(words, slow ? `${t}, reaches ${number(slow, slow < 10 ? 1 : 0)}` : t);
    range.setAttribute("aria-valuetext", t);
  }
  function playing(yes) {
    if (self.playing === yes) return;
    self.playing = yes;
    play.setAttribute("aria-label", yes ? "Pause" : "Play");
    play.replaceChildren(icon(yes ? "pause" : "play", 26));
  }
  function toggle() { playing(!self.playing); send({ do: self.playing ? "play" : "pause" }); }
  showSpeed();
  return {
    root, toggle, playing, pace: showSpeed,
    state(m) {
      playing(m.playing);
      self.speed = m.speed;
      const k = SPEEDS.findIndex((s) => Math.abs(s - m.speed) < 0.01);
      if (k >= 0) range.value = k;
      showSpeed();
      back.disabled = m.shown <= 0;
      step.disabled = m.shown >= m.n_steps;
    },
  };
}
