// The panels around the map: layers, levers, events, cards.

// Name, words, what it shows, key.
const LAYERS = [
  ["control", "Control and front", "", "1"],
  ["grey", "Grey zone", "not held", "2"],
  ["danger", "Kill zone", "hits per km", "3"],
  ["supply", "Supply", "broken: under fire", "4"],
  ["works", "Works", "belts, strongpoints", "5"],
  ["bombs", "Glide bombs", "last 24 h", "6"],
  ["pockets", "Pockets", "cut off", "7"],
  ["start", "Front at the start", "", "8"],
  ["names", "Names", "", "9"],
  ["thin", "Thin line", `under ${THIN_MEN} men/km`, "l"],
];
const UNIT_ROWS = ["Infantry group", "Infiltrators", "FPV team", "Artillery battery", "Armor section", "Tired, of infantry", "On the move"];

function svg(view, ...shapes) {
  const ns = "http://www.w3.org/2000/svg", root = document.createElementNS(ns, "svg");
  root.setAttribute("viewBox", view);
  root.setAttribute("aria-hidden", "true");
  for (const [tag, attributes] of shapes) {
    const node = document.createElementNS(ns, tag);
    for (const [k, v] of Object.entries(attributes)) node.setAttribute(k, v);
    root.append(node);
  }
  return root;
}

// The legend is the layer list: a small drawing of what the switch turns on.
function swatch(name) {
  const line = (d, more = {}) => ["path", { d, fill: "none", stroke: "var(--ink)", "stroke-width": 1.6, "stroke-linecap": "round", ...more }];
  const drawings = {
    control: [["rect", { x: 0, y: 2, width: 20, height: 12, fill: "var(--held)" }], line("M20 1c3 3-3 4 0 7s-2 4 1 7", { "stroke-width": 2 })],
    grey: [["rect", { x: 0, y: 2, width: 36, height: 12, fill: "url(#pk-hatch)" }], ...[0, 6, 12, 18, 24, 30].map((k) => line(`M${k} 14l8-12`, { "stroke-width": 0.8, stroke: "var(--tertiary)" }))],
    danger: [["rect", { x: 0, y: 2, width: 36, height: 12, fill: "var(--danger)", opacity: 0.16 }], line("M0 9c6-5 10 5 18 0s12-3 18-1", { stroke: "var(--danger)" })],
    supply: [["path", { d: "M0 4h14l22 3v2l-22 3H0z", fill: "var(--ribbon-d)" }], line("M21 3v10M26 3v10M31 3v10", { stroke: "var(--paper)", "stroke-width": 2.2 })],
    works: [line("M0 11h36", { "stroke-width": 1.3 }), ...[3, 9, 15, 27, 33].map((k) => line(`M${k} 11v-3.4`, { "stroke-width": 1.2 })), ["path", { d: "M17 11l4-7 4 7z", fill: "var(--ink)" }]],
    bombs: [0, 12, 24].flatMap((k, q) => [0, 60, 120].map((a) => line("M6 4v8", { transform: `translate(${k} 0) rotate(${a} 6 8)`, "stroke-width": 1.2, opacity: 1 - q * 0.32 }))),
    pockets: [["rect", { x: 3, y: 3, width: 30, height: 10, rx: 5, fill: "var(--held)", stroke: "var(--attacker)", "stroke-width": 1.5, "stroke-dasharray": "4 2.6" }]],
    start: [line("M1 8h34", { "stroke-dasharray": "0.1 4" })],
    thin: [line("M0 8h9M27 8h9", { "stroke-width": 2, "stroke-linecap": "butt" }), line("M9 5.5h18M9 10.5h18", { stroke: "var(--defender)", "stroke-linecap": "butt" })],
    names: [["circle", { cx: 5, cy: 8, r: 2.6, fill: "var(--paper)", stroke: "var(--ink)", "stroke-width": 1.2 }], line("M11 8h20", { stroke: "var(--secondary)", "stroke-width": 3 })],
  };
  return svg("0 0 36 16", ...drawings[name]);
}

