// Where everything stands: columns on a wide page, a drawer on a middle one, a sheet with tabs on a phone; two maps in a comparison.

const TABS = [["charts", "Charts"], ["events", "Events"], ["layers", "Layers"], ["levers", "Levers"], ["compare", "Compare"]];

function createLayout(ground, host, self, parts) {
  const { root } = host, { main, furniture, maps: [mapB, mapA], panels, compare, diffs } = parts;
  const armCard = (name, more) => el("div", { class: "pk-card pk-armcard" }, el("span", { class: `pk-arm ${more}` }, name), el("b"), el("span"));
  const arms = [armCard("B", "pk-arm-b"), armCard("A", "")];
  const placeA = el("div", { class: "pk-place pk-a", hidden: true }, mapA.holder, arms[1]), placeB = el("div", { class: "pk-place pk-b" }, mapB.holder, arms[0]);
  const line = el("i", { class: "pk-swipe-line", hidden: true });
  const swipe = el("input", { type: "range", class: "pk-swipe", min: 0, max: 1000, value: 500, "aria-label": "Swipe between A and B", hidden: true });
  const clip = () => { line.style.left = `${swipe.value / 10}%`; placeA.style.clipPath = self.mode.compare && self.mode.look === "swipe" ? `inset(0 ${100 - swipe.value / 10}% 0 0)` : ""; };
  swipe.addEventListener("input", clip);
  main.prepend(placeA, placeB, line, swipe, ...furniture.boxes);
  main.append(...parts.over, diffs.root);

  const left = el("aside", { class: "pk-left", "aria-label": "Layers and levers" }), right = el("aside", { class: "pk-right", "aria-label": "Charts and events" });
  const pane = el("div", { class: "pk-pane", role: "tabpanel" }), nowLine = el("p", { class: "pk-now" });
  const tabs = el("div", { class: "pk-tabs", role: "tablist" }, ...TABS.filter(([k]) => k !== "compare" || !ground.file || ground.rerun).map(([k, t]) => el("button", { type: "button", role: "tab", "data-tab": k, onclick: () => tab(k) }, ground.file && k === "levers" ? "About" : t)));
  const grip = el("button", { type: "button", class: "pk-grip", "aria-label": "Open or close the sheet", "aria-expanded": "false", onclick: () => sheet(root.dataset.sheet === "up" ? "down" : "up") });
  const body = el("div", { class: "pk-body" }, parts.header, left, main, right, el("section", { class: "pk-sheet" }, grip, nowLine, tabs, pane), el("footer", { class: "pk-foot" }, ...parts.foot));
  root.append(body);
  let size = "", arranged = false;

  function fit(again = false) {
    const w = root.clientWidth, size_ = w < 720 ? "phone" : w < 1200 ? "middle" : "wide", next = size_ === "middle" && w < 1024 ? "tabs" : size_;
    root.dataset.size = size_;
    root.toggleAttribute("data-tabs", next === "tabs"); // one column with tabs beside the map
    root.toggleAttribute("data-short", root.clientHeight < 860);
    root.toggleAttribute("data-narrow", w < 960);
    root.toggleAttribute("data-low", root.clientHeight < 620);
    if (next !== size || again || !arranged) {
      size = next;
      arranged = true;
      for (const p of Object.values(panels)) p.remove();
      const { compare: on } = self.mode, was = root.dataset.tab || "charts";
      if (size === "phone" || size === "tabs") tab(on ? "compare" : was === "compare" ? "charts" : was, true);
      else {
        left.append(self.mode.compare ? panels.compare : panels.layers, panels.levers);
        right.append(panels.charts, panels.events);
      }
    }
    fitMaps();
    parts.resized();
  }
  function fitMaps() {
    const { compare: on, look, blinkA } = self.mode;
    placeA.hidden = !on || (look === "blink" && !blinkA) || look === "only";
    placeB.hidden = on && look === "blink" && blinkA;
    main.dataset.look = on ? look : "";
    swipe.hidden = line.hidden = !(on && look === "swipe");
    diffs.root.hidden = !on;
    for (const [m, place] of [[mapA, placeA], [mapB, placeB]]) {
      if (place.hidden) continue;
      const r = place.getBoundingClientRect();
      if (r.width > 10 && r.height > 10) m.resize(Math.round(r.width), Math.round(r.height));
    }
    parts.camera.measure();
    clip();
  }
  function tab(name, quiet) {
    root.dataset.tab = name;
    for (const b of tabs.children) {
      b.setAttribute("aria-selected", String(b.dataset.tab === name));
      b.tabIndex = b.dataset.tab === name ? 0 : -1;
    }
    pane.replaceChildren(panels[name]);
    if (name === "compare" && !self.mode.compare && !quiet) parts.setCompare(true);
    if (!quiet) sheet("up");
  }
  function sheet(where) {
    root.dataset.sheet = where;
    grip.setAttribute("aria-expanded", String(where === "up"));
    requestAnimationFrame(() => fit());
  }
  tabs.addEventListener("keydown", (e) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[e.key];
    if (!step) return;
    const k = [...tabs.children].findIndex((b) => b === document.activeElement);
    tabs.children[(k + step + tabs.children.length) % tabs.children.length].focus();
    e.stopPropagation();
  });
  root.dataset.sheet = "down";
  const { tab: opened } = host.address.link || {};
  if (TABS.some(([k]) => k === opened)) root.dataset.tab = opened;
  const watch = new ResizeObserver(throttle(() => fit(), 40));
  watch.observe(root);
  return {
    fit, tab, size: () => size,
    now(text) { setText(nowLine, text); },
    arm(k, text, held) { setText(arms[k].children[1], text); setText(arms[k].children[2], `${number(held)} km² occupied`); },
    // Labels keep clear of what lies over the maps.
    reserve(nodes) {
      for (const [m, place] of [[mapB, placeB], [mapA, placeA]]) {
        if (place.hidden) continue;
        const o = place.getBoundingClientRect();
        m.reserved.length = 0;
        for (const node of [...nodes, ...arms]) {
          const r = node.getBoundingClientRect();
          if (r.width && r.right > o.left && r.left < o.right) m.reserved.push({ x0: r.left - o.left - 4, y0: r.top - o.top - 4, x1: r.right - o.left + 4, y1: r.bottom - o.top + 4 });
        }
      }
    },
    end() { watch.disconnect(); body.remove(); },
  };
}

