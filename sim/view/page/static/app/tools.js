// Small helpers: elements, numbers, dates, icons. Text always goes in as text, never as HTML.

function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "style") for (const [k, v] of Object.entries(value)) (k.startsWith("--") ? node.style.setProperty(k, v) : (node.style[k] = v));
    else if (value === true) node.setAttribute(name, "");
    else node.setAttribute(name, String(value));
  }
  for (const child of children.flat()) {
    if (child === null || child === undefined || child === false) continue;
    node.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
  return node;
}

function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

const ICONS = {
  play: "M6 4l11 7-11 7z",
  pause: "M6 4h3.6v14H6zM12.4 4H16v14h-3.6z",
  next: "M7 5l8 6-8 6z",
  back: "M15 5l-8 6 8 6z",
  reset: "M5 5h2v12H5zM16 5l-8 6 8 6z",
  theme: "M11 3a8 8 0 1 0 0 16 8 8 0 1 0 0-16M11 4.6a6.4 6.4 0 0 1 0 12.8z",
  close: "M5.5 4.5l12 12-1 1-12-12zM16.5 4.5l1 1-12 12-1-1z",
  plus: "M10 4h2v6h6v2h-6v6h-2v-6H4v-2h6z",
  minus: "M4 10h14v2H4z",
  whole: "M3 3h6v2H5v4H3zM13 3h6v6h-2V5h-4zM3 13h2v4h4v2H3zM17 13h2v6h-6v-2h4z",
  menu: "M4 5h14v1.8H4zM4 10.1h14v1.8H4zM4 15.2h14V17H4z",
  layers: "M11 3l9 5-9 5-9-5zM4 11.2l7 3.9 7-3.9 2 1.1-9 5-9-5z",
};

function icon(name, size = 22) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 22 22");
  svg.setAttribute("width", size);
  svg.setAttribute("height", size);
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", ICONS[name]);
  path.setAttribute("fill", "currentColor");
  path.setAttribute("fill-rule", "evenodd");
  svg.append(path);
  return svg;
}

// Numbers and dates

const FORMATS = [0, 1, 2, 3].map((digits) => new Intl.NumberFormat("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits }));

function number(value, digits = 0, signed = false) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  const text = FORMATS[digits].format(Math.abs(value));
  if (!Number(text.replaceAll(",", ""))) return text;
  return (value < 0 ? "−" : signed ? "+" : "") + text;
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const WEEKDAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MOMENTS = ["dawn", "day", "dusk", "night"];

function dayOf(start, day) {
  const date = new Date(`${start}T00:00:00Z`);
  date.setUTCDate(date.getUTCDate() + day);
  return date;
}

function dateText(date, weekday = false) {
  const text = `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]} ${date.getUTCFullYear()}`;
  return weekday ? `${WEEKDAYS[date.getUTCDay()]} ${text}` : text;
}

function shortDate(date) {
  return `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]}`;
}

// Ticks of a time axis: [{day, text}], at most about `most`.
function dateTicks(start, days, most) {
  const out = [];
  if (days <= 75) {
    const step = [1, 2, 5, 7, 14, 30].find((s) => days / s <= most) || 30;
    for (let d = 0; d <= days; d += step) out.push({ day: d, text: shortDate(dayOf(start, d)) });
    return out;
  }
  const first = dayOf(start, 0);
  const months = [];
  for (let m = 1; m < 60; m += 1) {
    const date = new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + m, 1));
    const day = Math.round((date - first) / 864e5);
    if (day > days) break;
    months.push({ day, month: date.getUTCMonth(), year: date.getUTCFullYear() });
  }
  const step = [1, 2, 3, 6, 12].find((s) => months.length / s <= most) || 12;
  for (const m of months) {
    if (m.month % step) continue;
    out.push({ day: m.day, text: m.month === 0 ? `Jan ${String(m.year).slice(2)}` : MONTHS[m.month] });
  }
  return out;
}

function niceStep(span, most) {
  const raw = span / most;
  const power = 10 ** Math.floor(Math.log10(raw || 1));
  return [1, 2, 2.5, 5, 10].map((k) => k * power).find((s) => s >= raw) || 10 * power;
}

function clamp(value, low, high) {
  return Math.min(Math.max(value, low), high);
}

// Does the work once nothing has requested it for a while.
function after(ms, work) {
  let timer = 0;
  return () => { clearTimeout(timer); timer = setTimeout(work, ms); };
}

function throttle(work, ms) {
  let last = 0, timer = 0;
  return (...args) => {
    const wait = last + ms - performance.now();
    clearTimeout(timer);
    if (wait <= 0) {
      last = performance.now();
      work(...args);
    } else {
      timer = setTimeout(() => { last = performance.now(); work(...args); }, wait);
    }
  };
}

// A canvas as large as its box in real pixels; returns its context, scaled to CSS pixels.
function fitted(canvas, width, height, ratio = Math.min(window.devicePixelRatio || 1, 2)) {
  const w = Math.max(1, Math.round(width * ratio)), h = Math.max(1, Math.round(height * ratio));
  if (canvas.width !== w || canvas.height !== h) {
    canvas.width = w;
    canvas.height = h;
    if (canvas.style) {
      canvas.style.width = `${width}px`;
      canvas.style.height = `${height}px`;
    }
  }
  const c = canvas.getContext("2d");
  c.setTransform(ratio, 0, 0, ratio, 0, 0);
  return c;
}

// A slider that a finger scrolls over keeps its value: what it does counts from a move sideways on, or from a tap that ends on it.
function calmSlider(input) {
  let held = null;
  input.addEventListener("pointerdown", (e) => { if (e.pointerType === "touch") held = { x: e.clientX, y: e.clientY, value: input.value, ours: false }; });
  input.addEventListener("pointermove", (e) => { if (held && Math.abs(e.clientX - held.x) > Math.max(6, Math.abs(e.clientY - held.y))) held.ours = true; });
  input.addEventListener("pointerup", (e) => { if (held && Math.hypot(e.clientX - held.x, e.clientY - held.y) < 6) held.ours = true; });
  input.addEventListener("pointercancel", back);
  function back() {
    if (!held || held.ours) return;
    input.value = held.value;
    input.dispatchEvent(new Event("restored"));
  }
  // While it is not clear yet what the finger wants, nobody hears of a value.
  const quiet = (e) => {
    if (!held) return;
    if (e.type === "change" && !held.ours) back();
    if (!held.ours) e.stopImmediatePropagation();
    if (e.type === "change") held = null;
  };
  input.addEventListener("input", quiet);
  input.addEventListener("change", quiet);
  return input;
}

function bytesOf(view) {
  return new Uint8Array(view.buffer ? view.buffer : view, view.byteOffset || 0, view.byteLength);
}
