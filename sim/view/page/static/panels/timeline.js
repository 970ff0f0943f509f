// The time line: a chart of the run to scrub in, with marks of events and the part that is not yet simulated hatched.

const EVENT_MARK = { capture: "■", recapture: "□", pocket: "◌", belt: "⊥", counterattack: "▼", breakthrough: "▲", "deep breakthrough": "▲", arrival: "+", lever: "◆" };
// Men in a pocket; of a run recorded before they were told, 0.
const menOf = (e) => Number((/([\d,]+) men on /.exec(e.words || "")?.[1] || "0").replaceAll(",", ""));
const pocketSize = (e) => (menOf(e) ? `${number(menOf(e))} men` : `${number(e.number)} km²`);
// How much an event turns a battle, in a common measure: a settlement that changes hands by its people (1,000 count 30, 60,000 count
// 48), a pocket by its men and area, a breakthrough and a penetration by depth, a belt and a counterattack by their ground.
function weightOf(e, people) {
  if (e.kind === "capture" || e.kind === "recapture") return 10 * Math.log10(10 + (people.get(e.words.split(/ taken | back /)[0]) || 100));
  if (e.kind === "deep breakthrough") return 20 + e.number;
  if (e.kind === "pocket") return menOf(e) ? Math.min(6 + Math.sqrt(menOf(e)) + e.number / 4, 40) : Math.min(10 + e.number, 40);
  if (e.kind === "belt") return 13 + e.number;
  if (e.kind === "counterattack") return 12 + e.number;
  return e.kind === "breakthrough" ? 8 + e.number : 0;
}

// The turning points: of all events the weightiest, ten a year and five at least; of several of one kind within two weeks and
// 10 km the weightiest only. Left out: pockets of fewer than some 60 men, penetrations under 6 km.
function turningPoints(events, ground) {
  const { days } = ground.scenario, people = new Map(ground.places.map((p) => [p.name, p.people || 0])), most = Math.max(5, Math.round(10 * days / 365)), least = ground.scenario.synthetic ? 1 : 14, out = [];
  const kind = (e) => e.kind.replace("deep ", "").replace("re", "");
  const ranked = events.map((e) => [weightOf(e, people), e]).filter(([w]) => w >= least).sort((a, b) => b[0] - a[0] || a[1].step - b[1].step);
  for (const [, e] of ranked) {
    if (out.length >= most) break;
    if (!out.some((o) => kind(o) === kind(e) && Math.abs(o.day - e.day) <= 14 && Math.hypot(o.x - e.x, o.y - e.y) <= 10 && (kind(e) !== "capture" || o.words.split(" ")[0] === e.words.split(" ")[0]))) out.push(e);
  }
  return new Set(out);
}