// What lies on the map: the whole sector in small, a scale bar, zoom buttons, the credit.
function createFurniture(ground, view, map, scene, host, self, { camera, layers }) {
  const [w, e, s, n] = ground.box, SIDE = 92;
  const locator = el("canvas", { class: "pk-locator", "aria-label": "The whole sector", role: "img" });
  const bar = el("i"), half = el("span"), end = el("span"), north = el("em", { title: "North is up" }, "↑ N");
  const scale = el("div", { class: "pk-scale" }, bar, el("span", {}, "0"), half, end, north);
  const credits = ["Model, not observed. ", ...(ground.scenario.synthetic ? ["Made-up ground and places."] : ground.scenario.own_ground ? ["Ground and places: the scenario's own tables."] : ["Places © OpenStreetMap contributors (ODbL), GeoNames (CC BY 4.0)."])];
  const credit = el("p", { class: "pk-credit" }, el("b", {}, credits[0]), el("span", {}, credits[1]));
  const button = (label, picture, work, more = {}) => el("button", { type: "button", "aria-label": label, onclick: work, ...more }, icon(picture, 18));
  const zoomers = el("div", { class: "pk-zoom" }, button("Layers", "layers", layers, { class: "pk-only-phone" }), button("Closer", "plus", () => camera.zoom(1.5), { title: "Closer (+)" }),
    button("Farther", "minus", () => camera.zoom(1 / 1.5), { title: "Farther (−)" }), button("Whole sector", "whole", camera.fit, { title: "Whole sector (0)" }));
  function locate() {
    if (locator.hidden || !scene.has) return;
    const k = SIDE / Math.max(e - w, n - s), c = fitted(locator, SIDE, SIDE), theme = host.theme(), f = scene.front();
    c.fillStyle = theme.paper;
    c.fillRect(0, 0, SIDE, SIDE);
    c.save();
    c.transform(k, 0, 0, -k, -w * k, n * k);
    if (f) { c.fillStyle = theme.held; c.fill(f.fill, "evenodd"); c.strokeStyle = theme.ink; c.lineWidth = 1.2 / k; c.stroke(f.line); }
    c.restore();
    c.strokeStyle = theme.ink;
    c.lineWidth = 1.5;
    c.strokeRect((map.fromX(0) - w) * k, (n - map.fromY(0)) * k, map.width / view.scale * k, map.height / view.scale * k);
  }
  return {
    boxes: [locator, zoomers, scale, credit], credit: credits.join(""), locate,
    draw() {
      const km = scaleKm(map, 0.25), long = km * view.scale;
      bar.style.width = `${long}px`;
      setText(half, number(km / 2, km < 2 ? 1 : km === 5 ? 1 : 0));
      half.style.left = `${long / 2}px`;
      setText(end, `${number(km, km < 1 ? 1 : 0)} km`);
      end.style.left = `${long}px`;
      north.style.left = `${long + 52}px`;
      locator.hidden = view.scale * (e - w) <= map.width * 1.06 || host.size() === "phone" || self.mode.compare || host.root.hasAttribute("data-low");
      locate();
    },
  };
}

