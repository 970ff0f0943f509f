// Small charts on one time axis: this run in full tone, the record as an ink outline, the branch without the moved lever dashed.

const LEFT = 34, RIGHT = 8;

function createCharts(ground, getTheme, onHover, onSeek) {
  const { days, start, synthetic } = ground.scenario;
  const bucket = days <= 75 ? 1 : 7;
  const per = bucket === 7 ? "a week" : "a day";
  const data = {}, twin = {};
  let twinFrom = 0, fork = -1, cursor = 0, hover = null;

  const last = () => (data.held_km2 ? data.held_km2.length - 1 : 0);
  const value = (name, day, from = data) => { const a = from[name]; return a && day >= 0 && day < a.length ? a[day] : null; };
  const rate = (name, day, width, from = data) => {
    const a = from[name];
    if (!a || day < 1 || day >= a.length) return null;
    const back = Math.max(day - width, 0);
    return a[day] === null || a[back] === null ? null : (a[day] - a[back]) / (day - back);
  };
  const city = () => ground.scenario.city && data.supply_city && data.supply_city.some((v) => v !== null);
  const price = (day, from = data) => {
    const a = from.casualties_attacker, g = from.gained_km2, back = Math.max(day - 28, 0);
    if (!a || day < 3 || day >= a.length || g[day] - g[back] < 0.5) return null;
    return (a[day] - a[back]) / (g[day] - g[back]);
  };
  const recordBuckets = () => {
    if (!ground.record) return null;
    const out = new Map();
    ground.record.day.forEach((d, k) => {
      if (k && d > 0) { const b = Math.floor((d - 1) / bucket); out.set(b, (out.get(b) || 0) + ground.record.gained[k] - ground.record.lost[k]); }
    });
    return out;
  };
  const outline = recordBuckets();
  const CAUSES = ["drone", "shell", "direct_fire", "bomb", "pocket"];
  const CAUSE_WORDS = ["drone", "shell", "direct fire", "bomb", "pocket"];

  const specs = [
    { key: "ground", title: `Ground, km² ${per}`, height: 92, draw: drawGround,
      describe: (d) => { const b = Math.floor(Math.max(d - 1, 0) / bucket), lo = b * bucket, hi = Math.min(lo + bucket, last()); return ["model ", [number((value("gained_km2", hi) ?? 0) - (value("gained_km2", lo) ?? 0), bucket === 1 ? 1 : 0, true), 0], " ", [number(-((value("lost_km2", hi) ?? 0) - (value("lost_km2", lo) ?? 0)), bucket === 1 ? 1 : 0, true), 1], outline ? "; outline: observed" : ""]; } },
    { key: "losses", title: "Casualties a day, by cause", height: 128, draw: drawLosses, legend: true,
      describe: (d) => [`attacker ${number(rate("casualties_attacker", d, 7))}, defender ${number(rate("casualties_defender", d, 7))}`] },
    { key: "infantry", title: "Infantry, thousand", height: 76, draw: drawInfantry,
      describe: (d) => { const a = value("infantry_attacker", d), b = value("infantry_defender", d); return [a && b ? `${number(a / b, 1)} : 1` : ""]; } },
    { key: "price", title: "Price, casualties per km²", height: 76, draw: drawPrice,
      describe: (d) => [`4 weeks: ${number(price(d))}${ground.prices.length ? ". Rings: claims" : ""}`] },
    { key: "days", title: "Days in place, defender", height: 76, draw: drawDays,
      describe: (d) => [`median ${number(value("days_in_place_defender", d))}, 90th ${number(value("days_in_place_p90_defender", d))}`] },
    { key: "zone", title: "Kill zone, km deep", height: 70, half: true, draw: drawZone,
      describe: (d) => [[number(value("kill_zone_km_attacker", d), 1), 0], " ", [number(value("kill_zone_km_defender", d), 1), 1]] },
    { key: "supply", title: ground.scenario.city ? `Supply, ${ground.scenario.city}` : "Supply, positions", height: 70, half: true, draw: drawSupplyChart,
      describe: (d) => [`${number(100 * (value(city() ? "supply_city" : "supply_defender", d) ?? NaN))} %`] },
  ];

  const definition = (title) => { const word = title.split(",")[0].toLowerCase(), text = (ground.glossary || {})[word]; return text && `${title.split(",")[0]}: ${text}`; };
  const root = el("div", { class: "pk-charts" });
  for (const s of specs) {
    s.canvas = el("canvas", { role: "img", "aria-label": s.title });
    s.note = el("span", { class: "pk-chart-note" });
    s.line = el("i", { class: "pk-cursor" });
    s.ghost = el("i", { class: "pk-cursor pk-ghost" });
    s.plot = el("div", { class: "pk-plot" }, s.canvas, s.line, s.ghost);
    s.box = el("section", { class: `pk-chart${s.half ? " pk-half" : ""}` },
      el("header", {}, el("h3", { title: definition(s.title) }, s.title), s.note),
      s.legend ? el("div", { class: "pk-legend" }, CAUSE_WORDS.map((w, k) => el("span", {}, el("i", { class: `pk-cause${k}` }), w))) : null, s.plot);
    const dayAt = (event) => { const r = s.canvas.getBoundingClientRect(); return clamp(Math.round((event.clientX - r.left - LEFT) / (r.width - LEFT - RIGHT) * days), 0, days); };
    s.plot.addEventListener("pointermove", (e) => onHover(dayAt(e)));
    s.plot.addEventListener("pointerleave", () => onHover(null));
    s.plot.addEventListener("click", (e) => onSeek(dayAt(e)));
    root.append(s.box);
  }

  // Numbers of an axis have the digits that its step needs.
  const digitsOf = (ticks) => { const step = ticks.length > 1 ? ticks[1] - ticks[0] : 1; return [0, 1, 2].find((d) => Math.abs(step * 10 ** d - Math.round(step * 10 ** d)) < 1e-6) ?? 2; };
  function frame(s, c, w, h, low, high, ticks, format = (v) => number(v, digitsOf(ticks))) {
    const theme = getTheme();
    const y = (v) => h - 5 - (v - low) / (high - low || 1) * (h - 12);
    const x = (d) => LEFT + d / days * (w - LEFT - RIGHT);
    c.clearRect(0, 0, w, h);
    gridLines(c, theme, ticks, y, LEFT, w - RIGHT, format);
    if (fork >= 0) {
      c.strokeStyle = theme.tertiary;
      c.setLineDash([1, 3]);
      c.beginPath(); c.moveTo(x(fork), 2); c.lineTo(x(fork), h - 4); c.stroke();
      c.setLineDash([]);
    }
    return { x, y, theme };
  }

  function lineOf(c, x, y, name, color, wide = 1.6, dash = [], from = data, offset = 0, f = (v) => v) {
    const a = from[name];
    if (!a) return;
    c.strokeStyle = color;
    c.lineWidth = wide;
    c.setLineDash(dash);
    c.lineJoin = "round";
    dayLine(c, a, x, (v) => y(f(v)), offset);
    c.setLineDash([]);
  }

  function drawGround(s, c, w, h) {
    const n = Math.ceil(last() / bucket), up = [], down = [];
    for (let b = 0; b < n; b += 1) {
      const lo = b * bucket, hi = Math.min(lo + bucket, last());
      up.push(value("gained_km2", hi) - value("gained_km2", lo));
      down.push(value("lost_km2", hi) - value("lost_km2", lo));
    }
    const most = Math.max(bucket === 7 ? 40 : 1, ...up, ...(outline ? outline.values() : [])), least = Math.min(-most * 0.18, ...down.map((v) => -v), ...(outline ? outline.values() : []));
    const ticks = ticksFor(least, most, 3);
    const { x, y, theme } = frame(s, c, w, h, least, most * 1.04, ticks, (v) => number(v, ticks[1] - ticks[0] < 1 ? 1 : 0));
    for (let b = 0; b < n; b += 1) {
      const a = x(b * bucket) + 0.5, width = Math.max(x((b + 1) * bucket) - x(b * bucket) - 1, 1);
      c.fillStyle = theme.bar[0];
      c.fillRect(a, y(up[b]), width, y(0) - y(up[b]));
      c.fillStyle = theme.bar[1];
      c.fillRect(a, y(0), width, y(-down[b]) - y(0));
    }
    if (outline) {
      c.strokeStyle = theme.ink;
      c.lineWidth = 1;
      c.beginPath();
      let open = false;
      for (let b = 0; b * bucket < days; b += 1) {
        const v = outline.get(b);
        if (v === undefined) { open = false; continue; }
        const a = x(b * bucket), z = x(Math.min((b + 1) * bucket, days));
        if (open) c.lineTo(a, y(v)); else c.moveTo(a, y(v));
        c.lineTo(z, y(v));
        open = true;
      }
      c.stroke();
    }
    c.strokeStyle = theme.ink;
    c.beginPath(); c.moveTo(LEFT, y(0)); c.lineTo(w - RIGHT, y(0)); c.stroke();
  }

  function drawLosses(s, c, w, h) {
    const n = last(), width = bucket === 7 ? 7 : 2;
    const stacks = ["attacker", "defender"].map((side) => CAUSES.map((k) => Array.from({ length: n + 1 }, (_, d) => rate(`casualties_${side}_${k}`, Math.max(d, 1), width) ?? 0)));
    const total = stacks.map((st) => Array.from({ length: n + 1 }, (_, d) => st.reduce((sum, a) => sum + a[d], 0)));
    const top = Math.max(10, ...total[0]), bottom = Math.max(4, ...total[1]);
    const ticks = ticksFor(-bottom, top, 4);
    const { x, y, theme } = frame(s, c, w, h, -bottom * 1.12, top * 1.12, ticks, (v) => number(Math.abs(v)));
    for (const side of [0, 1]) {
      const sign = side ? -1 : 1;
      let base = new Float64Array(n + 1);
      CAUSES.forEach((_, k) => {
        const upper = base.map((v, d) => v + stacks[side][k][d]);
        c.beginPath();
        for (let d = 0; d <= n; d += 1) c.lineTo(x(d), y(sign * base[d]));
        for (let d = n; d >= 0; d -= 1) c.lineTo(x(d), y(sign * upper[d]));
        c.closePath();
        c.fillStyle = theme.causes[k];
        c.fill();
        base = upper;
      });
    }
    c.strokeStyle = theme.ink;
    c.lineWidth = 1.2;
    c.beginPath(); c.moveTo(LEFT, y(0)); c.lineTo(w - RIGHT, y(0)); c.stroke();
    const empty = n < days * 0.7; // words go where nothing is drawn yet
    tag(c, "attacker", empty ? w - RIGHT - 2 : LEFT + 5, empty ? y(0) - 9 : 8, theme.side[0], theme, empty ? "right" : "left");
    tag(c, "defender", empty ? w - RIGHT - 2 : LEFT + 5, empty ? y(0) + 10 : h - 9, theme.side[1], theme, empty ? "right" : "left");
  }

  function drawInfantry(s, c, w, h) {
    const all = [...(data.infantry_attacker || [0]), ...(data.infantry_defender || [0])].filter((v) => v !== null), high = Math.max(...all, 1) * 1.15;
    const k = high > 3000 ? 1000 : 1;
    setText(s.box.querySelector("h3"), k === 1000 ? "Infantry, thousand" : "Infantry, men");
    const { x, y, theme } = frame(s, c, w, h, 0, high / k, ticksFor(0, high / k, 2), (v) => number(v, high / k < 5 && k === 1000 ? 1 : 0));
    ["attacker", "defender"].forEach((side, q) => {
      lineOf(c, x, y, `infantry_${side}`, theme.twin, 1, [3, 3], twin, twinFrom, (v) => v / k);
      lineOf(c, x, y, `infantry_${side}`, theme.side[q], 1.7, [], data, 0, (v) => v / k);
      const v = value(`infantry_${side}`, last()), late = last() > days * 0.7;
      if (v !== null) tag(c, side, late ? LEFT + 6 : x(last()) + 6, late ? y(value(`infantry_${side}`, 2) / k) + (q ? 9 : -8) : y(v / k), theme.side[q], theme);
    });
  }

  function drawPrice(s, c, w, h) {
    const n = last(), values = Array.from({ length: n + 1 }, (_, d) => price(d));
    const high = Math.max(120, ...values.filter((v) => v !== null).map((v) => Math.min(v, 600)), ...ground.prices.map((p) => p.value)) * 1.1;
    const f = (v) => Math.sqrt(Math.max(v, 0)); // square root: small prices stay readable
    const ticks = high > 300 ? [50, 200, 400] : [50, 100, 200].filter((t) => t < high);
    const { x, y, theme } = frame(s, c, w, h, 0, f(high), ticks.map(f), (v) => number(v * v));
    c.strokeStyle = theme.ink;
    c.lineWidth = 1.6;
    dayLine(c, values, x, (v) => y(f(Math.min(v, high))));
    for (const p of ground.prices) {
      c.beginPath();
      c.arc(x(p.day), y(f(p.value)), 3.2, 0, 6.2832);
      c.fillStyle = theme.paper;
      c.fill();
      c.strokeStyle = theme.ink;
      c.lineWidth = 1.4;
      c.stroke();
      const right = p.day < last() + 20 && p.day > last() - 4; // words keep off the line
      tag(c, number(p.value), x(p.day) + (right ? 6 : -6), y(f(p.value)) - (right ? 1 : 0), theme.secondary, theme, right ? "left" : "right");
    }
  }

  function drawDays(s, c, w, h) {
    const all = [...(data.days_in_place_p90_defender || []), ...(twin.days_in_place_p90_defender || [])].filter((v) => v !== null);
    const high = Math.max(20, ...all) * 1.12;
    const { x, y, theme } = frame(s, c, w, h, 0, high, ticksFor(0, high, 2));
    const a = data.days_in_place_p90_defender || [], b = data.days_in_place_defender || [];
    c.beginPath();
    for (let d = 0; d < a.length; d += 1) c.lineTo(x(d), y(a[d] ?? 0));
    for (let d = b.length - 1; d >= 0; d -= 1) c.lineTo(x(d), y(b[d] ?? 0));
    c.closePath();
    c.fillStyle = theme.band;
    c.fill();
    lineOf(c, x, y, "days_in_place_defender", theme.twin, 1, [3, 3], twin, twinFrom);
    lineOf(c, x, y, "days_in_place_defender", theme.side[1], 1.7);
    if (a.length > 3) { const late = last() > days * 0.7; tag(c, "median to 90th", late ? LEFT + 6 : x(last()) + 6, late ? 8 : y((a[last()] + b[last()]) / 2), theme.tertiary, theme); }
  }

  function drawZone(s, c, w, h) {
    const all = [...(data.kill_zone_km_attacker || []), ...(data.kill_zone_km_defender || [])].filter((v) => v !== null), high = Math.max(5, ...all) * 1.12;
    const { x, y, theme } = frame(s, c, w, h, 0, high, ticksFor(0, high, 2));
    lineOf(c, x, y, "kill_zone_km_attacker", theme.side[0]);
    lineOf(c, x, y, "kill_zone_km_defender", theme.side[1]);
  }

  function drawSupplyChart(s, c, w, h) {
    const { x, y, theme } = frame(s, c, w, h, 0, 1.05, [0, 0.5, 1], (v) => `${number(100 * v)}`);
    const name = city() ? "supply_city" : "supply_defender";
    lineOf(c, x, y, name, theme.twin, 1, [3, 3], twin, twinFrom);
    lineOf(c, x, y, name, theme.side[1]);
  }

  function axis(s, c, w, h) {
    const theme = getTheme();
    c.font = `400 10.5px ${SANS}`;
    c.fillStyle = theme.secondary;
    c.textBaseline = "alphabetic";
    const ticks = dateTicks(ground.scenario.start, days, s.half ? 2 : 5);
    for (const t of ticks) {
      const x = LEFT + t.day / days * (w - LEFT - RIGHT);
      c.textAlign = x > w - 24 ? "right" : x < LEFT + 10 ? "left" : "center";
      c.fillText(t.text, Math.min(x, w - 2), h - 2);
    }
  }

  let describedFor = ""; // the words stand for this day and theme
  function notes() {
    const day = Math.min(Math.round(hover ?? cursor), last()), theme = getTheme(), of = `${day} ${last()} ${theme.name}`;
    if (of === describedFor) return;
    describedFor = of;
    for (const s of specs) {
      s.note.replaceChildren(...s.describe(day).map((p) => (Array.isArray(p) ? el("b", { style: { color: theme.side[p[1]] } }, p[0]) : document.createTextNode(p))));
      s.canvas.setAttribute("aria-label", `${s.title}, ${dateText(dayOf(start, Math.max(day - 1, 0)))}: ${s.note.textContent}`); // what the picture says, in words
    }
  }

  function lines() {
    const at = (d) => `calc(${LEFT}px + ${d / days} * (100% - ${LEFT + RIGHT}px))`;
    for (const s of specs) {
      s.line.style.left = at(cursor);
      s.ghost.style.display = hover === null ? "none" : "block";
      if (hover !== null) s.ghost.style.left = at(hover);
    }
    notes();
  }

  function draw() {
    for (const [k, s] of specs.entries()) {
      const w = s.plot.clientWidth;
      if (!w) continue;
      const under = k === 4 || s.half ? 15 : 0;
      const full = s.legend ? s.height - 22 : s.height;
      const h = full - 20 + under;
      s.line.style.bottom = s.ghost.style.bottom = `${under + 4}px`;
      s.plot.style.height = `${h}px`;
      const c = fitted(s.canvas, w, h);
      c.clearRect(0, 0, w, h);
      s.draw(s, c, w, h - under);
      if (under) axis(s, c, w, h);
    }
    lines();
  }

  return {
    root, data, twin, draw, value, last, bucket,
    take(columns, from, into = data) {
      for (const [name, values] of Object.entries(columns)) {
        const a = (into[name] = (into[name] || []).slice(0, from));
        while (a.length < from) a.push(null);
        a.push(...values);
      }
    },
    clear() { describedFor = ""; for (const set of [data, twin]) for (const name of Object.keys(set)) delete set[name]; fork = -1; },
    fork(day) { fork = day; twinFrom = Math.max(Math.ceil(day), 0); },
    cursor(day) { cursor = day; lines(); },
    hover(day) { hover = day; lines(); },
  };
}