function glyph(kind, side) {
  const color = side ? "var(--defender)" : "var(--attacker)", paper = "var(--paper)";
  const shapes = [
    [side ? ["rect", { x: 3.5, y: 3.5, width: 7, height: 7, fill: color }] : ["circle", { cx: 7, cy: 7, r: 3.9, fill: color }]],
    [["circle", { cx: 7, cy: 7, r: 3.6, fill: paper, stroke: color, "stroke-width": 1.7 }]],
    [["path", { d: side ? "M2.5 5l4.5 4.5L11.5 5" : "M2.5 9.5L7 5l4.5 4.5", fill: "none", stroke: color, "stroke-width": 1.8 }]],
    [["circle", { cx: 7, cy: 7, r: 4.4, fill: paper, stroke: color, "stroke-width": 1.3 }], ["circle", { cx: 7, cy: 7, r: 1.6, fill: color }]],
    [["path", { d: "M1 7l3-3.2h6L13 7l-3 3.2H4z", fill: color }]],
    [side ? ["rect", { x: 3.5, y: 3.5, width: 7, height: 7, fill: color }] : ["circle", { cx: 7, cy: 7, r: 3.9, fill: color }], ["circle", { cx: 7, cy: 7, r: 1.8, fill: paper }]],
    [["path", { d: side ? "M1 7h8" : "M13 7H5", stroke: color, "stroke-width": 1.4 }], side ? ["rect", { x: 8, y: 4.4, width: 5, height: 5, fill: color }] : ["circle", { cx: 4, cy: 7, r: 3, fill: color }]],
    [["path", { d: "M2.8 7L7 2.8 11.2 7 7 11.2z", fill: paper, stroke: color, "stroke-width": 1.6 }]], // of plugins
  ];
  return svg("0 0 14 14", ...shapes[kind]);
}

function toggle(label, on, change, key) {
  const box = el("input", { type: "checkbox", role: "switch", "aria-label": label, "aria-keyshortcuts": key });
  box.checked = on;
  box.addEventListener("change", () => change(box.checked));
  return box;
}

function createLayersPanel(on, glossary, changed, danger, added = { layers: [], kinds: [] }) {
  const boxes = {}, counts = [];
  const rows = LAYERS.map(([name, label, more, key]) => {
    boxes[name] = toggle(label, on[name], (v) => { on[name] = v; changed(name); }, key.toUpperCase());
    const word = glossary[label.toLowerCase()] || glossary[label.toLowerCase().replace(/s$/, "")];
    return el("label", { class: "pk-row", title: `Key ${key.toUpperCase()}${word ? `. ${label}: ${word}` : ""}` }, el("span", { class: "pk-swatch" }, swatch(name)),
      el("span", { class: "pk-words" }, label, more ? el("small", {}, `, ${more}`) : null), boxes[name]);
  });
  const steps = el("div", { class: "pk-steps" }, ...DANGER_STEPS.map((s, k) => el("span", { style: { "--n": k + 1 } }, String(s))));
  const whose = el("select", { "aria-label": "Kill zone for whom", title: "For whom: whoever holds the ground, or one side moving anywhere" }, ...[["2", "own ground"], ["0", "attacker"], ["1", "defender"]].map(([v, t]) => el("option", { value: v }, t)));
  whose.addEventListener("change", () => danger(Number(whose.value)));
  const box = el("section", { class: "pk-layers", "aria-label": "Layers" },
    el("header", {}, el("h2", {}, "Layers"), el("span", { class: "pk-hint" }, "keys ", el("kbd", {}, "1"), " to ", el("kbd", {}, "9"))),
    ...rows.slice(0, 3), el("div", { class: "pk-danger-key" }, steps, whose), ...rows.slice(3),
    ...added.layers.map(({ name, title, color, doc }) => { // of plugins
      boxes[name] = toggle(title, on[name], (v) => { on[name] = v; changed(name); });
      return el("label", { class: "pk-row", title: doc || title }, el("span", { class: "pk-swatch" }, svg("0 0 36 16", ["rect", { x: 0, y: 2, width: 36, height: 12, fill: color, opacity: 0.6 }])),
        el("span", { class: "pk-words" }, title), boxes[name]);
    }));
  boxes.units = toggle("Units", on.units, (v) => { on.units = v; changed("units"); }, "U");
  const sides = [0, 1].map((s) => {
    const b = el("button", { type: "button", class: `pk-side pk-side${s}`, "aria-pressed": "true", title: "Show or hide this side" }, s ? "defender" : "attacker");
    b.addEventListener("click", () => { on.sides[s] = !on.sides[s]; b.setAttribute("aria-pressed", String(on.sides[s])); changed("units"); });
    return b;
  });
  const table = el("div", { class: "pk-counts" }, ...[...UNIT_ROWS, ...added.kinds.map((k) => k[0].toUpperCase() + k.slice(1))].flatMap((name, k) => {
    const cells = [0, 1].map((s) => { const n = el("b", {}, "–"); (counts[s] = counts[s] || [])[k] = n; return el("span", {}, glyph(Math.min(k, UNIT_ROWS.length), s), n); });
    return [el("span", {}, name), ...cells];
  }));
  box.append(el("div", { class: "pk-units" }, el("header", {}, el("h2", {}, "Units"), ...sides, boxes.units), table));
  return {
    root: box, boxes,
    counts(c) { c.forEach((row, s) => row.forEach((v, k) => setText(counts[s][k], typeof v === "number" ? number(v) : String(v)))); },
    flip(name) { boxes[name].checked = !boxes[name].checked; on[name] = boxes[name].checked; changed(name); },
    steps,
  };
}

