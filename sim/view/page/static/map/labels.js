// Names on the map: greedy by rank over eight places around a point; what does not fit is left out.

const SPOTS = [[1, 0], [-1, 0], [1, -1], [1, 1], [-1, -1], [-1, 1], [0, -1], [0, 1]];

function labelStyle(place) {
  if (place.kind === "city" && place.people >= 40000) return { font: `600 15px ${SANS}`, size: 15, rank: 0, spaced: true };
  if (place.kind === "city") return { font: `600 12.5px ${SANS}`, size: 12.5, rank: 1 };
  if (place.kind === "town") return { font: `500 11px ${SANS}`, size: 11, rank: 2 };
  return { font: `400 10px ${SANS}`, size: 10, rank: 3, faint: true };
}

function placeLabels(c, map, scene, reserved, theme, on) {
  if (!on.names) return [];
  const { ground, view, width, height } = map, far = view.scale < FAR, synthetic = ground.scenario.synthetic;
  const taken = reserved.map((r) => ({ ...r })), out = [];
  c.font = `600 12px ${SANS}`;
  for (const note of map.extras.notes) taken.push(noteBox(c, map, note));
  const meets = (b, apart) => taken.some((t) => b.x0 - apart < t.x1 && t.x0 - apart < b.x1 && b.y0 - apart < t.y1 && t.y0 - apart < b.y1);
  const places = ground.places
    .map((p) => ({ ...p, style: labelStyle(p) }))
    .sort((a, b) => a.style.rank - b.style.rank || b.people - a.people);
  const villages = [];
  for (const p of places) {
    const x = map.toX(p.x), y = map.toY(p.y);
    if (x < 4 || y < 4 || x > width - 4 || y > height - 4) continue;
    if (far && !synthetic && p.style.rank > (view.scale < 8 ? 1 : 2)) continue;
    if (p.style.rank === 3 && !synthetic && view.scale < NEAR) {
      const apart = view.scale < 14 ? 84 : 60;
      if (villages.some(([a, b]) => Math.hypot(a - x, b - y) < apart)) continue;
    }
    const text = p.style.spaced ? p.name.toUpperCase() : p.name;
    c.font = p.style.font;
    c.letterSpacing = p.style.spaced ? "1.4px" : "0px";
    const w = c.measureText(text).width, h = p.style.size * 1.05, gap = p.style.rank < 2 ? 6 : 4.5;
    for (const [dx, dy] of SPOTS) {
      const bx = dx > 0 ? x + gap : dx < 0 ? x - gap - w : x - w / 2;
      const by = dy === 0 ? y - h / 2 : dy < 0 ? y - gap * 0.8 - h : y + gap * 0.8;
      const b = { x0: bx, y0: by, x1: bx + w, y1: by + h };
      if (b.x0 < 3 || b.y0 < 3 || b.x1 > width - 3 || b.y1 > height - 3 || meets(b, p.style.rank === 3 ? 5 : 2)) continue;
      taken.push(b, { x0: x - 3, y0: y - 3, x1: x + 3, y1: y + 3 });
      out.push({ text, x: p.x, y: p.y, dx: bx - x, dy: by + h / 2 - y, style: p.style, dot: p.style.rank < 2 ? 3.2 : 2.2, color: p.style.rank < 3 ? "ink" : "secondary" });
      if (p.style.rank === 3) villages.push([x, y]);
      break;
    }
  }
  c.letterSpacing = "0px";
  shields(c, map, meets, taken, out);
  if (on.danger) contourLabels(c, map, scene, meets, taken, out);
  rivers(c, map, meets, taken, out);
  return out;
}

