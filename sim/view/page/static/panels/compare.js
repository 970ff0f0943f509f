// A comparison: what differs, when and why the branches diverge, how certain the difference is, and the difference by day.

function createComparePanel(send, set) {
  const rows = el("tbody"), change = el("tbody"), apart = el("div", { class: "pk-divergence" });
  const modes = [["side", "Side by side", ""], ["swipe", "Swipe", "W"], ["blink", "Blink", "B"], ["only", "Difference only", ""]];
  const buttons = modes.map(([key, text, k]) => el("button", { type: "button", "aria-pressed": String(key === "side"), onclick: () => pick(key) }, text, k ? [" ", el("kbd", {}, k)] : null));
  function pick(mode) { buttons.forEach((b, n) => b.setAttribute("aria-pressed", String(modes[n][0] === mode))); set(mode); }
  const sure = createReplicates(send);
  const key = (shape, text) => el("div", { class: "pk-row" }, el("span", { class: "pk-swatch" }, shape), el("span", {}, text));
  const lean = (flip) => svg("0 0 36 16", ["rect", { x: 0.5, y: 1.5, width: 35, height: 13, fill: "none", stroke: "var(--ink)" }], ...[0, 7, 14, 21, 28].map((x) => ["path", { d: flip ? `M${x} 14.5l7-13` : `M${x} 1.5l7 13`, stroke: "var(--ink)", "stroke-width": 0.9 }]));
  const root = el("section", { class: "pk-compare", "aria-label": "Comparison" },
    el("header", {}, el("h2", {}, "One change, everything else equal")),
    el("table", {}, el("thead", {}, el("tr", {}, el("th", {}, "lever"), el("th", {}, el("span", { class: "pk-arm" }, "A")), el("th", {}, el("span", { class: "pk-arm pk-arm-b" }, "B")))), change),
    el("h2", {}, "B minus A, today"), el("table", {}, rows),
    sure.root,
    el("h2", {}, "When and why they differ"), apart,
    el("h2", {}, "Key"),
    key(lean(false), "attacker holds it in A only"), key(lean(true), "attacker holds it in B only"),
    key(svg("0 0 36 16", ["path", { d: "M0 8h36", stroke: "var(--ink)", "stroke-width": 2 }]), "front of this course"),
    key(svg("0 0 36 16", ["path", { d: "M0 8h36", stroke: "var(--ink)", "stroke-width": 1.5, "stroke-dasharray": "5 4" }]), "front of the other course"),
    el("h2", {}, "View"), el("div", { class: "pk-buttons" }, ...buttons),
    el("div", { class: "pk-buttons pk-live-only" }, el("button", { type: "button", onclick: () => send({ do: "compare", drop: true }) }, "Drop A, keep B")),
    el("p", { class: "pk-hint" }, "Same seed, same weather, same random draws; pan and zoom move both maps. One pair shows two courses, not an effect", el("span", { class: "pk-live-only" }, ": “How sure?” runs more pairs"), "."));
  return {
    root, pick, replicates: sure.update,
    draw(changed, table, divergence, start, perDay, onPick) {
      change.replaceChildren(...(changed.length ? changed.map(([name, a, b]) => el("tr", {}, el("td", {}, name), el("td", {}, a), el("td", {}, b))) : [el("tr", {}, el("td", { colspan: 3 }, "Nothing yet: move a lever, and B has it from here on."))]));
      rows.replaceChildren(...table.map(([name, v]) => el("tr", {}, el("td", {}, name), el("td", {}, v))));
      const when = (step) => `${shortDate(dayOf(start, Math.max(Math.ceil(step / perDay) - 1, 0)))}, ${MOMENTS[perDay >= 4 ? Math.floor(((step - 1) % perDay) * 4 / perDay) : 1]} (step ${number(step)})`;
      const items = [["In the books", divergence?.books], ["On the ground", divergence?.ground], ["In events", divergence?.event]].filter(([, p]) => p);
      apart.replaceChildren(...(items.length ? items.map(([name, p]) => el("p", {}, el("b", {}, `${name}: `), `${when(p[0])}. ${p[1]}. `, p.length > 2 ? el("button", { type: "button", class: "pk-link", onclick: () => onPick({ x: p[2], y: p[3], step: p[0] }) }, "show") : null)) : [el("p", {}, changed.length ? "Identical so far: the change has had no effect yet." : "A and B are identical so far.")]));
    },
  };
}

