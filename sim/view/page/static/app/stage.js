// One battle on the page: panels, maps, time line and charts made for one ground message, and kept in step with its frames.

function createStage(ground, host) {
  const { root, send, cards, theme } = host, { scenario } = ground, { start, steps_per_day: perDay } = scenario;
  const on = { control: true, grey: true, danger: true, supply: true, works: true, bombs: true, pockets: true, start: true, names: true, thin: true, units: true, sides: [true, true] };
  const added = ground.added || { layers: [], kinds: [] };
  for (const { name } of added.layers) on[name] = true;
  // What the parts of the page know of one another.
  const self = { ground, epoch: ground.epoch ?? 0, now: null, busy: false, playing: false, speed: 3 * perDay, divergence: null, mode: { compare: false, look: "side", blinkA: false } };
  const scenes = [createScene(ground), createScene(ground)];
  for (const s of scenes) { s.set("control_start", ground.control_start); s.set("control", ground.control_start); } // the first picture, before there are units
  const view = createView(ground.box);
  const mapB = createMap(ground, view, on, theme), mapA = createMap(ground, view, on, theme), maps = [mapB, mapA];
  const camera = createCamera(ground, view, mapB, scenes[0], () => { for (const m of maps) m.moved(); furniture.draw(); settled(); host.wake(); kept(); });
  const settled = after(170, () => { reserve(); host.wake(); });
  let state = null, allEvents = [], marks = [], strikes = [], trails = [], tween = { from: 0, ms: 300 }, owed = 0, lastFrame = 0, gap = 250, fitted_ = false;
  const touchMaps = (what) => { for (const m of maps) m.touch(what); };

  // ---- parts ----
  const hoverDay = (day) => { charts.hover(day); timeline.ghost(day); };
  const charts = createCharts(ground, theme, hoverDay, (day) => send({ do: "seek", step: day * perDay, hold: true, ahead: true }));
  const furniture = createFurniture(ground, view, mapB, scenes[0], host, self, { camera, layers: () => layout.tab("layers") });
  const main = el("main", { class: "pk-map" }), film = createFilm(ground, host, self, { maps: shownMaps, words, still });
  const dialogs = createDialogs(ground, host, self, { charts, guide: () => guide.open(), film: film.start, savePicture, name: () => words().name });
  const header = createHeader(ground, host, self, { ...dialogs, compare: () => setCompare(!self.mode.compare) });
  const transport = createTransport(perDay, send, self);
  const layers = createLayersPanel(on, ground.glossary || {}, () => { touchMaps(); host.wake(); }, (side) => { for (const m of maps) m.extras.threatSide = side; touchMaps(); host.wake(); }, added);
  const levers = createLeversPanel(send, host.tip), about = ground.file ? createFilePanel(ground) : null;
  const events = createEvents(ground, goTo);
  const compare = createComparePanel(send, setLook), diffs = createDifferences(ground, charts, theme);
  const timeline = createTimeline(ground, charts, theme, send, hoverDay);
  timeline.root.addEventListener("pick", (e) => goTo(e.detail));
  const selection = createSelection(host, self, { maps, view, camera, main, reserve: () => reserve() });
  const lens = createLens(ground, on, theme);
  const notes = createNotes(ground, maps, host);
  const guide = createGuide(ground, host, self, { camera, main, mapB, on, layers, levers, notes, charts, events: { get all() { return allEvents; } }, send, kept: () => kept(), redraw: () => { touchMaps(); host.wake(); } });
  const past = el("div", { class: "pk-past", hidden: true }), making = el("div", { class: "pk-past pk-making", role: "status", hidden: true });
  const layout = createLayout(ground, host, self, {
    header: header.root, main, furniture, maps, camera, compare, diffs, timeline, foot: [transport.root, timeline.root], over: [selection.root, past, making, lens.canvas, guide.root, guide.offer],
    panels: { charts: charts.root, events: events.root, layers: layers.root, levers: (about || levers).root, compare: compare.root }, setCompare, resized });
  const hands = createHands(ground, camera, view, main, {
    hovered: (m, x, y) => lens.draw(m, x, y, strikes), dragged: selection.dragged, redraw: host.wake,
    click: (m, [x, y]) => { notes.drop(); selection.pick(m, x, y); } });
  for (const m of maps) hands(m);

  // ---- sizes ----
  function resized() {
    if (!fitted_ && mapB.width && scenes[0].has) {
      fitted_ = true;
      camera.opening();
      const [x, y, scale] = (host.address.link?.view || "").split(",").map(Number);
      if ([x, y, scale].every(Number.isFinite) && scale > 0) Object.assign(view, { x, y, scale });
      touchMaps();
    }
    furniture.draw();
    charts.draw();
    timeline.resized();
    differences();
    requestAnimationFrame(() => { if (host.isShown(self)) reserve(); });
    host.wake();
  }
  function reserve() { layout.reserve([selection.root, ...furniture.boxes, past, making, guide.root]); touchMaps("labels"); }

  // What the address has of this battle: its course, how far it is, what is shown.
  function kept() {
    if (!state || !self.now) return;
    if (!state.course) { host.address.keep(null); return; }
    const round = (v, k) => Number(v.toFixed(k)), { tab } = root.dataset;
    host.address.keep({ ...state.course, head: Math.max(self.now.head, state.ahead?.wanted ?? 0), step: self.now.step,
      view: [round(view.x, 2), round(view.y, 2), round(view.scale, 2)].join(","), tab: tab || undefined, look: self.mode.compare ? self.mode.look : undefined, ...guide.state() });
  }

  // ---- comparison ----
  function setCompare(yes) {
    if (ground.replay && !ground.file && yes) { // a rerun can be taken over: the session then sends a live battle
      if (ground.rerun) { host.wantsCompare = true; send({ do: "compare", on: true }); } else cards.notify("A recorded run cannot fork. Run it live to compare.");
      return;
    }
    self.mode.compare = yes;
    header.compare.setAttribute("aria-pressed", String(yes));
    root.classList.toggle("pk-comparing", yes);
    for (const m of maps) { m.extras.difference = null; m.extras.shadow = null; m.touch(); }
    if (yes) send({ do: "compare", on: true });
    layout.fit(true);
    setTimeout(() => layout.fit(), 30);
  }
  function setLook(look) { self.mode.look = look; self.mode.blinkA = false; compare.root.dataset.look = look; touchMaps(); layout.fit(); }
  function blink() {
    if (!self.mode.compare) return;
    if (self.mode.look !== "blink") { compare.pick("blink"); return; }
    self.mode.blinkA = !self.mode.blinkA;
    touchMaps();
    layout.fit();
  }
  function differences() {
    const { now, divergence } = self;
    if (!self.mode.compare || !now) return;
    diffs.draw((divergence?.fork ?? 0) / perDay, charts.last());
    const changed = levers.changed().map((r) => [r.label, levers.text(r, r.default), levers.text(r, r.value)]);
    compare.draw(changed, diffs.today(Math.floor(now.step / perDay)), divergence, start, perDay, goTo);
    const sides = (k, none) => (changed.length ? changed.slice(0, 2).map((r) => `${r[0]} ${r[k]}`).join(", ") : none);
    layout.arm(1, sides(1, "As it was"), now.twin_held ?? now.held);
    layout.arm(0, sides(2, "The same so far"), now.held);
    reserve();
  }

  function goTo(e) {
    if (Number.isFinite(e.x)) {
      camera.fly(e.x, e.y, Math.max(view.scale, 18));
      notes.pick(e);
      events.pick(e);
    }
    if (e.step !== undefined && self.now && e.step <= self.now.head) send({ do: "seek", step: e.step, hold: true });
    host.wake();
  }
  function nextEvent(way) {
    if (!self.now) return;
    const e = way > 0 ? allEvents.find((q) => q.step > self.now.step) : allEvents.findLast((q) => q.step < self.now.step);
    if (e) goTo(e); else cards.notify("No event on that side.");
  }

  // ---- frames ----
  self.frame = (m, buffers) => {
    const now = self.now, consecutive = now && m.epoch === self.epoch && m.step > now.step && m.step - now.step <= perDay;
    if (m.epoch !== self.epoch) { self.epoch = m.epoch; charts.clear(); allEvents = []; marks = []; self.now = null; strikes = []; trails = []; self.divergence = null; cards.hide("over"); }
    const before = scenes.map((s) => s.units()), first = !self.now;
    m.layers.forEach(([arm, name], k) => scenes[arm].set(name, buffers[k]));
    for (const [arm, name] of m.gone) scenes[arm].set(name, undefined);
    self.now = m;
    owed = m.seq;
    if (m.days) charts.take(m.days.columns, m.days.from);
    if (m.twin) { charts.take(m.twin.columns, m.twin.from, charts.twin); self.divergence = m.twin.divergence; charts.fork(self.divergence.fork / perDay); timeline.fork(self.divergence.fork); }
    if (m.events) allEvents = [...allEvents.slice(0, m.events_from), ...m.events];
    const bombs = { at: m.step, places: scenes[0].bombs() || [] };
    strikes = consecutive ? [...strikes.filter((s) => m.step - s.at < perDay && s.at < m.step), bombs] : [bombs];
    trails = [...trails.filter((t) => t.step < m.step && m.step - t.step <= perDay), { step: m.step, units: scenes.map((s) => s.units()) }];
    glide(consecutive);
    for (const [map, arm] of self.mode.compare && m.arms > 1 ? [[mapB, 0], [mapA, 1]] : [[mapB, 0]]) {
      const after_ = scenes[arm].units(), old = consecutive ? before[arm] : null;
      const places = old && old !== after_ && self.speed <= 4 * perDay ? lossesBetween(old, after_) : [];
      Object.assign(map.extras, { step: m.step, day: m.day, trail: trails.length > 1 ? trails[0].units[arm] : null });
      map.show(scenes[arm], tween.ms ? old : null, arm === 0 ? strikes : [], places.length ? [{ at: lastFrame, places }] : [], self.playing && gap < 150);
    }
    if (self.mode.compare && m.arms > 1) {
      const gapNow = difference(scenes[1], scenes[0]);
      for (const [map, other] of [[mapB, 1], [mapA, 0]]) { map.extras.difference = gapNow; map.extras.shadow = scenes[other].front()?.line; map.touch("base"); }
    } else mapB.extras.difference = mapB.extras.shadow = null;
    if (!fitted_ || first) layout.fit();
    update(m);
    selection.refresh(!!ground.file || m.step === m.head);
    guide.frame(m);
    if (first) guide.begin(host.address.link);
    kept();
    host.wake();
  };
  // Gliding between frames is for machines that keep up.
  function glide(consecutive) {
    const time = performance.now();
    gap = clamp(0.6 * gap + 0.4 * (time - lastFrame), 30, 1000);
    lastFrame = time;
    tween = { from: time, ms: consecutive && !calm() && gap > 100 && host.keepsUp() ? Math.min(gap, 600) : 0 };
  }
  self.paint = (time) => {
    const t = tween.ms ? clamp((time - tween.from) / tween.ms, 0, 1) : 1;
    let again = false;
    for (const m of maps) {
      if (m.holder.parentElement.hidden) continue;
      m.blend(t);
      again = m.paint(time) || again;
    }
    if (owed) { send({ do: "ack", seq: owed }); owed = 0; }
    return again;
  };

  const slow = throttle(() => { charts.draw(); events.set(allEvents); timeline.events(allEvents, marks); differences(); furniture.locate(); }, 300);
  let spoken = null;
  function update(m) {
    header.update(m, charts.data.held_km2?.[0] ?? m.held, layout.size() === "phone");
    header.units(m);
    transport.pace();
    layers.counts(m.counts);
    charts.cursor(m.step / perDay);
    timeline.at(m.step, m.head);
    events.until(m.step);
    past.hidden = !!ground.file || m.step >= m.head;
    if (!past.hidden) past.replaceChildren(`Recorded, ${shortDate(dayOf(start, m.day))}. `, el("button", { type: "button", class: "pk-link", onclick: () => send({ do: "seek", step: m.head, hold: true }) }, "To the newest"));
    mapB.top.setAttribute("aria-label", `Map of the battle on ${dateText(dayOf(start, m.day))}: the attacker holds ${number(m.held)} square kilometers. Enter describes its middle.`);
    const latest = allEvents.findLast((e) => e.step <= m.step);
    if (latest) layout.now(`Now: ${latest.words}. ${becauseSentence(latest)}`);
    if (latest && latest !== spoken && !self.playing) { spoken = latest; setText(host.live, `${shortDate(dayOf(start, latest.day))}: ${latest.words}. ${becauseSentence(latest)}`); }
    notes.update(m, allEvents, events.isGreat, layout.size() === "phone");
    slow();
  }

  // ---- other words of the session ----
  self.levers = (m) => { levers.rows(m.rows); about?.moved(levers.changed().map((r) => `${r.label} ${levers.text(r, r.value)}`)); differences(); };
  self.replicates = (m) => { compare.replicates(m); diffs.replicates(m); differences(); };
  self.inspected = selection.inspected;
  self.fault = (m) => { transport.playing(false); dialogs.fault(m); };
  self.film = film.roll;
  self.state = (m) => {
    const ends = state && self.playing && !m.playing && m.shown >= m.n_steps && !ground.replay;
    state = m;
    transport.state(m);
    marks = m.marks || [];
    if (self.now) header.units(self.now);
    if (!m.twin && self.mode.compare) { setCompare(false); host.wantsCompare = m.again; } // the twin of a link comes later
    if (m.twin && host.wantsCompare) { host.wantsCompare = false; setCompare(true); }
    const { simulated, wanted } = m.ahead || {};
    making.hidden = !(wanted > simulated);
    if (!making.hidden) {
      const stop = making.querySelector("button") || el("button", { type: "button", class: "pk-link", onclick: () => send({ do: "pause" }) }, "Stop");
      making.replaceChildren(`${m.again ? "Running the battle again" : `Running to ${shortDate(dayOf(start, Math.ceil(wanted / perDay) - 1))}`}: day ${number(Math.floor(simulated / perDay))} of ${number(Math.ceil(wanted / perDay))}. `, stop);
    }
    kept();
    if (ends) dialogs.over();
    slow();
  };

  // ---- pictures ----
  function shownMaps() { return self.mode.compare && self.mode.look === "side" ? [mapA, mapB] : [mapB]; }
  function words() {
    const moved = levers.changed().map((r) => `${r.label} ${levers.text(r, r.value)}`).join(", ");
    return { name: fileName(scenario, levers.changed().map((r) => [r.key, r.value])), title: scenario.title, date: header.date.textContent, line: `Seed ${scenario.seed}, ${moved ? `moved: ${moved}` : "no lever moved"}. Modeled, not observed.`, right: `${header.held.textContent} km² occupied, ${header.heldMore.textContent}`, credit: furniture.credit };
  }
  function still() { tween.ms = 0; for (const m of maps) { m.blend(1); m.touch(); m.paint(performance.now() + 200); } }
  async function savePicture() {
    if (!self.now) { cards.notify("There is no battle yet."); return; }
    download(`${words().name}-step-${self.now.step}.png`, [await pngBytes(pictureOf(shownMaps(), words(), theme()))], "image/png");
    cards.notify("The picture is ready.");
  }

  // ---- keys ----
  const steps = (count) => (e) => send({ do: "step", count, days: e.shiftKey });
  const deaf = listenToKeys(root, host.full, {
    escape() { const open = cards.any(); if (open && open !== "fault" && open !== "lost") cards.hide(open); else if (guide.isOpen) guide.close(); else selection.drop(); notes.drop(); host.wake(); },
    plain: {
      " ": transport.toggle, ArrowRight: steps(1), ArrowLeft: steps(-1), "[": () => nextEvent(-1), "]": () => nextEvent(1), "+": () => camera.zoom(1.4), "=": () => camera.zoom(1.4), "-": () => camera.zoom(1 / 1.4), 0: camera.fit,
      u: () => layers.flip("units"), c: () => setCompare(!self.mode.compare), w: () => self.mode.compare && compare.pick("swipe"), b: blink, e: events.flip, t: host.flipTheme, g: dialogs.glossary, "?": dialogs.keys, ...selection.flip,
      Enter: (e) => { if (e.target === mapB.top) selection.pick(mapB, mapB.width / 2, mapB.height / 2); },
    },
    pan: (dx, dy) => camera.pan(dx * 60 / view.scale, dy * 60 / view.scale),
    layer(key) { const row = LAYERS.find((l) => l[3] === key); if (row) layers.flip(row[0]); return !!row; },
    lens: (yes) => lens.show(yes, mapB, strikes),
  });

  if (ground.replay) {
    for (const name of ground.missing || []) layers.boxes[name]?.closest(".pk-row, header")?.setAttribute("title", "Recorded for the last day only");
    header.pace(ground.replay);
  }
  root.classList.toggle("pk-replaying", !!ground.replay);
  root.classList.toggle("pk-saved", !!ground.file);
  if (ground.file && ground.rerun) host.wantsCompare = true; // a file of two runs opens with both
  self.redraw = () => { touchMaps(); charts.draw(); timeline.resized(); differences(); furniture.draw(); };
  self.end = () => { layout.end(); deaf(); };
  self.debug = { theme, view, scenes, mapA, mapB, charts, fly: camera.fly, goTo, over: dialogs.over, get events() { return allEvents; }, get now() { return self.now; }, get state() { return state; } };
  self.start = () => { mapB.show(scenes[0], null, [], []); layout.fit(); host.wake(); };
  return self;
}