// Road numbers on their roads: M30, T0515, H-32.
function shields(c, map, meets, taken, out) {
  const seen = new Set();
  for (const road of map.ground.roads) {
    const name = (road.name.match(/\b(M\d+|H-\d+|T\d{4})\b/g) || []).sort()[0];
    if (!name || seen.has(name)) continue;
    c.font = `600 10px ${SANS}`;
    const w = c.measureText(name).width + 9, p = road.points, n = p.length / 2;
    for (const share of [0.5, 0.35, 0.65, 0.22, 0.8, 0.1, 0.9]) {
      const k = Math.floor(share * (n - 1)) * 2, x = map.toX(p[k]), y = map.toY(p[k + 1]);
      const b = { x0: x - w / 2, y0: y - 8, x1: x + w / 2, y1: y + 8 };
      if (b.x0 < 4 || b.y0 < 4 || b.x1 > map.width - 4 || b.y1 > map.height - 4 || meets(b, 4)) continue;
      taken.push(b);
      out.push({ text: name, x: p[k], y: p[k + 1], dx: 0, dy: 0, shield: w });
      seen.add(name);
      break;
    }
  }
}

function contourLabels(c, map, scene, meets, taken, out) {
  if (map.view.scale < FAR) return;
  const steps = scene.threat(map.extras.threatSide) || [];
  for (const step of steps.slice(1, 4)) {
    let count = 0;
    for (const line of step.lines) {
      for (let k = 24; k < line.length && count < 5; k += 90) {
        const j = k - (k % 2), x = map.toX(line[j]), y = map.toY(line[j + 1]), b = { x0: x - 13, y0: y - 7, x1: x + 13, y1: y + 7 };
        if (x < 16 || y < 10 || x > map.width - 16 || y > map.height - 10 || meets(b, 12)) continue;
        taken.push(b);
        out.push({ text: String(step.level), x: line[j], y: line[j + 1], dx: 0, dy: 0, centered: true, font: `500 10px ${SANS}`, color: "danger" });
        count += 1;
      }
    }
  }
}

function rivers(c, map, meets, taken, out) {
  const seen = new Set();
  for (const line of map.ground.water) {
    const name = line.name.split(" (")[0];
    if (line.kind !== "river" || !name || seen.has(name)) continue;
    c.font = `italic 11.5px ${SERIF}`;
    const w = c.measureText(name).width, p = line.points;
    for (const share of [0.5, 0.3, 0.7, 0.15, 0.85]) {
      const k = Math.floor(share * (p.length / 2 - 1)) * 2, x = map.toX(p[k]), y = map.toY(p[k + 1]) - 8;
      const b = { x0: x - w / 2, y0: y - 7, x1: x + w / 2, y1: y + 7 };
      if (b.x0 < 4 || b.y0 < 4 || b.x1 > map.width - 4 || b.y1 > map.height - 4 || meets(b, 6)) continue;
      taken.push(b);
      out.push({ text: name, x: p[k], y: p[k + 1], dx: 0, dy: -8, centered: true, font: `italic 11.5px ${SERIF}`, color: "waterText" });
      seen.add(name);
      break;
    }
  }
}

function drawLabels(c, map, placed, theme) {
  c.textBaseline = "middle";
  c.lineJoin = "round";
  for (const l of placed) {
    const x = map.toX(l.x), y = map.toY(l.y);
    if (x < -150 || y < -30 || x > map.width + 150 || y > map.height + 30) continue;
    if (l.shield) {
      c.fillStyle = theme.paper;
      c.strokeStyle = theme.tertiary;
      c.lineWidth = 1;
      c.beginPath();
      c.roundRect(x - l.shield / 2, y - 7.5, l.shield, 15, 3);
      c.fill();
      c.stroke();
      c.font = `600 10px ${SANS}`;
      c.textAlign = "center";
      c.fillStyle = theme.secondary;
      c.fillText(l.text, x, y + 0.5);
      continue;
    }
    c.font = l.font || l.style.font;
    c.letterSpacing = l.style && l.style.spaced ? "1.4px" : "0px";
    c.textAlign = l.centered ? "center" : "left";
    c.strokeStyle = theme.paper;
    c.globalAlpha = 0.9;
    c.lineWidth = l.style && l.style.rank < 2 ? 3.6 : 3;
    c.strokeText(l.text, x + l.dx, y + l.dy);
    c.globalAlpha = 1;
    c.fillStyle = theme[l.color];
    c.fillText(l.text, x + l.dx, y + l.dy);
    c.letterSpacing = "0px";
    if (l.dot) {
      c.beginPath();
      c.arc(x, y, l.dot, 0, 6.2832);
      c.fillStyle = theme.paper;
      c.fill();
      c.strokeStyle = theme.ink;
      c.lineWidth = 1.2;
      c.stroke();
    }
  }
  c.textAlign = "left";
}