function leverText(row, v) {
  if (row.switch) return v ? "on" : "off";
  const span = (row.high ?? 1) - (row.low ?? 0), digits = row.whole ? 0 : span >= 50 ? 0 : span >= 5 ? 1 : span >= 1 ? 2 : 3;
  const text = number(Number(v), Number.isInteger(Number(v)) && digits < 2 ? 0 : digits).replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "");
  return row.unit === "×" ? `× ${text}` : row.unit ? `${text} ${row.unit}` : text;
}

function createLeversPanel(send, tip) {
  const list = el("div", { class: "pk-lever-list" });
  const more = el("button", { type: "button", class: "pk-link" }, "all levers");
  const reset = el("button", { type: "button", class: "pk-link", onclick: () => send({ do: "lever", reset: true }) }, "reset all");
  const find = el("input", { type: "search", placeholder: "Find a parameter", "aria-label": "Find a parameter", class: "pk-find" });
  const note = el("p", { class: "pk-hint" }, "Grey band: published range. Tick: default. Moving a lever forks the run here; the old course stays as a dashed line.");
  const root = el("section", { class: "pk-levers", "aria-label": "Levers" }, el("header", {}, el("h2", {}, "Levers"), more, reset), find, list, note);
  let rows = [], all = false;
  find.hidden = true;
  more.addEventListener("click", () => { all = !all; setText(more, all ? "first levers" : "all levers"); find.hidden = !all; root.classList.toggle("pk-all", all); draw(); if (all) find.focus(); });
  find.addEventListener("input", draw);

  function draw() {
    const words = find.value.trim().toLowerCase();
    const shown = rows.filter((r) => (all ? !words || `${r.label} ${r.system} ${r.key} ${r.doc}`.toLowerCase().includes(words) : r.first || r.value !== r.default));
    const parts = [];
    let under = "";
    for (const r of shown) {
      const heading = !all ? "" : r.first ? "First levers" : `${r.system}${r.role === "lever" ? "" : ", uncertain"}`;
      if (heading !== under) parts.push(el("h3", {}, heading));
      under = heading;
      parts.push(one(r));
    }
    list.replaceChildren(...parts);
    reset.hidden = !rows.some((r) => r.value !== r.default);
  }

  function one(r) {
    const moved = r.value !== r.default;
    const out = el("output", {}, leverText(r, r.value));
    const name = el("span", { class: "pk-lever-name" }, r.label, r.from_start ? el("small", {}, ", from day 1") : null);
    let input, track;
    if (r.switch) {
      input = toggle(r.label, r.value, (v) => send({ do: "lever", values: { [r.key]: v } }));
      track = null;
    } else {
      const low = r.low ?? 0, high = r.high ?? Math.max(2 * r.default, 1), at = (v) => `${clamp((v - low) / (high - low), 0, 1) * 100}%`;
      input = calmSlider(el("input", { type: "range", min: low, max: high, step: r.step, "aria-label": r.label, "aria-valuetext": leverText(r, r.value) }));
      input.value = r.value;
      const fill = el("i", { class: "pk-moved" });
      const span = (v) => { const a = clamp((Math.min(v, r.default) - low) / (high - low), 0, 1), b = clamp((Math.max(v, r.default) - low) / (high - low), 0, 1); fill.style.left = `${a * 100}%`; fill.style.width = `${(b - a) * 100}%`; };
      span(r.value);
      const follow = () => { setText(out, leverText(r, Number(input.value))); input.setAttribute("aria-valuetext", leverText(r, Number(input.value))); span(Number(input.value)); };
      input.addEventListener("input", follow);
      input.addEventListener("restored", follow);
      input.addEventListener("change", () => send({ do: "lever", values: { [r.key]: Number(input.value) } }));
      track = el("div", { class: "pk-track" },
        r.band ? el("i", { class: "pk-band", style: { left: at(r.band[0]), width: `calc(${at(r.band[1])} - ${at(r.band[0])})` } }) : null,
        el("i", { class: "pk-tick", style: { left: at(r.default) } }), fill, input);
    }
    const back = moved ? el("button", { type: "button", class: "pk-undo", title: "Back to the default", "aria-label": `${r.label}: back to the default`, onclick: () => send({ do: "lever", values: { [r.key]: r.default } }) }, "↺") : null;
    const box = el("div", { class: `pk-lever${moved ? " pk-is-moved" : ""}${r.switch ? " pk-switch" : ""}`, "data-key": r.key },
      el("div", { class: "pk-lever-head" }, name, back, r.switch ? input : out), track);
    const say = (at_once) => tip.show(box, [["b", r.label], ["p", `${r.doc} ${r.effect}${r.from_start ? " Moved later, both courses run again from the first day." : ""}`.trim()], ["small", `${r.switch ? "" : `${leverText(r, r.low ?? 0)} to ${leverText(r, r.high ?? 0)}. `}Default ${leverText(r, r.default)}. ${r.source}`], ["small", r.key]], at_once);
    const byMouse = (work) => (e) => { if (e.pointerType !== "touch") work(); };
    box.addEventListener("pointerenter", byMouse(() => say(false)));
    box.addEventListener("pointerleave", byMouse(tip.hide));
    box.addEventListener("focusin", (e) => { if (e.target.matches(":focus-visible")) say(false); });
    box.addEventListener("focusout", tip.hide);
    name.addEventListener("click", () => say(true)); // a tap on the name explains
    return box;
  }
  return {
    root,
    rows(list_) { rows = list_; const busy = root.contains(document.activeElement) && document.activeElement.type === "range" ? document.activeElement.closest("[data-key]")?.dataset.key : null; draw(); if (busy) root.querySelector(`[data-key="${CSS.escape(busy)}"] input`)?.focus(); },
    changed: () => rows.filter((r) => r.value !== r.default),
    find: (key) => rows.find((r) => r.key === key),
    count: () => rows.length,
    text: leverText,
  };
}

