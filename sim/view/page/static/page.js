// The page: puts the parts together, listens to the session behind it and to the reader.

function render({ model, el: host }) {
  const root = el("div", { class: "pk", "data-size": "wide", lang: "en" });
  host.append(root);
  const full = () => model.get("height") === 0;
  root.toggleAttribute("data-full", full());
  root.style.height = full() ? "100vh" : `${model.get("height")}px`;
  const send = (message, buffers) => { try { model.send(message, undefined, buffers); } catch { lost(true); } };

  // ---- theme ----
  let theme = LIGHT;
  const stored = (name) => { try { return localStorage.getItem(name); } catch { return null; } };
  const setTheme = (name, keep) => {
    theme = name === "dark" ? DARK : LIGHT;
    root.dataset.theme = theme.name;
    if (keep) { try { localStorage.setItem("pokrovsk theme", theme.name); } catch { /* private window */ } }
    redrawAll();
  };
  const getTheme = () => theme;

  // ---- what is known ----
  let page = null; // everything made for one ground message
  let frames = 0;
  window.__frames = 0;
  const cards = createCards(root), tip = createTip(root);
  const live = el("p", { class: "pk-live", "aria-live": "polite" });
  root.append(live);

  function redrawAll() {
    if (!page) return;
    for (const m of page.maps) m.touch();
    page.charts.draw();
    page.timeline.resized();
    page.differences();
    page.furniture();
    wake();
  }

  // ---- drawing when there is something to draw ----
  let awake = false, lastTick = 0, tickMs = 16; // how long the machine really takes from picture to picture
  function wake() { if (!awake) { awake = true; requestAnimationFrame(tick); } }
  function tick(now) {
    awake = false;
    if (!page) return;
    if (now - lastTick < 400) tickMs = 0.85 * tickMs + 0.15 * (now - lastTick);
    lastTick = now;
    const again = page.paint(now);
    if (again) wake();
  }

  // ---- messages ----
  let lastWord = performance.now(), isLost = false;
  function lost(yes) {
    if (yes === isLost) return;
    isLost = yes;
    root.classList.toggle("pk-lost", yes);
    if (yes) cards.show("lost", "The connection is gone", [el("p", {}, "The picture stays, and the map still pans. The battle waits; it goes on when the connection is back.")], [["Reload the page", () => window.location.reload(), true]], "pk-bar");
    else { cards.hide("lost"); send({ do: "hello" }); }
  }
  const beat = setInterval(() => {
    send({ do: "ping" });
    if (performance.now() - lastWord > 16000 && !document.hidden && page && !page.busy) lost(true);
  }, 5000);

  const heard = (message, buffers) => {
    lastWord = performance.now();
    if (isLost) lost(false);
    const work = inbox[message.type];
    if (work) work(message, (buffers || []).map(bytesOf));
  };
  const inbox = {
    ground(m, buffers) {
      m.buffers.forEach((name, k) => { m[name] = buffers[k].slice(); });
      if (page) page.end();
      page = createPage(m);
      window.__page = page;
    },
    levers(m) { if (page && m.epoch >= page.epoch) page.levers(m); },
    frame(m, buffers) { if (page && m.epoch >= page.epoch) { page.frame(m, buffers.map((b) => b.slice())); frames += 1; window.__frames = frames; } },
    state(m) { page?.state(m); },
    inspected(m) { page?.inspected(m); },
    notice(m) { cards.say(m.words); },
    fault(m) { page?.fault(m); },
    file(m, buffers) { const kind = m.name.split(".").pop(); download(m.name, buffers, FILE_TYPES[kind] || "application/octet-stream"); cards.say(`${m.name} is ready.`); cards.hide("film"); },
    steps(m) { page?.film(m.steps); },
    film(m) { page?.filmed(m); },
    pong() {},
  };
  model.on("msg:custom", heard);

  function createPage(ground) {
    const { scenario } = ground, perDay = scenario.steps_per_day, total = scenario.days * perDay;
    const start = scenario.start;
    const on = { control: true, grey: true, danger: true, supply: true, works: true, bombs: true, pockets: true, start: true, names: true, units: true, sides: [true, true] };
    const made = (step) => Math.max(Math.ceil(step / perDay) - 1, 0);
    const self = { epoch: ground.epoch ?? 0, ground };
    const scenes = [createScene(ground), createScene(ground)];
    for (const s of scenes) s.set("control_start", ground.control_start);
    const view = createView(ground.box);
    const mapB = createMap(ground, view, on, getTheme), mapA = createMap(ground, view, on, getTheme);
    self.maps = [mapB, mapA];
    let now = null, mode = { compare: false, look: "side" }, playing = false, speed = 12, twin = false, stateNow = null;
    let allEvents = [], marks = [], parting = null, replay = ground.replay || null, missing = ground.missing || [];
    let strikes = [], prior = [null, null], tween = { from: 0, ms: 300 }, owed = 0, lastFrame = 0, gap = 250;
    self.busy = false;

    // ---- header ----
    const [heading, ...others] = scenario.title.split(", "), subject = others.join(", ");
    const title = el("button", { type: "button", class: "pk-title", "aria-haspopup": "dialog", title: "Scenario, start and seed" }, el("h1", { class: heading.length > 21 ? "pk-long" : "" }, heading), el("span", {}, subject || scenario.name, " ▾"));
    const date = el("b", { class: "pk-date" }), squares = el("span", { class: "pk-squares", "aria-hidden": "true" }, ...MOMENTS.map(() => el("i"))), stepWords = el("span");
    const sky = el("b"), skyMore = el("span"), seed = el("b", {}, `Seed ${scenario.seed}`), pace = el("span"), held = el("b"), heldUnit = el("span", {}, " km² occupied"), heldMore = el("span");
    const compareButton = el("button", { type: "button", class: "pk-button", "aria-pressed": "false", onclick: () => setCompare(!mode.compare) }, "Compare ", el("kbd", {}, "C"));
    const saveButton = el("button", { type: "button", class: "pk-button", "aria-haspopup": "dialog", onclick: saveCard }, "Save");
    const sideButton = el("button", { type: "button", class: "pk-button pk-only-middle", "aria-pressed": "false", onclick: () => root.classList.toggle("pk-drawer") && redrawAll() }, "Charts");
    const header = el("header", { class: "pk-head" }, title,
      el("div", { class: "pk-when" }, date, el("span", {}, squares, stepWords)), el("div", { class: "pk-sky" }, sky, skyMore),
      el("div", { class: "pk-seed" }, seed, pace), el("div", { class: "pk-held" }, el("span", { class: "pk-line" }, held, heldUnit), heldMore), el("span", { class: "pk-gap" }),
      compareButton, saveButton, sideButton,
      el("button", { type: "button", class: "pk-button pk-round", "aria-label": "Light or dark", title: "Light or dark (T)", onclick: () => setTheme(theme === LIGHT ? "dark" : "light", true) }, icon("theme", 18)),
      el("button", { type: "button", class: "pk-button pk-round", "aria-label": "Keys", title: "Keys (?)", onclick: keysCard }, "?"),
      el("button", { type: "button", class: "pk-button pk-round pk-only-phone", "aria-label": "Menu", onclick: () => sheetTo(root.dataset.sheet === "up" ? "down" : "up") }, icon("menu", 22)));
    title.addEventListener("click", beginCard);

    // ---- panels ----
    const layers = createLayersPanel(on, () => { for (const m of self.maps) m.touch(); wake(); }, (side) => { for (const m of self.maps) { m.extras.threatSide = side; m.touch(); } wake(); });
    const levers = createLeversPanel(send, tip);
    const charts = (self.charts = createCharts(ground, getTheme, hoverDay, (day) => send({ do: "seek", step: day * perDay, hold: true })));
    const events = createEvents(start, goTo);
    const inspector = createInspector({ close: unselect, follow: () => setFollow(!follow), pin: () => setPin(!pinned) });
    const compare = createComparePanel(send, setLook);
    const diffs = createDifferences(ground, charts, getTheme);
    const timeline = (self.timeline = createTimeline(ground, charts, getTheme, send, hoverDay));
    timeline.root.addEventListener("pick", (e) => goTo(e.detail));

    // ---- map area ----
    const locator = el("canvas", { class: "pk-locator", "aria-label": "The whole sector", role: "img" });
    const scaleBar = el("div", { class: "pk-scale" }, el("i"), el("span", {}, "0"), el("span"), el("span"), el("em", { title: "North is up" }, "↑ N"));
    const credit = el("p", { class: "pk-credit" }, scenario.synthetic ? "Made-up ground and places" : "Places © OpenStreetMap contributors (ODbL), GeoNames (CC BY 4.0). Wood, fields and units are the model's.");
    const zoomers = el("div", { class: "pk-zoom" }, el("button", { type: "button", "aria-label": "Layers", class: "pk-only-phone", onclick: () => tab("layers") }, icon("layers", 20)),
      el("button", { type: "button", "aria-label": "Closer", onclick: () => zoom(1.5) }, icon("plus", 18)), el("button", { type: "button", "aria-label": "Farther", onclick: () => zoom(1 / 1.5) }, icon("minus", 18)),
      el("button", { type: "button", "aria-label": "Whole sector", title: "Whole sector (0)", onclick: () => fit(true) }, icon("whole", 18)));
    const armA = el("div", { class: "pk-card pk-armcard" }, el("span", { class: "pk-arm" }, "A"), el("b"), el("span")), armB = el("div", { class: "pk-card pk-armcard" }, el("span", { class: "pk-arm pk-arm-b" }, "B"), el("b"), el("span"));
    const placeA = el("div", { class: "pk-place pk-a", hidden: true }, mapA.holder, armA), placeB = el("div", { class: "pk-place pk-b" }, mapB.holder, armB);
    const swipe = el("input", { type: "range", class: "pk-swipe", min: 0, max: 1000, value: 500, "aria-label": "Swipe between A and B", hidden: true });
    const hoverTip = el("div", { class: "pk-hover", hidden: true });
    const past = el("div", { class: "pk-past", hidden: true });
    const lens = el("canvas", { class: "pk-lens", hidden: true });
    const main = el("main", { class: "pk-map" }, placeA, placeB, swipe, locator, zoomers, scaleBar, credit, inspector.root, hoverTip, past, lens, diffs.root);

    // ---- columns, sheet, foot ----
    const left = el("aside", { class: "pk-left" }), right = el("aside", { class: "pk-right" }), sheet = el("section", { class: "pk-sheet" });
    const TABS = [["charts", "Charts"], ["events", "Events"], ["layers", "Layers"], ["levers", "Levers"], ["compare", "Compare"]];
    const tabs = el("nav", { class: "pk-tabs", role: "tablist" }, ...TABS.map(([k, t]) => el("button", { type: "button", role: "tab", "data-tab": k, onclick: () => tab(k) }, t)));
    const grip = el("button", { type: "button", class: "pk-grip", "aria-label": "Open or close the sheet", onclick: () => sheetTo(root.dataset.sheet === "up" ? "down" : "up") });
    const nowLine = el("p", { class: "pk-now" }), pane = el("div", { class: "pk-pane" });
    sheet.append(grip, nowLine, tabs, pane);
    const panels = { charts: charts.root, events: events.root, layers: layers.root, levers: levers.root, compare: compare.root };

    const playButton = el("button", { type: "button", class: "pk-play", "aria-label": "Play", onclick: togglePlay }, icon("play", 26));
    const resetButton = el("button", { type: "button", "aria-label": "Reset", title: "Back to the first day", onclick: () => send({ do: "reset" }) }, icon("reset"));
    const backButton = el("button", { type: "button", "aria-label": "Back", title: "Back one step (←)", onclick: () => send({ do: "step", count: -1 }) }, icon("back"));
    const stepButton = el("button", { type: "button", "aria-label": "Step", title: "One step on (→)", onclick: () => send({ do: "step", count: 1 }) }, icon("next"));
    const speedText = el("b"), speedRange = el("input", { type: "range", min: 0, max: 5, step: 1, value: 2, "aria-label": "Speed" });
    const SPEEDS = [0.25, 1, 3, 10, 30, 100].map((d) => d * perDay);
    speedRange.addEventListener("input", () => { speed = SPEEDS[speedRange.value]; tellSpeed(); send({ do: "speed", value: speed }); });
    const tellSpeed = () => { const d = speed / perDay, t = d < 1 ? `${number(d * 24)} hours/s` : `${number(d)} day${d === 1 ? "" : "s"}/s`; say(speedText, t); speedRange.setAttribute("aria-valuetext", t); };
    const foot = el("footer", { class: "pk-foot" }, el("div", { class: "pk-transport" }, el("div", { class: "pk-buttons-row" }, resetButton, backButton, playButton, stepButton, el("label", { class: "pk-speed" }, speedText, speedRange)),
      el("p", { class: "pk-hint" }, el("kbd", {}, "Space"), " play ", el("kbd", {}, "←"), " ", el("kbd", {}, "→"), " step ", el("kbd", {}, "["), " ", el("kbd", {}, "]"), " event")), timeline.root);
    const body = el("div", { class: "pk-body" }, header, left, main, right, sheet, foot);
    root.append(body);
    const compareStore = document.createElement("div");

    // ---- sizes ----
    let size = "";
    function layout() {
      const w = root.clientWidth, next = w < 720 ? "phone" : w < 1200 ? "middle" : "wide";
      root.dataset.size = next;
      if (next !== size || layout.compare !== mode.compare) {
        size = next;
        layout.compare = mode.compare;
        for (const p of Object.values(panels)) p.remove();
        if (size === "phone") tab(root.dataset.tab || "charts", true);
        else {
          left.append(...(mode.compare ? [compare.root, levers.root] : [layers.root, levers.root]));
          right.append(charts.root, events.root);
        }
      }
      fitMaps();
      charts.draw();
      timeline.resized();
      self.differences();
      requestAnimationFrame(() => { if (page === self) reserve(); });
      wake();
    }
    function fitMaps() {
      const two = mode.compare && mode.look === "side";
      placeA.hidden = !mode.compare || (mode.look === "blink" && !blinkA) || mode.look === "only";
      placeB.hidden = mode.compare && mode.look === "blink" && blinkA;
      main.dataset.look = mode.compare ? mode.look : "";
      swipe.hidden = !(mode.compare && mode.look === "swipe");
      diffs.root.hidden = !mode.compare;
      for (const [m, place] of [[mapA, placeA], [mapB, placeB]]) {
        if (place.hidden) continue;
        const r = place.getBoundingClientRect();
        if (r.width > 10 && r.height > 10) m.resize(Math.round(r.width), Math.round(r.height));
      }
      view.least = Math.min(mapB.width / (ground.box[1] - ground.box[0]), mapB.height / (ground.box[3] - ground.box[2])) * 0.85 || 4;
      placeA.style.clipPath = mode.compare && mode.look === "swipe" ? `inset(0 ${100 - swipe.value / 10}% 0 0)` : "";
      if (!fitted_ && mapB.width) { fitted_ = true; opening(); }
      furniture();
      void two;
    }
    let fitted_ = false, blinkA = false;
    swipe.addEventListener("input", () => { placeA.style.clipPath = `inset(0 ${100 - swipe.value / 10}% 0 0)`; });

    function tab(name, quiet) {
      root.dataset.tab = name;
      for (const b of tabs.children) b.setAttribute("aria-selected", String(b.dataset.tab === name));
      pane.replaceChildren(panels[name]);
      if (name === "compare" && !mode.compare && !quiet) setCompare(true);
      if (!quiet) sheetTo("up");
      charts.draw();
    }
    function sheetTo(where) { root.dataset.sheet = where; requestAnimationFrame(() => { layout(); }); }
    tabs.addEventListener("keydown", (e) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[e.key];
      if (!step) return;
      const k = [...tabs.children].findIndex((b) => b === document.activeElement);
      tabs.children[(k + step + tabs.children.length) % tabs.children.length].focus();
      e.stopPropagation();
    });

    // ---- where the map looks ----
    function opening() {
      const [w, e, s, n] = ground.box, whole = Math.min(mapB.width / (e - w), mapB.height / (n - s));
      view.scale = scenario.synthetic ? whole * 0.94 : Math.max(whole, mapB.height / (n - s), clamp(mapB.width / 62, 6.2, 14));
      view.x = (w + e) / 2;
      view.y = (s + n) / 2;
      if (!scenario.synthetic) { // toward the middle of the front, between it and the first objective
        const line = scenes[0].front()?.lines.flat() || [];
        let sx = 0, sy = 0;
        for (let k = 0; k < line.length; k += 2) { sx += line[k]; sy += line[k + 1]; }
        const aim = ground.places.find((p) => p.name === ground.objectives[0]) || { x: view.x, y: view.y };
        if (line.length) { view.x = 0.55 * (2 * sx / line.length) + 0.45 * aim.x; view.y = 0.5 * (2 * sy / line.length) + 0.5 * aim.y; }
      }
      keepInside();
      for (const m of self.maps) m.touch();
    }
    function keepInside() {
      const [w, e, s, n] = ground.box, hw = mapB.width / 2 / view.scale, hh = mapB.height / 2 / view.scale;
      const keep = (v, a, b, half) => (b - a < 2 * half ? (a + b) / 2 : clamp(v, a + half, b - half));
      view.scale = clamp(view.scale, view.least || 3, 160);
      const slack = 3;
      view.x = keep(view.x, w - slack, e + slack, hw);
      view.y = keep(view.y, s - slack, n + slack, hh);
    }
    let settle = 0;
    function moved() {
      keepInside();
      for (const m of self.maps) m.moved();
      furniture();
      clearTimeout(settle);
      settle = setTimeout(() => { reserve(); wake(); }, 170);
      wake();
    }
    function fly(x, y, scale) {
      const from = { ...view }, begin = performance.now(), ms = calm() ? 0 : 400;
      const go = () => {
        const t = ms ? clamp((performance.now() - begin) / ms, 0, 1) : 1, q = 1 - (1 - t) ** 3;
        view.x = from.x + (x - from.x) * q;
        view.y = from.y + (y - from.y) * q;
        view.scale = from.scale * (scale / from.scale) ** q;
        moved();
        if (t < 1) requestAnimationFrame(go);
      };
      go();
    }
    function zoom(by, px = mapB.width / 2, py = mapB.height / 2, m = mapB) {
      const x = m.fromX(px), y = m.fromY(py);
      view.scale = clamp(view.scale * by, view.least, 160);
      view.x = x - (px - m.width / 2) / view.scale;
      view.y = y + (py - m.height / 2) / view.scale;
      moved();
    }
    function fit(whole) {
      const [w, e, s, n] = ground.box;
      fly((w + e) / 2, (s + n) / 2, Math.min(mapB.width / (e - w), mapB.height / (n - s)) * (whole ? 0.97 : 1));
    }
    function goTo(e) {
      if (e.x !== undefined && Number.isFinite(e.x)) {
        fly(e.x, e.y, Math.max(view.scale, 18));
        const note = e.kind ? noteOf(e) : { x: e.x, y: e.y, title: "Here they part first", text: "" };
        picked = note;
        notes.key = "";
        for (const m of self.maps) { m.extras.notes = [note]; m.touch("labels"); }
      }
      if (e.step !== undefined && now && e.step <= now.head) send({ do: "seek", step: e.step, hold: true });
      wake();
    }
    // Without a picked event the map itself tells of what has just happened, twice at most.
    let picked = null;
    function notes(m) {
      if (picked) return;
      const fresh = allEvents.filter((e) => e.step <= m.step && m.step - e.step <= 3 * perDay && isGreat(e)).slice(-2);
      const list = size === "phone" ? [] : fresh.map(noteOf), key = list.map((n) => n.title + n.text).join();
      if (key === notes.key) return;
      notes.key = key;
      for (const map of self.maps) { map.extras.notes = list; map.touch("labels"); }
    }
    // A name and a fact or two: what an event says, short enough for a map.
    function noteOf(e) {
      const when = shortDate(dayOf(start, e.day ?? made(e.step))), parts = (e.words || "").split(", "), where = parts.find((p) => p.startsWith("near ")) || "";
      const title = /breakthrough/.test(e.kind) ? `${e.kind === "breakthrough" ? "Breakthrough" : "Deep breakthrough"}, ${number(e.number)} km in a week` : e.kind === "pocket" ? `Pocket, ${number(e.number)} km²` : parts[0].slice(0, 48);
      const who = e.kind === "pocket" ? parts[0].replace("Pocket of the ", "").replace(" closed", " cut off") : "";
      return { x: e.x, y: e.y, title, text: [when, who, where].filter(Boolean).join(", ") };
    }

    // ---- furniture over the map ----
    function furniture() {
      const km = [50, 20, 10, 5, 2, 1, 0.5, 0.2].find((v) => v * view.scale <= Math.min(mapB.width * 0.25, 180)) || 0.1, long = km * view.scale;
      const [bar, , half, end] = scaleBar.children;
      bar.style.width = `${long}px`;
      say(half, number(km / 2, km < 2 ? 1 : km === 5 ? 1 : 0));
      half.style.left = `${long / 2}px`;
      say(end, `${number(km, km < 1 ? 1 : 0)} km`);
      end.style.left = `${long}px`;
      scaleBar.lastChild.style.left = `${long + 52}px`;
      const inView = view.scale * (ground.box[1] - ground.box[0]) <= mapB.width * 1.06;
      locator.hidden = inView || size === "phone" || mode.compare;
      if (!locator.hidden && scenes[0].has) drawLocator();
    }
    function drawLocator() {
      const [w, e, s, n] = ground.box, side = 92, k = side / Math.max(e - w, n - s), c = fitted(locator, side, side);
      c.fillStyle = theme.paper;
      c.fillRect(0, 0, side, side);
      c.save();
      c.transform(k, 0, 0, -k, -w * k, n * k);
      const f = scenes[0].front();
      if (f) { c.fillStyle = theme.held; c.fill(f.fill, "evenodd"); c.strokeStyle = theme.ink; c.lineWidth = 1.2 / k; c.stroke(f.line); }
      c.restore();
      c.strokeStyle = theme.ink;
      c.lineWidth = 1.5;
      c.strokeRect((mapB.fromX(0) - w) * k, (n - mapB.fromY(0)) * k, mapB.width / view.scale * k, mapB.height / view.scale * k);
    }
    function reserve() {
      for (const [m, place] of [[mapB, placeB], [mapA, placeA]]) {
        if (place.hidden) continue;
        const o = place.getBoundingClientRect();
        m.reserved.length = 0;
        for (const node of [inspector.root, locator, zoomers, scaleBar, credit, armA, armB, past]) {
          const r = node.getBoundingClientRect();
          if (r.width && r.right > o.left && r.left < o.right) m.reserved.push({ x0: r.left - o.left - 4, y0: r.top - o.top - 4, x1: r.right - o.left + 4, y1: r.bottom - o.top + 4 });
        }
        m.touch("labels");
      }
    }

    // ---- pointer on the maps ----
    for (const m of self.maps) hands(m);
    function hands(m) {
      const fingers = new Map();
      let drag = null, pinch = null;
      const local = (e) => { const r = m.top.getBoundingClientRect(); return [e.clientX - r.left, e.clientY - r.top]; };
      m.top.addEventListener("wheel", (e) => { e.preventDefault(); const [x, y] = local(e); zoom(Math.exp(-clamp(e.deltaY, -120, 120) * 0.0022), x, y, m); }, { passive: false });
      m.top.addEventListener("pointerdown", (e) => {
        m.top.setPointerCapture(e.pointerId);
        fingers.set(e.pointerId, local(e));
        if (fingers.size === 2) { const [a, b] = [...fingers.values()]; pinch = { d: Math.hypot(a[0] - b[0], a[1] - b[1]), scale: view.scale }; drag = null; } else drag = { at: local(e), x: view.x, y: view.y, far: false };
      });
      m.top.addEventListener("pointermove", (e) => {
        const p = local(e);
        if (!fingers.has(e.pointerId)) { hover(m, p); return; }
        fingers.set(e.pointerId, p);
        if (pinch && fingers.size === 2) {
          const [a, b] = [...fingers.values()], d = Math.hypot(a[0] - b[0], a[1] - b[1]);
          zoom(pinch.scale * d / pinch.d / view.scale, (a[0] + b[0]) / 2, (a[1] + b[1]) / 2, m);
        } else if (drag) {
          if (Math.hypot(p[0] - drag.at[0], p[1] - drag.at[1]) > 4) drag.far = true;
          if (drag.far) {
            view.x = drag.x - (p[0] - drag.at[0]) / view.scale;
            view.y = drag.y + (p[1] - drag.at[1]) / view.scale;
            setFollow(false);
            moved();
          }
        }
      });
      const up = (e) => {
        const p = local(e), was = drag;
        fingers.delete(e.pointerId);
        if (fingers.size < 2) pinch = null;
        if (!fingers.size) drag = null;
        if (e.type === "pointerup" && was && !was.far) click(m, p);
      };
      m.top.addEventListener("pointerup", up);
      m.top.addEventListener("pointercancel", up);
      m.top.addEventListener("pointerleave", () => { hoverTip.hidden = true; if (m.extras.hover) { m.extras.hover = null; m.touch("top"); wake(); } });
      m.top.addEventListener("dblclick", (e) => { const [x, y] = local(e); zoom(2, x, y, m); });
    }
    const NAMES = ["Infantry group", "Armor section", "FPV team", "Artillery battery"];
    function hover(m, [px, py]) {
      if (lensOn) drawLens(m, px, py);
      const k = m.unitAt(px, py), u = m.scene?.units();
      if (k < 0 || !u) {
        const place = ground.places.find((q) => Math.hypot(m.toX(q.x) - px, m.toY(q.y) - py) < 7);
        if (m.extras.hover) { m.extras.hover = null; m.touch("top"); wake(); }
        if (!place) { hoverTip.hidden = true; return; }
        hoverTip.textContent = `${place.name}, ${place.kind}${place.people ? `, ${number(place.people)} people before the war` : ""}`;
      } else {
        const code = u.code[k], ring = code & 16, wait = code & 32;
        hoverTip.textContent = `${ring ? "Infiltrators" : NAMES[code & 7]}, ${code & 8 ? "defender" : "attacker"}, ${u.men[k]} men${wait ? ", in reserve" : ""}, supply ${Math.round(u.supply[k] / 2.55)} %`;
        m.extras.hover = { x: u.x[k], y: u.y[k] };
        m.touch("top");
        wake();
      }
      hoverTip.hidden = false;
      const o = main.getBoundingClientRect(), r = m.top.getBoundingClientRect(), x = r.left - o.left + px, y = r.top - o.top + py;
      hoverTip.style.left = `${clamp(x + 14, 4, o.width - hoverTip.offsetWidth - 6)}px`;
      hoverTip.style.top = `${y > o.height - 60 ? y - 34 : y + 16}px`;
    }
    let selected = null, follow = false, pinned = true, asked = 0;
    function click(m, [px, py]) {
      const k = m.unitAt(px, py), arm = m === mapA ? 1 : 0, u = m.scene?.units();
      selected = k >= 0 ? { uid: u.id[k], arm } : { x: m.fromX(px), y: m.fromY(py), arm };
      picked = null;
      ask();
    }
    function ask() { if (selected) { asked += 1; send({ do: "inspect", asked, ...selected }); } }
    self.inspected = (m) => {
      if (m.asked !== asked || !selected) return;
      if (!m.what) { if (selected.uid !== undefined) inspector.gone(); else unselect(); return; }
      inspector.show(m.what, m.now);
      selected.at = m.what;
      const left = mapB.toX(m.what.x) > mapB.width / 2;
      inspector.root.classList.toggle("pk-at-right", !left && size === "wide" && !mode.compare);
      markSelection();
      if (follow) { view.x = m.what.x; view.y = m.what.y; moved(); }
      requestAnimationFrame(reserve);
    };
    function markSelection() {
      const w = selected?.at, o = main.getBoundingClientRect(), r = inspector.root.getBoundingClientRect();
      for (const m of self.maps) {
        m.extras.selection = w ? { x: w.x, y: w.y, cell: w.kind < 0 } : null;
        m.extras.leader = w && size !== "phone" && m === mapB && !mode.compare ? [(r.left - o.left > o.width / 2 ? r.left : r.right) - o.left, clamp(mapB.toY(w.y), r.top - o.top + 16, r.bottom - o.top - 16)] : null;
        m.touch("top");
      }
      wake();
    }
    function unselect() { selected = null; setFollow(false); inspector.hide(); markSelection(); reserve(); }
    function setFollow(yes) { follow = yes && selected?.uid !== undefined; inspector.follow.setAttribute("aria-pressed", String(follow)); if (follow) ask(); }
    function setPin(yes) { pinned = yes; inspector.pin.setAttribute("aria-pressed", String(yes)); if (!yes) unselect(); }

    // ---- lens ----
    let lensOn = false;
    const lensView = createView(ground.box), lensMap = createMap(ground, lensView, on, getTheme);
    function drawLens(m, px, py) {
      const d = 204, c = fitted(lens, d, d);
      lensView.x = m.fromX(px);
      lensView.y = m.fromY(py);
      lensView.scale = clamp(view.scale * 3.4, 44, 160);
      Object.assign(lensMap.extras, { ...m.extras, selection: null, leader: null, notes: [], hover: null });
      lensMap.resize(d, d);
      lensMap.show(m.scene, null, strikes, []);
      lensMap.paint(performance.now() + 1000);
      c.save();
      c.beginPath(); c.arc(d / 2, d / 2, d / 2 - 2, 0, 6.2832); c.clip();
      lensMap.flat(c, 0, 0);
      c.restore();
      c.strokeStyle = theme.ink;
      c.lineWidth = 2.5;
      c.beginPath(); c.arc(d / 2, d / 2, d / 2 - 2, 0, 6.2832); c.stroke();
    }
    function setLens(yes) { lensOn = yes; lens.hidden = !yes; hoverTip.hidden = hoverTip.hidden || yes; if (yes) drawLens(mapB, mapB.width / 2, mapB.height / 2); }

    // ---- hovering charts and time line ----
    function hoverDay(day) { charts.hover(day); timeline.ghost(day); }

    // ---- compare ----
    function setCompare(yes) {
      if (replay) { cards.say("A recorded run cannot fork. Run it again live to compare."); return; }
      mode.compare = yes;
      compareButton.setAttribute("aria-pressed", String(yes));
      root.classList.toggle("pk-comparing", yes);
      for (const m of self.maps) { m.extras.difference = null; m.extras.shadow = null; m.touch(); }
      if (yes) send({ do: "compare", on: true });
      layout.compare = null;
      layout();
      setTimeout(layout, 30);
    }
    function setLook(look) { mode.look = look; blinkA = false; compare.root.dataset.look = look; for (const m of self.maps) m.touch(); layout(); }
    function armWords() {
      const changed = levers.changed(), text = changed.length ? changed.map((r) => `${r.label} ${levers.text(r, r.value)}`).slice(0, 2).join(", ") : "As it was";
      say(armB.children[1], changed.length ? text : "The same so far");
      say(armA.children[1], changed.length ? changed.map((r) => `${r.label} ${levers.text(r, r.default)}`).slice(0, 2).join(", ") : "As it was");
      if (now) { say(armB.children[2], `${number(now.held)} km² occupied`); say(armA.children[2], `${number(now.twin_held ?? now.held)} km² occupied`); }
    }
    self.differences = () => {
      if (!mode.compare || !now) return;
      const perStep = parting?.fork ?? 0;
      diffs.draw(perStep / perDay, charts.last());
      const rows = diffs.specs.map((s) => { const v = diffs.series(s), q = v[Math.min(v.length - 1, Math.floor(now.step / perDay))]; return [s.title.replace("held by the attacker, ", "").replace(", cumulative", ""), q === null || q === undefined ? "–" : number(q, s.digits, true)]; });
      compare.draw(levers.changed().map((r) => [r.label, levers.text(r, r.default), levers.text(r, r.value)]), rows, parting, start, perDay, goTo);
      armWords();
      reserve();
    };

    // ---- frames ----
    self.frame = (m, buffers) => {
      const consecutive = now && m.epoch === self.epoch && m.step > now.step && m.step - now.step <= perDay;
      if (m.epoch !== self.epoch) { self.epoch = m.epoch; charts.clear(); allEvents = []; marks = []; now = null; strikes = []; parting = null; }
      const before = scenes.map((s) => s.units());
      m.layers.forEach(([arm, name], k) => scenes[arm].set(name, buffers[k]));
      for (const [arm, name] of m.gone) scenes[arm].set(name, undefined);
      const first = !now;
      now = m;
      owed = m.seq;
      if (m.days) charts.take(m.days.columns, m.days.from);
      if (m.twin) { charts.take(m.twin.columns, m.twin.from, charts.twin); parting = m.twin.parting; charts.fork(parting.fork / perDay); timeline.fork(parting.fork); }
      if (m.events) { allEvents = [...allEvents.slice(0, m.events_from), ...m.events]; }
      const bombs = scenes[0].bombs() || [];
      strikes = consecutive ? [...strikes.filter((s) => m.step - s.at < perDay && s.at < m.step), { at: m.step, places: bombs }] : [{ at: m.step, places: bombs }];
      const time = performance.now();
      gap = clamp(0.6 * gap + 0.4 * (time - lastFrame), 30, 1000);
      lastFrame = time;
      tween = { from: time, ms: consecutive && !calm() && gap > 100 && tickMs < 45 ? Math.min(gap, 600) : 0 }; // gliding is for machines that keep up
      if (tickMs >= 45) tickMs -= 0.5;
      const shownArms = mode.compare && m.arms > 1 ? [[mapB, 0], [mapA, 1]] : [[mapB, 0]];
      for (const [map, arm] of shownArms) {
        const after = scenes[arm].units(), old = consecutive ? before[arm] : null;
        const places = old && old !== after && speed <= 4 * perDay ? lossesBetween(old, after) : [];
        Object.assign(map.extras, { step: m.step, day: m.day });
        map.show(scenes[arm], tween.ms ? old : null, arm === 0 ? strikes : [], places.length ? [{ at: time, places }] : [], playing && gap < 150);
      }
      if (mode.compare && m.arms > 1) {
        const gapNow = difference(scenes[1], scenes[0]);
        for (const [map, other] of [[mapB, 1], [mapA, 0]]) { map.extras.difference = gapNow; map.extras.shadow = scenes[other].front()?.line; map.touch("base"); }
      } else mapB.extras.difference = mapB.extras.shadow = null;
      if (!fitted_ || first) layout();
      tell(m);
      notes(m);
      if (selected?.uid !== undefined && (pinned || follow) && m.step === m.head && time - (self.lastAsk || 0) > 300) { self.lastAsk = time; ask(); }
      wake();
    };

    self.paint = (time) => {
      const t = tween.ms ? clamp((time - tween.from) / tween.ms, 0, 1) : 1;
      let again = false;
      for (const [m, place] of [[mapB, placeB], [mapA, placeA]]) {
        if (place.hidden) continue;
        m.blend(t);
        again = m.paint(time) || again;
      }
      if (owed) { send({ do: "ack", seq: owed }); owed = 0; }
      return again;
    };

    const slow = throttle(() => { charts.draw(); events.set(allEvents); timeline.events(allEvents, marks); self.differences(); drawLocator(); }, 300);
    function tell(m) {
      const day = dayOf(start, m.day), part = perDay >= 4 ? MOMENTS[m.part] : "";
      say(date, size === "phone" ? dateText(day, true) + (part ? `, ${part}` : "") : dateText(day, true) + (part ? `, ${part}` : ""));
      [...squares.children].forEach((s, k) => s.classList.toggle("pk-on", k === m.part && perDay >= 4));
      squares.hidden = perDay < 4;
      say(stepWords, size === "phone" ? `day ${number(m.day + (m.step ? 1 : 0))} of ${number(scenario.days)} · seed ${scenario.seed}` : `step ${number(m.step)} · day ${number(m.day + (m.step ? 1 : 0))} of ${number(scenario.days)}`);
      if (!m.sky) { say(sky, "Recorded run"); say(skyMore, "ground and figures by day"); }
      if (m.sky) {
        say(sky, `${m.sky.fog ? "Fog" : m.sky.rain ? "Rain" : m.sky.light > 0.3 ? "Clear" : "Clear night"}, ${m.sky.mud > 0.5 ? "deep mud" : m.sky.mud > 0.25 ? "mud" : "dry ground"}`);
        say(skyMore, `${m.sky.leaf > 0.6 ? "leaf on" : m.sky.leaf > 0.25 ? "some leaf" : "bare trees"}, drone work ${number(100 * m.sky.flying)} % possible`);
      }
      say(held, number(m.held));
      const first = charts.data.held_km2?.[0] ?? m.held, rec = recordOn(m.day);
      say(heldMore, `${number(m.held - first, 0, true)} since start${rec === null ? "" : `, observed ${number(rec, 0, true)}`}`);
      layers.counts(m.counts);
      charts.cursor(m.step / perDay);
      timeline.at(m.step, m.head);
      events.until(m.step);
      past.hidden = m.step >= m.head;
      if (!past.hidden) { past.replaceChildren(`Recorded, ${shortDate(day)}. `, el("button", { type: "button", class: "pk-link", onclick: () => send({ do: "seek", step: m.head, hold: true }) }, "To the newest")); }
      top.setAttribute("aria-label", `Map of the battle on ${dateText(day)}: the attacker holds ${number(m.held)} square kilometers`);
      const latest = allEvents.filter((e) => e.step <= m.step).at(-1);
      if (latest) { if (latest !== self.spoken && !playing) { self.spoken = latest; say(live, `${shortDate(dayOf(start, latest.day))}: ${latest.words}`); } say(nowLine, `Now: ${latest.words}.`); }
      if (m.units !== undefined && !replay) say(pace, `${number(m.units)} units${rate()}`);
      slow();
    }
    const top = mapB.top;
    const seen = [];
    function rate() {
      const t = performance.now();
      seen.push([t, now.step]);
      while (seen.length > 2 && t - seen[0][0] > 2000) seen.shift();
      const [a, b] = [seen[0], seen.at(-1)];
      return playing && b[0] - a[0] > 400 && b[1] > a[1] ? ` · ${number((b[1] - a[1]) / (b[0] - a[0]) * 1000, 1)} steps/s` : "";
    }
    function recordOn(day) {
      const r = ground.record;
      if (!r) return null;
      const at = (d) => { let v = null; for (let k = 0; k < r.day.length && r.day[k] <= d; k += 1) v = r.held[k]; return v; };
      const a = at(0), b = at(day);
      return a === null || b === null || day > r.day.at(-1) + 3 ? null : b - a;
    }

    self.levers = (m) => { levers.rows(m.rows); compareStore.dataset.n = m.rows.length; self.differences(); };
    self.state = (m) => {
      stateNow = m;
      setPlaying(m.playing);
      if (Math.abs(speed - m.speed) > 1e-6) { speed = m.speed; const k = SPEEDS.findIndex((s) => Math.abs(s - speed) < 0.01); if (k >= 0) speedRange.value = k; }
      tellSpeed();
      marks = m.marks || [];
      twin = m.twin;
      if (!playing && !replay && now && now.units !== undefined) say(pace, `${number(now.units)} units`);
      backButton.disabled = m.shown <= 0;
      stepButton.disabled = m.shown >= m.n_steps;
      if (!twin && mode.compare) { mode.compare = false; setCompare(false); }
      slow();
    };
    self.fault = (m) => {
      setPlaying(false);
      const levers_ = Object.entries(m.levers).map(([k, v]) => `${k} = ${v}`).join(", ") || "none moved";
      const report = `step ${m.step}${m.phase ? `, phase ${m.phase}` : ""}\n${m.reason}\nscenario ${m.scenario}, seed ${m.seed}, levers ${levers_}, commit ${m.commit}\n${m.details.join("\n")}`;
      cards.show("fault", `The run stopped at step ${number(m.step)}`, [
        el("p", {}, m.phase ? ["Phase ", el("b", {}, m.phase), ": "] : null, m.reason, ". The last good frame is shown."),
        el("p", { class: "pk-sub" }, `${m.scenario} · seed ${m.seed} · ${levers_} · commit ${m.commit}`),
        el("details", {}, el("summary", {}, "Details"), el("pre", {}, m.details.join("\n")))],
      [[m.restart_day ? `Restart from day ${m.restart_day}` : "Restart", () => { cards.hide("fault"); send({ do: "restart" }); }, true],
        ["Copy report", () => { navigator.clipboard?.writeText(report).then(() => cards.say("Copied."), () => cards.say("The browser did not allow it.")); }]], "pk-fault");
    };

    // ---- cards ----
    function beginCard() {
      if (cards.has("begin")) { cards.hide("begin"); return; }
      const pick = el("select", { "aria-label": "Scenario" }, ...(ground.shelf || []).map((s) => el("option", { value: s.name, selected: s.name === scenario.name }, s.title)));
      const first = el("input", { type: "date", value: start, "aria-label": "First day" }), seedBox = el("input", { type: "number", min: 0, value: scenario.seed, "aria-label": "Seed" });
      const about = el("p", { class: "pk-sub" }, scenario.about);
      pick.addEventListener("change", () => { const s = ground.shelf.find((q) => q.name === pick.value); first.value = s.start; say(about, `${s.title}, ${s.days} days.`); });
      cards.show("begin", "Start another battle", [
        el("label", {}, "Scenario", pick), about, el("div", { class: "pk-two" }, el("label", {}, "First day", first), el("label", {}, "Seed", seedBox))],
      [["Start over", () => { const s = (ground.shelf || []).find((q) => q.name === pick.value); cards.hide("begin"); send({ do: "begin", scenario: pick.value, seed: Number(seedBox.value), ...(s && first.value !== s.start ? { start: first.value } : {}) }); }, true],
        ["Cancel", () => cards.hide("begin")]], "pk-begin");
    }
    const KEYS = [["Space", "play, pause"], ["← →", "one step, with Shift a day"], ["[ ]", "event before, after"], ["+ −", "closer, farther"], ["Alt + arrows", "move the map"], ["1 to 9, U", "layers, units"], ["0", "whole sector"], ["C", "compare; W swipe, B blink"], ["F, P", "follow, pin"], ["E", "all events"], ["Z", "lens, while held"], ["T", "light or dark"], ["?", "these keys"], ["Esc", "close"]];
    function keysCard() {
      if (cards.has("keys")) { cards.hide("keys"); return; }
      cards.show("keys", "Keys", [el("dl", { class: "pk-keys" }, ...KEYS.flatMap(([k, t]) => [el("dt", {}, el("kbd", {}, k)), el("dd", {}, t)])),
        el("p", { class: "pk-sub" }, "Click inspects, drag pans, wheel or pinch zooms, double click goes closer. Scrubbing the time line shows what was recorded.")], [["Figures as a table", tableCard], ["Close", () => cards.hide("keys"), true]], "pk-center");
    }
    function tableCard() {
      cards.hide("keys");
      const names = ["held_km2", "gained_km2", "lost_km2", "casualties_attacker", "casualties_defender", "infantry_attacker", "infantry_defender", "days_in_place_defender", "kill_zone_km_defender"];
      const words = ["Held, km²", "Gained, km²", "Lost, km²", "Casualties, attacker", "Casualties, defender", "Infantry, attacker", "Infantry, defender", "Days in place, defender", "Kill zone, km"];
      const rows = [];
      for (let d = 0; d <= charts.last(); d += charts.bucket) rows.push(el("tr", {}, el("th", {}, shortDate(dayOf(start, d))), ...names.map((n) => el("td", {}, number(charts.value(n, d), n.includes("zone") ? 1 : 0)))));
      cards.show("table", "Figures of this run", [el("div", { class: "pk-scroll" }, el("table", {}, el("thead", {}, el("tr", {}, el("th", {}, ""), ...words.map((t) => el("th", {}, t)))), el("tbody", {}, ...rows)))], [["Close", () => cards.hide("table"), true]], "pk-center pk-broad");
    }
    function saveCard() {
      if (cards.has("save")) { cards.hide("save"); return; }
      const done = (work) => () => { cards.hide("save"); work(); };
      cards.show("save", "Save", [el("p", { class: "pk-sub" }, "Nothing leaves this computer: files are made here.")], [
        ["Picture, PNG", done(savePicture), true], ["Battle so far, GIF", done(() => startFilm("gif"))], ...(ground.ffmpeg ? [["Battle so far, MP4", done(() => startFilm("mp4"))]] : []),
        ["Figures by day, CSV", done(() => send({ do: "table", format: "csv" }))], ["Figures by day, Parquet", done(() => send({ do: "table", format: "parquet" }))], ["Close", () => cards.hide("save")]], "pk-save");
    }
    const shownMaps = () => (mode.compare && mode.look === "side" ? [mapA, mapB] : [mapB]);
    const words = () => ({ title: scenario.title, date: date.textContent, line: `Seed ${scenario.seed}${levers.changed().length ? `, moved: ${levers.changed().map((r) => `${r.label} ${levers.text(r, r.value)}`).join(", ")}` : ", no lever moved"}. Modeled, not observed.`, right: `${held.textContent} km² occupied, ${heldMore.textContent}`, credit: credit.textContent });
    async function savePicture() {
      const canvas = pictureOf(shownMaps(), words(), theme);
      download(`${scenario.name}-${scenario.seed}-step-${now.step}.png`, [await pngBytes(canvas)], "image/png");
      cards.say("The picture is ready.");
    }
    let reel = null;
    function startFilm(kind) { reel = { kind, back: now.step }; self.busy = true; send({ do: "pause" }); send({ do: "frames" }); cards.show("film", "Making an animation", [el("p", {}, "Drawing the recorded days, one by one."), el("progress", { max: 1, value: 0 })], [["Cancel", () => { if (reel) reel.stop = true; cards.hide("film"); }]], "pk-corner"); }
    self.film = async (steps) => {
      if (!reel) return;
      const daily = steps.filter((s) => s % perDay === 0), every = Math.max(1, Math.ceil(daily.length / 180)), list = daily.filter((_, k) => k % every === 0 || k === daily.length - 1);
      send({ do: "film", begin: true, name: `${scenario.name}-${scenario.seed}`, rate: clamp(list.length / 12, 4, 15) });
      for (const [k, step] of list.entries()) {
        if (reel.stop) break;
        send({ do: "seek", step, hold: true });
        for (let wait = 0; wait < 100 && now.step !== step; wait += 1) await new Promise((r) => setTimeout(r, 20));
        tween.ms = 0;
        for (const m of self.maps) { m.blend(1); m.touch(); m.paint(performance.now() + 1e4); }
        const canvas = pictureOf(shownMaps(), words(), theme, 1, 800);
        send({ do: "film" }, [(await pngBytes(canvas)).buffer]);
        const bar = root.querySelector('[data-card="film"] progress');
        if (bar) bar.value = (k + 1) / list.length;
      }
      if (!reel.stop) send({ do: "film", finish: reel.kind });
      send({ do: "seek", step: reel.back, hold: true });
      reel = null;
      self.busy = false;
    };

    // ---- play and keys ----
    function togglePlay() { setPlaying(!playing); send({ do: playing ? "play" : "pause" }); }
    function setPlaying(yes) {
      if (playing === yes) return;
      playing = yes;
      playButton.setAttribute("aria-label", yes ? "Pause" : "Play");
      playButton.replaceChildren(icon(yes ? "pause" : "play", 26));
    }
    function nextEvent(direction) {
      const list = [...allEvents].filter((e) => (direction > 0 ? e.step > now.step : e.step < now.step));
      const e = direction > 0 ? list[0] : list.at(-1);
      if (e) goTo(e); else cards.say("No event on that side.");
    }
    const onKey = (e) => {
      const tag = e.target.tagName, typing = (tag === "INPUT" && !["checkbox", "range"].includes(e.target.type)) || tag === "SELECT" || tag === "TEXTAREA";
      if (e.key === "Escape") { const open = cards.any(); if (open && open !== "fault" && open !== "lost") cards.hide(open); else unselect(); picked = null; for (const m of self.maps) m.extras.notes = []; return; }
      if (typing || e.ctrlKey || e.metaKey) return;
      if (!full() && !root.contains(e.target)) return;
      if (tag === "INPUT" && e.target.type === "range" && e.key.startsWith("Arrow")) return;
      if (tag === "BUTTON" && (e.key === " " || e.key === "Enter")) return;
      const step = 60 / view.scale;
      const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] }[e.key];
      const keys = {
        " ": togglePlay, ArrowRight: () => send({ do: "step", count: 1, days: e.shiftKey }), ArrowLeft: () => send({ do: "step", count: -1, days: e.shiftKey }),
        "[": () => nextEvent(-1), "]": () => nextEvent(1), "+": () => zoom(1.4), "=": () => zoom(1.4), "-": () => zoom(1 / 1.4), 0: () => fit(true), u: () => layers.flip("units"),
        c: () => setCompare(!mode.compare), w: () => mode.compare && compare.pick("swipe"), b: () => { if (!mode.compare) return; if (mode.look !== "blink") compare.pick("blink"); else { blinkA = !blinkA; for (const m of self.maps) m.touch(); layout(); } },
        f: () => setFollow(!follow), p: () => setPin(!pinned), e: () => events.flip(), t: () => setTheme(theme === LIGHT ? "dark" : "light", true), "?": keysCard, z: () => { if (!e.repeat) setLens(true); },
      };
      if (moves && e.altKey) { view.x += moves[0]; view.y += moves[1]; moved(); e.preventDefault(); return; }
      const layer = /^[1-9]$/.test(e.key) ? LAYERS[Number(e.key) - 1] : null;
      const work = layer ? () => layers.flip(layer[0]) : keys[e.key.length === 1 ? e.key.toLowerCase() : e.key];
      if (work) { work(); e.preventDefault(); }
    };
    const onUp = (e) => { if (e.key === "z" || e.key === "Z") setLens(false); };
    document.addEventListener("keydown", onKey);
    document.addEventListener("keyup", onUp);
    const watch = new ResizeObserver(throttle(layout, 40));
    watch.observe(root);
    root.classList.toggle("pk-replaying", !!replay);
    if (replay) {
      compareButton.replaceWith(el("button", { type: "button", class: "pk-button", title: "The same scenario, seed and levers, stepped here", onclick: () => send({ do: "begin", scenario: scenario.name, seed: scenario.seed, keep: true }) }, "Run it live"));
      for (const name of missing) layers.boxes[name]?.closest(".pk-row, header")?.setAttribute("title", "Recorded for the last day only");
      say(pace, replay);
    }
    self.end = () => {
      watch.disconnect();
      document.removeEventListener("keydown", onKey);
      document.removeEventListener("keyup", onUp);
      body.remove();
    };
    self.debug = { theme: getTheme, view, scenes, mapA, mapB, charts, get now() { return now; }, get state() { return stateNow; }, fly, goTo };
    self.furniture = furniture;
    root.dataset.sheet = "down";
    tellSpeed();
    layout();
    return self;
  }

  setTheme(model.get("theme") !== "auto" ? model.get("theme") : stored("pokrovsk theme") || (window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light"), false);
  cards.show("loading", "Building the battle", [el("p", {}, "Land, roads and names first, then the units. The first start after a change of the code compiles for about a minute.")], [], "pk-center");
  const first = setInterval(() => { if (page && page.debug.now) { cards.hide("loading"); clearInterval(first); } }, 100);
  send({ do: "hello" });
  return () => {
    clearInterval(beat);
    clearInterval(first);
    model.off("msg:custom", heard);
    if (page) page.end();
    root.remove();
  };
}

export default { render };
