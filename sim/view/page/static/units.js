// Units as glyphs: one shape a kind, one color a side, three sizes of men; grains at far zoom; rare kinds on top.

const KIND = { infantry: 0, armor: 1, fpv: 2, artillery: 3 };
const HIT_MS = 700;
const PIXELS_FROM = 10000; // visible units from which infantry is written as pixels

// Positions now: between the frame before and this one. Both lists are sorted by id.
function between(units, previous, blend) {
  if (!previous || blend >= 1 || calm()) return units;
  if (previous.pairOf !== units) {
    const pair = new Int32Array(units.n).fill(-1);
    for (let i = 0, j = 0; i < units.n && j < previous.n;) {
      if (units.id[i] === previous.id[j]) { pair[i] = j; i += 1; j += 1; } else if (units.id[i] < previous.id[j]) i += 1; else j += 1;
    }
    previous.pairOf = units;
    previous.pair = pair;
    previous.tx = new Float32Array(units.n);
    previous.ty = new Float32Array(units.n);
  }
  const { pair, tx, ty } = previous;
  for (let i = 0; i < units.n; i += 1) {
    const j = pair[i];
    tx[i] = j < 0 ? units.x[i] : previous.x[j] + (units.x[i] - previous.x[j]) * blend;
    ty[i] = j < 0 ? units.y[i] : previous.y[j] + (units.y[i] - previous.y[j]) * blend;
  }
  return { ...units, x: tx, y: ty };
}

function drawUnits(c, map, units, previous, blend, theme, on) {
  if (!units) return;
  const { view, width, height, ratio } = map, s = view.scale;
  const at = between(units, previous, blend);
  const x0 = view.x - width / 2 / s, y1 = view.y + height / 2 / s;
  const far = s < FAR, near = s >= NEAR;
  const groups = new Map(); // "rank side waiting" -> rows
  let visible = 0;
  for (let i = 0; i < units.n; i += 1) {
    const px = (at.x[i] - x0) * s, py = (y1 - at.y[i]) * s;
    if (px < -12 || py < -12 || px > width + 12 || py > height + 12) continue;
    const code = units.code[i], kind = code & 7, side = (code >> 3) & 1;
    if (!on.sides[side] || !units.men[i]) continue;
    const ring = (code >> 4) & 1, waiting = (code >> 5) & 1;
    const rank = kind === KIND.infantry ? (ring ? 1 : 0) : kind === KIND.artillery ? 2 : kind === KIND.fpv ? 3 : 4;
    const key = rank * 4 + side * 2 + (waiting ? 0 : 1);
    let rows = groups.get(key);
    if (!rows) groups.set(key, (rows = []));
    rows.push(i, px, py);
    visible += 1;
  }
  const grow = far ? clamp(s / 9, 0.75, 1.1) : near ? 1.7 : 0.85 + (s - FAR) / (NEAR - FAR) * 0.75;
  if (far || visible > PIXELS_FROM) grains(c, map, groups, units, theme, far ? 1 : 1.35);
  c.setTransform(ratio, 0, 0, ratio, 0, 0);
  c.lineCap = "round";
  c.lineJoin = "round";
  for (const key of [...groups.keys()].sort((a, b) => a - b)) {
    const rank = key >> 2, side = (key >> 1) & 1, color = key & 1 ? theme.side[side] : theme.pale[side], rows = groups.get(key);
    if (rank === 0) {
      if (far || visible > PIXELS_FROM) continue;
      infantry(c, rows, units, side, color, theme, grow);
      if (near) menLeft(c, rows, units, theme, color, grow);
    } else if (rank === 1) circles(c, rows, (far ? 1.5 : 2.1) * grow, theme.paper, color, far ? 0.9 : 1.25);
    else if (rank === 2) batteries(c, rows, (far ? 1.9 : 2.9) * grow, color, theme);
    else if (rank === 3) chevrons(c, rows, (far ? 1.7 : 2.7) * grow, side, color, theme, far);
    else hexagons(c, rows, (far ? 2.4 : 3.6) * grow, color, theme);
  }
}