// Words on the map: the event that was picked, or what has just happened, two at most.
function createNotes(ground, maps, host) {
  const { start, steps_per_day: perDay } = ground.scenario;
  let picked = false, key = "";
  const put = (list, lit = null) => { for (const m of maps) { m.extras.notes = list; m.extras.lit = lit; m.touch("labels"); } };
  // A name and a fact or two: what an event says, short enough for a map.
  function noteOf(e) {
    const when = shortDate(dayOf(start, e.day ?? Math.max(Math.ceil(e.step / perDay) - 1, 0))), parts = (e.words || "").split(/, (?!\d{3}\b)/), where = parts.find((p) => p.startsWith("near ")) || "";
    const title = /breakthrough/.test(e.kind) ? `${e.kind === "breakthrough" ? "Penetration" : "Breakthrough"}, ${number(e.number)} km in a week` : e.kind === "pocket" ? `Pocket, ${pocketSize(e)}` : e.kind === "counterattack" ? `Counterattack, ${number(e.number)} km²` : parts[0].slice(0, 48);
    const who = e.kind === "pocket" ? parts[0].replace("Pocket of the ", "").replace(" closed", " cut off") : e.kind === "arrival" ? "reserve arrives" : "";
    return { x: e.x, y: e.y, title, text: [when, who, where].filter(Boolean).join(", "), lines: becauseParts(e) };
  }
  return {
    pick(e) { picked = true; key = ""; put([e.note ? { x: e.x, y: e.y, title: e.note[0], text: e.note[1] } : e.kind ? noteOf(e) : { x: e.x, y: e.y, title: "The first difference on the ground", text: "" }], e.because ? { x: e.at[0], y: e.at[1], figures: e.figures, loser: loserOf(e) } : null); },
    drop() { if (picked) { picked = false; put([]); } },
    update(m, events, isGreat, phone) {
      if (picked || phone) return;
      const fresh = events.filter((e) => e.step <= m.step && m.step - e.step <= 3 * perDay && (isGreat(e) || e.kind === "arrival"));
      const list = [...fresh.filter(isGreat).slice(-2), ...fresh.filter((e) => e.kind === "arrival").slice(-1)].slice(0, 2).map(noteOf).map((n) => ({ ...n, lines: n.lines.slice(0, 1) })), now = list.map((n) => n.title + n.text).join();
      if (now === key) return;
      key = now;
      put(list);
      host.wake();
    },
  };
}