// Selection, hover and notes.
function drawMarks(c, map, extras, theme) {
  const square = (x, y, r, line) => {
    for (const [color, wide] of [[theme.paper, line + 2.2], [theme.ink, line]]) {
      c.strokeStyle = color;
      c.lineWidth = wide;
      c.strokeRect(x - r, y - r, 2 * r, 2 * r);
    }
  };
  if (extras.hover) square(map.toX(extras.hover.x), map.toY(extras.hover.y), 7, 1);
  if (extras.selection) {
    const x = map.toX(extras.selection.x), y = map.toY(extras.selection.y);
    if (extras.leader) {
      const [a, b] = extras.leader;
      for (const [color, wide] of [[theme.paper, 3], [theme.ink, 1]]) {
        c.strokeStyle = color;
        c.lineWidth = wide;
        c.beginPath();
        c.moveTo(a, b);
        c.lineTo(x + Math.sign(a - x) * 10, clamp(b, y - 10, y + 10));
        c.stroke();
      }
    }
    square(x, y, extras.selection.cell ? Math.max(8, map.ground.grid.cell * map.view.scale / 2) : 9, 2);
  }
  c.textBaseline = "alphabetic";
  for (const note of extras.notes) drawNote(c, map, note, theme);
}

// Where a note stands: beside its place, inside the map.
function noteBox(c, map, note) {
  c.font = `600 12px ${SANS}`;
  let wide = c.measureText(note.title).width;
  c.font = `400 11px ${SANS}`;
  wide = Math.max(wide, ...[note.text, ...(note.lines || [])].map((t) => (t ? c.measureText(t).width : 0))) + 8;
  const x = map.toX(note.x), y = map.toY(note.y), left = x + 40 + wide > map.width - 6;
  const x0 = clamp(left ? x - 36 - wide : x + 36, 4, Math.max(4, map.width - wide - 4)), high = 30 + 14 * (note.lines || []).length, top = clamp(y - 24 - high, 12, Math.max(12, map.height - high - 8));
  return { x0, y0: top - 2, x1: x0 + wide, y1: top + high, left };
}

// An event on the map: name in bold, a fact under it, a thin line to the place.
function drawNote(c, map, note, theme) {
  const x = map.toX(note.x), y = map.toY(note.y);
  if (x < 0 || y < 0 || x > map.width || y > map.height) return;
  const box = noteBox(c, map, note), ty = box.y0 + 14;
  for (const [color, wide] of [[theme.paper, 3], [theme.ink, 0.9]]) {
    c.strokeStyle = color;
    c.lineWidth = wide;
    c.beginPath(); c.moveTo(x, y); c.lineTo(box.left ? box.x1 : box.x0, ty); c.stroke();
  }
  c.textAlign = "left";
  const word = (text, font, dy, color) => {
    c.font = font;
    c.strokeStyle = theme.paper;
    c.lineWidth = 4.6;
    c.strokeText(text, box.x0 + 4, ty + dy);
    c.fillStyle = color;
    c.fillText(text, box.x0 + 4, ty + dy);
  };
  word(note.title, `600 12px ${SANS}`, 0, theme.ink);
  [note.text, ...(note.lines || [])].forEach((text, k) => { if (text) word(text, `400 11px ${SANS}`, 14 * (k + 1), theme.ink); });
}