function createTimeline(ground, charts, getTheme, send, onHover) {
  const { start, days, steps_per_day: perDay } = ground.scenario;
  const total = days * perDay, PAD = 11;
  const canvas = el("canvas", { "aria-hidden": "true" });
  const range = el("input", { type: "range", min: 0, max: total, step: 1, value: 0, "aria-label": "Time line" });
  const marks = el("div", { class: "pk-marks" });
  const root = el("div", { class: "pk-timeline" }, canvas, marks, range);
  let shown = 0, head = 0, events = [], levers = [], ghost = null, dragging = false, forkStep = -1;
  let wide = 0, high = 0; // of the box; asked for only when it may have changed
  const x = (step) => PAD + step / total * (wide - 2 * PAD);

  range.addEventListener("input", () => {
    dragging = true;
    if (Number(range.value) <= head) seek(Number(range.value));
  });
  range.addEventListener("change", () => {
    dragging = false;
    const step = Number(range.value);
    if (step > head) setTimeout(() => send({ do: "seek", step, hold: true, ahead: true }), 80); // the future runs to there, after the last seek of the drag
    range.value = shown;
  });
  const seek = throttle((step) => send({ do: "seek", step, hold: true }), 60);
  range.addEventListener("pointermove", (e) => {
    const r = root.getBoundingClientRect();
    onHover(clamp((e.clientX - r.left - PAD) / (r.width - 2 * PAD) * days, 0, days));
  });
  range.addEventListener("pointerleave", () => onHover(null));

  function draw() {
    const w = wide, h = high;
    if (!w) return;
    const c = fitted(canvas, w, h), theme = getTheme(), phone = h < 60;
    const base = phone ? h - 12 : h - 24, room = phone ? base - 4 : 30;
    c.clearRect(0, 0, w, h);
    // ground gained, bar by bar
    const gained = charts.data.gained_km2 || [], bucket = charts.bucket, bars = [];
    for (let b = 0; b * bucket < gained.length - 1; b += 1) bars.push(gained[Math.min((b + 1) * bucket, gained.length - 1)] - gained[b * bucket]);
    const most = Math.max(bucket === 7 ? 60 : 1.5, ...bars);
    c.fillStyle = theme.control;
    bars.forEach((v, b) => c.fillRect(x(b * bucket * perDay) + 0.5, base - v / most * room, Math.max(x(bucket * perDay) - x(0) - 1.5, 1), v / most * room));
    if (head < total) { // not yet simulated
      c.save();
      c.beginPath(); c.rect(x(head), base - room, x(total) - x(head), room); c.clip();
      c.strokeStyle = theme.hairline;
      c.lineWidth = 1;
      c.beginPath();
      for (let k = x(head) - room; k < x(total); k += 6) { c.moveTo(k, base); c.lineTo(k + room, base - room); }
      c.stroke();
      c.restore();
      c.strokeStyle = theme.control;
      c.beginPath(); c.moveTo(x(head), base + 0.5); c.lineTo(x(total), base + 0.5); c.stroke();
    }
    c.strokeStyle = theme.ink;
    c.lineWidth = 2.5;
    c.beginPath(); c.moveTo(x(0), base + 0.5); c.lineTo(x(head), base + 0.5); c.stroke();
    if (!phone) {
      c.font = `400 11px ${SANS}`;
      c.fillStyle = theme.secondary;
      c.textBaseline = "alphabetic";
      for (const t of dateTicks(start, days, clamp(Math.floor(w / 62), 2, 14))) {
        const at = x(t.day * perDay);
        c.strokeStyle = theme.control;
        c.lineWidth = 1;
        c.beginPath(); c.moveTo(at, base + 3); c.lineTo(at, base + 7); c.stroke();
        c.textAlign = "left";
        if (at < w - 30) c.fillText(t.text, at + 3, h - 6);
      }
      for (const m of placedMarks) {
        c.strokeStyle = theme.control;
        c.setLineDash([1, 3]);
        c.beginPath(); c.moveTo(x(m.step), 22); c.lineTo(x(m.step), base); c.stroke();
        c.setLineDash([]);
      }
    }
    if (ghost !== null) {
      c.strokeStyle = theme.tertiary;
      c.lineWidth = 1;
      c.beginPath(); c.moveTo(x(ghost * perDay), base - room); c.lineTo(x(ghost * perDay), base + 4); c.stroke();
    }
    if (forkStep >= 0) {
      c.fillStyle = theme.paper;
      c.strokeStyle = theme.ink;
      c.lineWidth = 1.5;
      c.beginPath(); c.arc(x(forkStep), base, 3.5, 0, 6.2832); c.fill(); c.stroke();
    }
    const hx = x(shown);
    c.strokeStyle = theme.ink;
    c.lineWidth = 1.6;
    c.beginPath(); c.moveTo(hx, phone ? 4 : 24); c.lineTo(hx, base); c.stroke();
    c.fillStyle = theme.paper;
    c.lineWidth = 2.4;
    c.beginPath(); c.arc(hx, base, phone ? 9 : 7.5, 0, 6.2832); c.fill(); c.stroke();
  }

  let placedMarks = [];
  function place() {
    const w = wide;
    marks.replaceChildren();
    placedMarks = [];
    if (!w || high < 60) return;
    const wanted = [...levers.map((m) => ({ ...m, kind: "lever" })), ...turningPoints(events, ground)]; // the weightiest first
    const taken = [];
    for (const e of wanted) {
      const at = x(e.step), text = shortWords(e), wide = 18 + text.length * 6.6;
      const free = (a, b) => !taken.some(([p, q]) => a < q && p < b);
      const flip = at + wide > w - 4;
      const full = flip ? [at - wide, at + 10] : [at - 8, at + wide];
      const named = placedMarks.length < 12 && full[0] > 0 && free(...full);
      const span = named ? full : [at - 8, at + 8];
      if (!named && !free(...span)) continue;
      taken.push(span);
      placedMarks.push(e);
      const button = el("button", { type: "button", class: "pk-mark", title: [`${e.words}, ${dateText(dayOf(start, Math.max(Math.ceil(e.step / perDay) - 1, 0)))}.`, becauseSentence(e)].filter(Boolean).join(" "),
        style: flip ? { right: `${w - at - 8}px`, flexDirection: "row-reverse" } : { left: `${at - 8}px` },
        onclick: () => root.dispatchEvent(new CustomEvent("pick", { detail: e })) }, el("i", {}, EVENT_MARK[e.kind] || "•"), named ? text : "");
      marks.append(button);
    }
  }

  function shortWords(e) {
    if (e.kind === "lever") return "Lever moved";
    if (e.kind === "capture") return e.words.replace(" taken by the attacker", "");
    if (e.kind === "recapture") return e.words.replace(" back with the defender", " back");
    if (e.kind === "belt") return "Belt broken";
    if (e.kind === "counterattack") return `Back ${number(e.number)} km²`;
    if (e.kind === "pocket") return `Pocket, ${pocketSize(e)}`;
    if (e.kind.endsWith("breakthrough")) return `${e.kind === "breakthrough" ? "Penetration" : "Breakthrough"} ${number(e.number)} km`;
    return e.words.slice(0, 18);
  }

  const update = throttle(() => { place(); draw(); }, 300);
  return {
    root, range, draw,
    at(step, newHead) {
      const jump = newHead !== head;
      shown = step;
      head = newHead;
      if (!dragging) range.value = step;
      range.setAttribute("aria-valuetext", dateText(dayOf(start, Math.max(Math.ceil(step / perDay) - 1, 0))));
      draw();
      if (jump) update();
    },
    events(list, leverMarks) { events = list; levers = leverMarks; update(); },
    ghost(day) { ghost = day; draw(); },
    fork(step) { forkStep = step; draw(); },
    resized() { wide = root.clientWidth; high = root.clientHeight; place(); draw(); },
  };
}