// Infantry at far zoom, written as pixels: dense places stay readable because a pixel is set once.
function grains(c, map, groups, units, theme, size) {
  const { ratio, width, height } = map, W = Math.round(width * ratio), H = Math.round(height * ratio);
  const sheet = map.sheet && map.sheet.width === W && map.sheet.height === H ? map.sheet : (map.sheet = new OffscreenCanvas(W, H));
  const g = sheet.getContext("2d", { willReadFrequently: true });
  if (!map.pixels || map.pixels.width !== W || map.pixels.height !== H) map.pixels = g.createImageData(W, H);
  const out = new Uint32Array(map.pixels.data.buffer);
  out.fill(0);
  for (const waiting of [0, 1]) {
    for (const side of [0, 1]) {
      const rows = groups.get(side * 2 + waiting);
      if (!rows) continue;
      const color = packed(waiting ? theme.side[side] : theme.pale[side]);
      for (let k = 0; k < rows.length; k += 3) {
        const d = Math.max(1, Math.round((units.men[rows[k]] > 7 ? 1.55 : 1.2) * ratio * size));
        const x = Math.round(rows[k + 1] * ratio), y = Math.round(rows[k + 2] * ratio);
        for (let v = Math.max(y, 0); v < Math.min(y + d, H); v += 1) for (let u = Math.max(x, 0); u < Math.min(x + d, W); u += 1) out[v * W + u] = color;
      }
    }
  }
  g.putImageData(map.pixels, 0, 0);
  c.setTransform(1, 0, 0, 1, 0, 0);
  c.drawImage(sheet, 0, 0);
}

function packed(hex) {
  const v = parseInt(hex.slice(1), 16);
  return (255 << 24 | (v & 255) << 16 | (v >> 8 & 255) << 8 | v >> 16) >>> 0;
}

function infantry(c, rows, units, side, color, theme, grow) {
  const shape = new Path2D(), casing = new Path2D();
  for (let k = 0; k < rows.length; k += 3) {
    const men = units.men[rows[k]], r = (men <= 4 ? 1.5 : men <= 8 ? 2.0 : 2.6) * grow, x = rows[k + 1], y = rows[k + 2];
    if (side === 0) {
      shape.moveTo(x + r, y); shape.arc(x, y, r, 0, 6.2832);
      casing.moveTo(x + r + 0.8, y); casing.arc(x, y, r + 0.8, 0, 6.2832);
    } else {
      const q = r * 0.9;
      shape.rect(x - q, y - q, 2 * q, 2 * q);
      casing.rect(x - q - 0.7, y - q - 0.7, 2 * q + 1.4, 2 * q + 1.4);
    }
  }
  c.fillStyle = theme.paper;
  c.globalAlpha = 0.8;
  c.fill(casing);
  c.globalAlpha = 1;
  c.fillStyle = color;
  c.fill(shape);
}

function menLeft(c, rows, units, theme, color, grow) {
  const full = new Path2D(), left = new Path2D();
  for (let k = 0; k < rows.length; k += 3) {
    const w = 5 * grow, x = rows[k + 1] - w / 2, y = rows[k + 2] - 4.4 * grow;
    full.rect(x - 0.5, y - 0.5, w + 1, 2.6);
    left.rect(x, y, w * clamp(units.men[rows[k]] / 12, 0.08, 1), 1.6);
  }
  c.fillStyle = theme.paper;
  c.fill(full);
  c.fillStyle = color;
  c.fill(left);
}

function circles(c, rows, r, fill, color, line) {
  const path = new Path2D();
  for (let k = 0; k < rows.length; k += 3) { path.moveTo(rows[k + 1] + r, rows[k + 2]); path.arc(rows[k + 1], rows[k + 2], r, 0, 6.2832); }
  c.fillStyle = fill;
  c.fill(path);
  c.strokeStyle = color;
  c.lineWidth = line;
  c.stroke(path);
}

function batteries(c, rows, r, color, theme) {
  circles(c, rows, r, theme.paper, color, 1);
  const dots = new Path2D();
  for (let k = 0; k < rows.length; k += 3) { dots.moveTo(rows[k + 1] + r * 0.36, rows[k + 2]); dots.arc(rows[k + 1], rows[k + 2], r * 0.36, 0, 6.2832); }
  c.fillStyle = color;
  c.fill(dots);
}