const PAIRS = 8;

// How sure a difference is: more pairs of seeds on demand, and the mean with its interval for every measure.
function createReplicates(send) {
  const table = el("tbody"), words = el("p", { class: "pk-sub", "aria-live": "polite" }), bar = el("progress", { max: 1, value: 0, "aria-label": "Pairs of seeds done" });
  const ask = el("button", { type: "button", onclick: () => send({ do: "replicates", on: true, n: PAIRS }) }, "How sure?");
  const stop = el("button", { type: "button", onclick: () => send({ do: "replicates", on: false }) }, "Cancel");
  const root = el("div", { class: "pk-replicates" }, el("div", { class: "pk-buttons" }, ask, stop), bar, el("table", { hidden: true }, table), words);
  function running(yes) { bar.hidden = stop.hidden = !yes; ask.hidden = yes; }
  running(false);
  setText(words, `Runs ${PAIRS} further pairs of seeds of A and B up to today, while the battle is paused.`);

  // A bar from low to high on one scale around zero, with a tick for the mean.
  function whisker(m) {
    const reach = 1.08 * Math.max(Math.abs(m.low), Math.abs(m.high), Math.abs(m.shown ?? 0), 1e-9), x = (v) => 50 + 48 * v / reach;
    const line = (d, more) => ["path", { d, fill: "none", stroke: "var(--ink)", ...more }];
    return svg("0 0 100 14", line("M50 0v14", { stroke: "var(--tertiary)", "stroke-dasharray": "2 2" }), line(`M${x(m.low)} 7H${x(m.high)}`, { "stroke-width": 1.6 }),
      ["circle", { cx: x(m.mean), cy: 7, r: 3.2, fill: "var(--ink)" }], ...(m.shown === null || m.shown === undefined ? [] : [["circle", { cx: x(m.shown), cy: 7, r: 2.6, fill: "var(--paper)", stroke: "var(--ink)" }]]));
  }
  const settled = (m) => (m.low > 0 ? "more in B" : m.high < 0 ? "less in B" : "sign not clear");
  return {
    root,
    update(m) {
      running(m.state === "running");
      bar.value = m.of ? (m.n + (m.part || 0)) / m.of : 0;
      const known = m.measures.filter((q) => q.mean !== null && q.low !== null && q.high !== null);
      table.parentElement.hidden = !known.length;
      table.replaceChildren(...known.flatMap((q) => {
        const unit = q.unit === "km2" ? "km²" : q.unit, digits = q.name === "net_km2" ? 1 : 0;
        return [el("tr", {}, el("td", {}, `${q.label}${unit ? `, ${unit}` : ""}`), el("td", {}, `${number(q.mean, digits, true)} (${number(q.low, digits, true)} to ${number(q.high, digits, true)})`)),
          el("tr", { class: "pk-whisker" }, el("td", {}, whisker(q)), el("td", {}, settled(q)))];
      }));
      const what = known.length ? `${m.n} of ${m.of} pairs over ${number(m.day)} days: mean of B minus A with its 95 % interval; the ring is this pair.` : `Pair ${m.n + 1} of ${m.of}, ${number(m.day)} days each; two are needed for an interval.`;
      setText(words, `${m.state === "stopped" && !known.length ? "Stopped." : what}${m.words ? ` ${m.words}` : ""}`);
    },
  };
}

