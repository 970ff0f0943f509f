// A guide: steps in words beside the live map, which shows what each speaks of; before a lever moves, the reader guesses.

const MARKS = { // which units a step may point at, and what the note says
  infiltrating: ["Behind the line, holds nothing", (u, k) => !!(u.code[k] & CODE.infiltrates)],
  tired: ["60 days of strain or more", (u, k) => !!(u.code[k] & CODE.tired)],
  moving: ["On the way", (u, k) => !!(u.code[k] & CODE.moves)],
  waiting_longest: ["A group in position", (u, k) => (u.code[k] & 7) === KIND.infantry && !!(u.code[k] & CODE.defends) && !(u.code[k] & (CODE.waits | CODE.moves))],
};

// Words with [[terms]] of the glossary as buttons, and {measures} of the day as numbers.
function guideWords(text, terms, figure, explain) {
  return text.split(/(\[\[.+?\]\]|\{\w+\})/).map((part) => {
    if (part.startsWith("{")) return figure(part.slice(1, -1));
    if (!part.startsWith("[[")) return part;
    const word = part.slice(2, -2), means = terms[word.toLowerCase()];
    if (!means) return word;
    const button = el("button", { type: "button", class: "pk-term", "aria-label": `${word}: what it means`, onclick: () => explain(button, word, means) }, word);
    return button;
  });
}