// A tooltip that stands beside what it speaks of, inside the page.
function createTip(root) {
  const box = el("div", { class: "pk-tip", role: "tooltip", hidden: true });
  root.append(box);
  let timer = 0;
  const hide = () => { clearTimeout(timer); box.hidden = true; };
  root.addEventListener("pointerdown", (e) => { if (e.pointerType === "touch") hide(); });
  root.addEventListener("scroll", hide, { capture: true, passive: true });
  return {
    show(beside, parts, atOnce = false) {
      clearTimeout(timer);
      timer = setTimeout(() => {
        box.replaceChildren(...parts.filter(([, t]) => t).map(([tag, t]) => el(tag, {}, t)));
        box.hidden = false;
        const page = root.getBoundingClientRect(), r = beside.getBoundingClientRect(), w = 204;
        const right = r.right - page.left + 12;
        box.style.left = `${right + w < page.width ? right : Math.max(8, r.left - page.left)}px`;
        const under = right + w < page.width ? r.top - page.top - 8 : r.bottom - page.top + 4;
        box.style.top = `${clamp(under, 8, Math.max(8, page.height - box.offsetHeight - 8))}px`;
      }, atOnce ? 0 : 260);
    },
    hide,
  };
}

function createEvents(ground, onPick) {
  const { start } = ground.scenario;
  const list = el("ol"), all = el("button", { type: "button", class: "pk-link", "aria-expanded": "false" }, "all events");
  const root = el("section", { class: "pk-events", "aria-label": "What happened" }, el("header", {}, el("h2", {}, "What happened"), el("span", {}, all, " ", el("kbd", {}, "E"))), list);
  let events = [], great = new Set(), until = Infinity, open = false, few = 4, picked = null;
  all.addEventListener("click", () => flip());
  function flip() { open = !open; all.setAttribute("aria-expanded", String(open)); root.classList.toggle("pk-open", open); draw(); }
  function draw() {
    const past = events.filter((e) => e.step <= until);
    setText(all, open ? "newest only" : past.length === 1 ? "one event" : `all ${number(past.length)} events`);
    const shown = open ? past.slice(-400).reverse() : pick(past);
    if (!shown.length) { list.replaceChildren(el("li", { class: "pk-none" }, "Nothing has happened yet. Press Play, or Step.")); return; }
    list.replaceChildren(...shown.map((e) => el("li", {}, el("button", { type: "button", "aria-current": String(e === picked), title: becauseSentence(e), onclick: () => onPick(e) },
      el("i", {}, EVENT_MARK[e.kind] || "•"), el("time", {}, `${shortDate(dayOf(start, e.day))}`), el("span", {}, e.words,
        e.because && (open || great.has(e) || e === picked) ? el("small", {}, becauseSentence(e)) : null)))));
  }
  // The newest turning points; others fill the room that is left
  function pick(past) {
    const now = past.length ? past.at(-1).day : 0, recent = past.filter((e) => now - e.day <= 45);
    const turns = recent.filter((e) => great.has(e)).slice(-few);
    const small = turns.length < few ? past.filter((e) => !turns.includes(e)).slice(turns.length - few) : [];
    return [...turns, ...small].sort((a, b) => b.step - a.step);
  }
  return { root, flip, set(list_) { events = list_; great = turningPoints(events, ground); draw(); }, isGreat: (e) => great.has(e), pick(e) { picked = e; draw(); }, until(step) { until = step; draw(); }, get all() { return events; }, few(n) { few = n; draw(); } };
}

// A dialog in words: keys, errors, tables.
function createCards(root) {
  const layer = el("div", { class: "pk-cards", "aria-live": "assertive" });
  root.append(layer);
  const toast = el("div", { class: "pk-toast", role: "status", hidden: true });
  root.append(toast);
  let timer = 0;
  return {
    show(name, title, parts, buttons, more = "") {
      this.hide(name);
      const card = el("div", { class: `pk-card pk-dialog ${more}`, role: "dialog", "aria-label": title, "data-card": name },
        el("h2", {}, title), ...parts, buttons.length ? el("div", { class: "pk-buttons" }, ...buttons.map(([text, work, first]) => el("button", { type: "button", class: first ? "pk-first" : "", onclick: work }, text))) : null);
      layer.append(card);
      card.querySelector("button")?.focus({ preventScroll: true });
      return card;
    },
    hide(name) { layer.querySelector(`[data-card="${name}"]`)?.remove(); },
    has: (name) => !!layer.querySelector(`[data-card="${name}"]`),
    any: () => layer.lastElementChild?.dataset.card,
    notify(text, ms = 5000) { toast.textContent = text; toast.hidden = false; clearTimeout(timer); timer = setTimeout(() => { toast.hidden = true; }, ms); },
  };
}