function chevrons(c, rows, r, side, color, theme, far) {
  const path = new Path2D(), up = side === 0 ? -1 : 1;
  for (let k = 0; k < rows.length; k += 3) {
    const x = rows[k + 1], y = rows[k + 2];
    path.moveTo(x - r, y - up * r * 0.45);
    path.lineTo(x, y + up * r * 0.5);
    path.lineTo(x + r, y - up * r * 0.45);
  }
  if (!far) {
    c.strokeStyle = theme.paper;
    c.lineWidth = 2.6;
    c.stroke(path);
  }
  c.strokeStyle = color;
  c.lineWidth = far ? 0.9 : 1.25;
  c.stroke(path);
}

function hexagons(c, rows, r, color, theme) {
  const path = new Path2D();
  for (let k = 0; k < rows.length; k += 3) {
    const x = rows[k + 1], y = rows[k + 2], h = r * 0.52;
    path.moveTo(x - r, y); path.lineTo(x - r * 0.5, y - h); path.lineTo(x + r * 0.5, y - h);
    path.lineTo(x + r, y); path.lineTo(x + r * 0.5, y + h); path.lineTo(x - r * 0.5, y + h); path.closePath();
  }
  c.strokeStyle = theme.paper;
  c.lineWidth = 2;
  c.stroke(path);
  c.fillStyle = color;
  c.fill(path);
}

// Six-ray marks of glide bombs of the last 24 h; older ones are paler.
function drawStrikes(c, map, strikes, step, theme) {
  const { ratio } = map;
  c.setTransform(ratio, 0, 0, ratio, 0, 0);
  c.lineCap = "round";
  const r = clamp(map.view.scale * 0.32, 3, 8);
  for (const [color, line] of [[theme.paper, 2.6], [theme.ink, 1.1]]) {
    for (const { at, places } of strikes) {
      const path = new Path2D();
      for (const [x, y] of places) {
        const px = map.toX(x), py = map.toY(y);
        if (px < -9 || py < -9 || px > map.width + 9 || py > map.height + 9) continue;
        for (let q = 0; q < 6; q += 1) {
          const a = q * Math.PI / 3 + 0.26;
          path.moveTo(px + Math.cos(a) * r * 0.3, py + Math.sin(a) * r * 0.3);
          path.lineTo(px + Math.cos(a) * r, py + Math.sin(a) * r);
        }
      }
      c.globalAlpha = clamp(1 - (step - at) / 5, 0.18, 1);
      c.strokeStyle = color;
      c.lineWidth = line;
      c.stroke(path);
    }
  }
  c.globalAlpha = 1;
}

// Where units lost men between two frames: a short ring that fades.
function drawHits(c, map, hits, now, theme) {
  map.fadeHits(now);
  if (!hits.length) return;
  c.setTransform(map.ratio, 0, 0, map.ratio, 0, 0);
  for (const hit of hits) {
    const age = (now - hit.at) / HIT_MS;
    if (age >= 1) continue;
    const path = new Path2D(), r = clamp(map.view.scale / 5, 1.6, 4) * (0.7 + 0.5 * age);
    for (let k = 0; k < hit.places.length; k += 2) {
      const x = map.toX(hit.places[k]), y = map.toY(hit.places[k + 1]);
      if (x < 0 || y < 0 || x > map.width || y > map.height) continue;
      path.moveTo(x + r, y);
      path.arc(x, y, r, 0, 6.2832);
    }
    c.globalAlpha = 0.75 * (1 - age);
    c.strokeStyle = theme.ink;
    c.lineWidth = 0.9;
    c.stroke(path);
  }
  c.globalAlpha = 1;
}

// Places of units that have fewer men than in the frame before, or are gone.
function lossesBetween(before, after) {
  const places = [];
  let i = 0, j = 0;
  while (i < before.n) {
    while (j < after.n && after.id[j] < before.id[i]) j += 1;
    const same = j < after.n && after.id[j] === before.id[i];
    if ((before.code[i] & 7) === 0 && before.men[i] > (same ? after.men[j] : 0)) places.push(same ? after.x[j] : before.x[i], same ? after.y[j] : before.y[i]);
    i += 1;
  }
  return places;
}

function nearestUnit(map, units, px, py) {
  if (!units) return -1;
  let best = -1, least = 81;
  for (let i = 0; i < units.n; i += 1) {
    const dx = map.toX(units.x[i]) - px, dy = map.toY(units.y[i]) - py, d = dx * dx + dy * dy;
    const rare = (units.code[i] & 7) === 0 ? 0 : 6;
    if (d - rare < least && units.men[i]) { least = d - rare; best = i; }
  }
  return best;
}