function createGuide(ground, host, self, { camera, main, mapB, on, layers, levers, notes, charts, events, send, redraw, kept }) {
  const { guide } = ground, perDay = ground.scenario.steps_per_day, total = ground.scenario.days * perDay;
  const root = el("aside", { class: "pk-card pk-guide", hidden: true, "aria-label": guide ? guide.title : "Guide" });
  const offer = el("button", { type: "button", class: "pk-card pk-offer", hidden: true });
  if (!guide) return { root, offer, frame() {}, begin() {}, state: () => ({}), open() {}, isOpen: false };
  const count = el("span", { class: "pk-hint" }), scroll = el("div", { class: "pk-guide-scroll", tabindex: "0", role: "region", "aria-label": "Steps" });
  const back = el("button", { type: "button", onclick: () => go(at - 1) }, "Back"), next = el("button", { type: "button", class: "pk-first", onclick: () => (at === guide.step.length - 1 ? close() : go(at + 1)) }, "Next");
  root.append(el("header", {}, el("h2", {}, guide.title), count), scroll, el("div", { class: "pk-buttons" }, back, next, el("button", { type: "button", class: "pk-link", onclick: close }, "Skip")));
  offer.append(`New here? ${guide.title} `, el("b", {}, `${guide.step.length} steps`));
  offer.addEventListener("click", () => go(0));
  let at = -1, was = null, waiting = null, test = null, begun = false;
  const figure = (name, known) => { const v = known ? charts.value(name, Math.floor(self.now.step / perDay)) : null; return Number.isFinite(v) ? number(v, Math.abs(v) < 20 ? 1 : 0) : "…"; };
  const bodies = guide.step.map((step) => el("p"));
  const sections = guide.step.map((step, k) => el("section", { tabindex: "-1", "data-step": k }, el("h3", {}, `${k + 1}. ${step.title}`), bodies[k], step.guess ? question(step) : null));
  scroll.append(...sections);
  const fill = (k, known = false) => bodies[k].replaceChildren(...guideWords(guide.step[k].text, ground.glossary || {}, (name) => figure(name, known), (node, word, means) => host.tip.show(node, [["b", word], ["p", means]], true)));
  sections.forEach((_, k) => fill(k));

  // Scrolling goes through the steps as the buttons do: the one in the middle is the one that is shown.
  const settle = after(220, () => {
    if (root.hidden) return;
    const r = scroll.getBoundingClientRect(), middle = r.top + Math.min(r.height / 2, 90);
    const k = sections.findIndex((s) => s.getBoundingClientRect().bottom > middle);
    if (k >= 0 && k !== at) go(k, true);
  });
  scroll.addEventListener("scroll", settle, { passive: true });
  root.addEventListener("keydown", (e) => {
    const way = { PageDown: 1, PageUp: -1, n: 1, b: -1 }[e.key];
    if (way) { go(at + way); e.preventDefault(); e.stopPropagation(); }
    else if (e.key.startsWith("Arrow")) e.stopPropagation(); // they scroll here, or choose an answer
  });

  function go(k, byScroll) {
    if (k < 0 || k >= guide.step.length) return;
    if (at < 0) was = { layers: Object.fromEntries(LAYERS.map(([name]) => [name, on[name]])) };
    at = k;
    root.hidden = false;
    offer.hidden = true;
    try { localStorage.setItem("pokrovsk guide", "seen"); } catch { /* private window */ }
    setText(count, `${k + 1} of ${sections.length}`);
    back.disabled = k === 0;
    setText(next, k === sections.length - 1 ? "Done" : "Next");
    sections.forEach((s, n) => s.classList.toggle("pk-now-step", n === k));
    if (!byScroll) { scroll.scrollTop = sections[k].offsetTop - scroll.offsetTop; if (root.contains(document.activeElement)) sections[k].focus({ preventScroll: true }); }
    show(guide.step[k]);
    kept();
  }
  function show(step) {
    notes.drop();
    if (step.layers) { for (const [name] of LAYERS) { on[name] = step.layers.includes(name); layers.boxes[name].checked = on[name]; } redraw(); }
    const place = ground.places.find((p) => p.name === step.place);
    aim(place || mapB.view, step.wide_km);
    waiting = step;
    const step_ = step.day === null || step.day === undefined ? null : Math.min(step.day * perDay, total);
    if (step_ === null || self.now?.step === step_) arrived();
    else send({ do: "seek", step: step_, hold: true, ahead: true });
  }
  // The map is where the step wants it: figures, and the note or the event.
  function arrived() {
    const step = waiting;
    waiting = null;
    fill(at, true);
    if (step.mark) point(step.mark, ground.places.find((p) => p.name === step.place) || mapB.view);
    if (step.event) {
      const e = events.all.findLast((q) => q.because && q.step <= self.now.step && (step.event === "any" || q.kind === step.event));
      if (e) { aim(e, step.wide_km); notes.pick(e); }
    }
    host.wake();
  }
  // The place in the middle of what the guide leaves of the map.
  function aim(at_, wide) {
    const phone = host.size() === "phone", scale = mapB.width / wide, r = root.getBoundingClientRect();
    camera.fly(at_.x - (phone ? 0 : r.width / 2 / scale), at_.y - (phone ? r.height / 2 / scale : 0), scale);
  }
  function point(kind, near) {
    const [text, fits] = MARKS[kind], u = mapB.scene?.units();
    let best = -1, least = Infinity;
    for (let k = 0; u && k < u.n; k += 1) {
      const d = Math.hypot(u.x[k] - near.x, u.y[k] - near.y);
      if (d < least && fits(u, k)) { least = d; best = k; }
    }
    if (best >= 0) notes.pick({ x: u.x[best], y: u.y[best], note: [kind === "infiltrating" ? "Infiltrators" : "Infantry group", `${text}, ${u.men[best]} ${u.men[best] === 1 ? "man" : "men"}`] });
  }

  // A guess, then the lever, then both battles beside each other in one number.
  function question(step) {
    const { guess } = step, name = `guess ${Math.random()}`, answer = el("p", { "aria-live": "polite" }), box = el("fieldset", { class: "pk-guess" }, el("legend", {}, "Your guess"));
    const row = () => levers.find(guess.lever);
    const see = el("button", { type: "button", class: "pk-first", disabled: true, onclick: () => {
      const chosen = box.querySelector("input:checked")?.value;
      if (ground.file) { setText(answer, "In a file no lever moves: on the live page you would see it now."); return; }
      box.disabled = true;
      test = { guess, chosen, answer, until: Math.min(self.now.step + guess.days * perDay, total), moved: false };
      setText(answer, `Running ${guess.days} days of both battles.`);
      send({ do: "lever", values: { [guess.lever]: guess.value } });
      send({ do: "seek", step: test.until, hold: true, ahead: true });
    } }, "Move the lever and see");
    for (const [value, text] of [["less", guess.less], ["alike", guess.alike], ["more", guess.more]]) {
      box.append(el("label", {}, el("input", { type: "radio", name, value, onchange: () => { see.disabled = false; } }), text));
    }
    return el("div", {}, box, el("div", { class: "pk-buttons" }, see), answer, el("button", { type: "button", class: "pk-link", onclick: () => { const r = row(); if (r) send({ do: "lever", values: { [guess.lever]: r.default } }); box.disabled = false; setText(answer, ""); } }, "put the lever back"));
  }
  function judge() {
    const { guess, chosen, answer, until } = test, day = Math.floor(until / perDay), b = charts.data[guess.measure]?.[day], a = charts.twin[guess.measure]?.[day];
    if (!Number.isFinite(a) || !Number.isFinite(b)) return;
    const gap = b - a, found = Math.abs(gap) <= guess.same ? "alike" : gap < 0 ? "less" : "more", words = { less: guess.less, alike: guess.alike, more: guess.more };
    setText(answer, `${chosen === found ? "You guessed it" : `You guessed: ${words[chosen].toLowerCase()}. It came out: ${words[found].toLowerCase()}`}. ${number(gap, 1, true)} ${guess.unit} beside the battle as it was, after ${guess.days} days, in this one pair of battles.`);
    test = null;
  }

  function close() {
    root.hidden = true;
    if (was) { for (const [name, v] of Object.entries(was.layers)) { on[name] = v; layers.boxes[name].checked = v; } was = null; }
    at = -1;
    notes.drop();
    redraw();
    kept();
    main.querySelector(".pk-top")?.focus({ preventScroll: true });
  }
  return {
    root, offer, open: () => go(0), close, get isOpen() { return at >= 0; },
    frame(m) {
      if (waiting && (waiting.day === null || m.step === Math.min(waiting.day * perDay, total) || (ground.file && m.step === m.head))) arrived();
      if (test && m.step >= test.until) setTimeout(() => test && judge(), 0); // after the figures of the frame
      if (m.step > 0 && at < 0) offer.hidden = true;
    },
    // The first picture: a link opens its step, who has never seen a guide is offered it.
    begin(link) {
      if (begun) return;
      begun = true;
      const named = link?.guide === guide.name || new RegExp(`^#guide=${guide.name}(&at=(\\d+))?$`).exec(window.location.hash);
      const seen = (() => { try { return localStorage.getItem("pokrovsk guide") === "seen"; } catch { return true; } })();
      if (named) go(clamp((Number(Array.isArray(named) ? named[2] : link.at) || 1) - 1, 0, sections.length - 1));
      else if (!seen && !link && !ground.file && host.size() !== "phone") offer.hidden = false;
    },
    state: () => (at >= 0 ? { guide: guide.name, at: at + 1 } : { guide: undefined, at: undefined }),
  };
}