// Differences of a comparison, B minus A, from the fork on.
function createDifferences(ground, charts, getTheme) {
  const { start, days } = ground.scenario;
  const specs = [
    { title: "Ground held by the attacker, km²", name: "held_km2", digits: 0, scale: 1 },
    { title: "Attacker casualties, cumulative", name: "casualties_attacker", digits: 0, scale: 1 },
    { title: "Defender casualties, cumulative", name: "casualties_defender", digits: 0, scale: 1 },
    { title: ground.scenario.city ? `Supply reaching ${ground.scenario.city}, points` : "Supply of the defender, points", name: ground.scenario.city ? "supply_city" : "supply_defender", digits: 0, scale: 100 },
  ];
  const root = el("div", { class: "pk-differences" });
  let sure = {}, pairs = 0; // bands of further pairs by measure: mean, low and high by day
  for (const s of specs) {
    s.canvas = el("canvas", { role: "img", "aria-label": `${s.title}, B minus A` });
    s.note = el("p");
    s.plot = el("div", { class: "pk-plot" }, s.canvas);
    root.append(el("section", {}, el("h3", {}, `${s.title}, B − A`), s.note, s.plot));
  }
  const series = (s) => {
    const a = charts.twin[s.name], b = charts.data[s.name];
    if (!a || !b) return [];
    return Array.from({ length: Math.min(a.length, b.length) }, (_, d) => (a[d] === null || b[d] === null ? null : (b[d] - a[d]) * s.scale));
  };
  return {
    root,
    // What further pairs of seeds tell by day; of none, or of those that no longer hold, nothing.
    replicates(m) {
      pairs = m.n;
      sure = m.words && m.state === "stopped" ? {} : Object.fromEntries(m.measures.filter((q) => q.by_day?.low).map((q) => [q.name === "net_km2" ? "held_km2" : q.name, q.by_day]));
    },
    // Name and signed difference of each on a day.
    today(day) {
      return specs.map((s) => { const v = series(s), q = v[Math.min(v.length - 1, day)]; return [s.title.replace("held by the attacker, ", "").replace(", cumulative", ""), q === null || q === undefined ? "–" : number(q, s.digits, true)]; });
    },
    draw(fork, end) {
      const theme = getTheme();
      for (const s of specs) {
        const w = s.plot.clientWidth, h = s.plot.clientHeight;
        if (!w || h < 20) continue;
        const c = fitted(s.canvas, w, h), v = series(s), first = Math.max(0, Math.floor(fork) - 2), until = Math.max(end, first + 14);
        const shown = v.slice(first).filter((q) => q !== null), band = sure[s.name];
        const reach = Math.max(s.scale === 100 ? 10 : 5, ...shown.map(Math.abs), ...(band ? [...band.low, ...band.high].map(Math.abs) : [])) * 1.15;
        const x = (d) => 42 + (d - first) / (until - first) * (w - 56), y = (q) => (h - 16) / 2 - q / reach * ((h - 16) / 2 - 6);
        c.clearRect(0, 0, w, h);
        const ticks = ticksFor(-reach, reach, 4);
        gridLines(c, theme, ticks, y, 42, w - 8, (t) => number(t, ticks[1] - ticks[0] < 1 ? 1 : 0, true));
        if (band) { // the 95 % interval of the mean over the pairs, and the mean
          c.fillStyle = theme.band;
          c.beginPath();
          for (let d = first; d < band.high.length; d += 1) c.lineTo(x(d), y(band.high[d]));
          for (let d = band.low.length - 1; d >= first; d -= 1) c.lineTo(x(d), y(band.low[d]));
          c.fill();
          c.strokeStyle = theme.secondary;
          c.lineWidth = 1.2;
          dayLine(c, band.mean, x, y, first);
        }
        c.strokeStyle = theme.ink;
        c.setLineDash([2, 3]);
        c.beginPath(); c.moveTo(x(fork), 2); c.lineTo(x(fork), h - 16); c.stroke();
        c.setLineDash([]);
        c.lineWidth = 1.8;
        c.lineJoin = "round";
        dayLine(c, v, x, y, first);
        const now = v.length - 1;
        if (now >= first && v[now] !== null) { c.fillStyle = theme.ink; c.beginPath(); c.arc(x(now), y(v[now]), 3.5, 0, 6.2832); c.fill(); }
        c.fillStyle = theme.secondary;
        c.textBaseline = "alphabetic";
        c.textAlign = "left";
        c.fillText(`fork, ${shortDate(dayOf(start, Math.floor(fork)))}`, Math.min(x(fork), w - 130), h - 2);
        c.textAlign = "right";
        c.fillText(shortDate(dayOf(start, until)), w - 8, h - 2);
        setText(s.note, now >= 0 && v[now] !== null && v[now] !== undefined ? `${number(v[now], s.digits, true)} here, ${band ? `band: 95 % of ${pairs} further pairs` : "one pair of runs"}` : "no day yet");
      }
    },
  };
}
