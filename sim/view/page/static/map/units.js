// Units as glyphs: one shape a kind, one color a side, three sizes of men; grains at far zoom; rare kinds on top.

const KIND = { infantry: 0, armor: 1, fpv: 2, artillery: 3, added: 5 }; // from `added` on: of plugins
const CODE = { defends: 8, infiltrates: 16, waits: 32, tired: 64, moves: 128 }; // bits of a unit's code, above its kind
const TRAIL_KM = 2.2; // of the way of a day that is drawn behind whoever moves
const HIT_MS = 700;
const PIXELS_FROM = 10000; // visible units from which infantry is written as pixels

// Where each unit stands in an older list, or -1; both are sorted by id. Kept with the older list until another asks.
function pairs(units, older) {
  if (older.pairOf !== units) {
    const pair = new Int32Array(units.n).fill(-1);
    for (let i = 0, j = 0; i < units.n && j < older.n;) {
      if (units.id[i] === older.id[j]) { pair[i] = j; i += 1; j += 1; } else if (units.id[i] < older.id[j]) i += 1; else j += 1;
    }
    Object.assign(older, { pairOf: units, pair, tx: new Float32Array(units.n), ty: new Float32Array(units.n) });
  }
  return older.pair;
}

// Positions now: between the frame before and this one.
function between(units, previous, blend) {
  if (!previous || blend >= 1 || calm()) return units;
  const pair = pairs(units, previous), { tx, ty } = previous;
  for (let i = 0; i < units.n; i += 1) {
    const j = pair[i];
    tx[i] = j < 0 ? units.x[i] : previous.x[j] + (units.x[i] - previous.x[j]) * blend;
    ty[i] = j < 0 ? units.y[i] : previous.y[j] + (units.y[i] - previous.y[j]) * blend;
  }
  return { ...units, x: tx, y: ty };
}

function drawUnits(c, map, units, previous, blend, theme, on) {
  if (!units) { c.clearRect(0, 0, c.canvas.width, c.canvas.height); return; }
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
    const waiting = (code & CODE.waits) && !(code & CODE.moves); // who is on the way is drawn in full
    const rank = kind === KIND.infantry ? (code & CODE.infiltrates ? 5 : code & CODE.tired && !waiting ? 1 : 0) : kind === KIND.artillery ? 2 : kind === KIND.fpv ? 3 : kind >= KIND.added ? 6 : 4;
    const key = rank * 4 + side * 2 + (waiting ? 0 : 1);
    let rows = groups.get(key);
    if (!rows) groups.set(key, (rows = []));
    rows.push(i, px, py);
    visible += 1;
  }
  const grow = far ? clamp(s / 9, 0.75, 1.1) : near ? 1.7 : 0.85 + (s - FAR) / (NEAR - FAR) * 0.75;
  const asGrains = far || visible > PIXELS_FROM;
  if (asGrains) grains(c, map, groups, units, theme, far ? 1 : 1.35);
  else c.clearRect(0, 0, c.canvas.width, c.canvas.height);
  c.setTransform(ratio, 0, 0, ratio, 0, 0);
  c.lineCap = "round";
  c.lineJoin = "round";
  for (const key of [...groups.keys()].sort((a, b) => a - b)) {
    const rank = key >> 2, side = (key >> 1) & 1, color = key & 1 ? theme.side[side] : theme.pale[side], rows = groups.get(key);
    if (rank < 2) {
      if (asGrains) continue;
      infantry(c, rows, units, side, color, theme, grow, rank === 1);
      if (near && s >= 1.4 * NEAR) menLeft(c, rows, units, theme, color, grow);
    } else if (rank === 5) {
      circles(c, rows, (far ? 2.6 : 2.9) * grow + 1, theme.paper, theme.paper, 1);
      circles(c, rows, (far ? 2.6 : 2.9) * grow, theme.paper, color, far ? 1.3 : 1.7);
    } else if (rank === 2) batteries(c, rows, (far ? 1.9 : 2.9) * grow, color, theme);
    else if (rank === 3) chevrons(c, rows, (far ? 1.7 : 2.7) * grow, side, color, theme, far);
    else if (rank === 6) diamonds(c, rows, (far ? 2.6 : 3.6) * grow, color, theme);
    else hexagons(c, rows, (far ? 2.4 : 3.6) * grow, color, theme);
  }
}

// Which way groups and sections came within the last day: those that march up, attack, slip through or fall back.
function drawTrails(c, map, units, older, theme, on) {
  if (!units || !older || older === units) return;
  const pair = pairs(units, older), paths = [new Path2D(), new Path2D()];
  for (let i = 0; i < units.n; i += 1) {
    const code = units.code[i], j = pair[i];
    if (!(code & CODE.moves) || j < 0 || (code & 7) > KIND.armor || !on.sides[(code >> 3) & 1]) continue;
    const x = units.x[i], y = units.y[i], dx = older.x[j] - x, dy = older.y[j] - y, far = Math.hypot(dx, dy), k = Math.min(TRAIL_KM / far, 1);
    if (far < 0.2) continue;
    paths[(code >> 3) & 1].moveTo(map.toX(x + k * dx), map.toY(y + k * dy));
    paths[(code >> 3) & 1].lineTo(map.toX(x), map.toY(y));
  }
  c.setTransform(map.ratio, 0, 0, map.ratio, 0, 0);
  c.lineCap = "round";
  for (const side of [0, 1]) {
    for (const [color, wide, alpha] of [[theme.paper, 2.8, 0.6], [theme.side[side], 1.2, 0.9]]) {
      c.strokeStyle = color;
      c.lineWidth = wide;
      c.globalAlpha = alpha;
      c.stroke(paths[side]);
    }
  }
  c.globalAlpha = 1;
}

// Infantry at far zoom, written as pixels over all that was there: dense places stay readable because a pixel is set once.
function grains(c, map, groups, units, theme, size) {
  const { ratio, width, height } = map, W = Math.round(width * ratio), H = Math.round(height * ratio);
  if (!map.pixels || map.pixels.width !== W || map.pixels.height !== H) map.pixels = c.createImageData(W, H);
  const out = new Uint32Array(map.pixels.data.buffer);
  out.fill(0);
  for (const there of [0, 1]) { // the waiting first, then those in the line or on the move
    for (const [side, rank] of [[0, 0], [1, 0], [0, 1], [1, 1]]) {
      const rows = groups.get(rank * 4 + side * 2 + there);
      if (!rows) continue;
      const color = packed(there ? theme.side[side] : theme.pale[side]);
      for (let k = 0; k < rows.length; k += 3) {
        const d = Math.max(1, Math.round((units.men[rows[k]] > 7 ? 1.55 : 1.2) * ratio * size * (there ? 1.25 : 1)));
        const x = Math.round(rows[k + 1] * ratio), y = Math.round(rows[k + 2] * ratio);
        for (let v = Math.max(y, 0); v < Math.min(y + d, H); v += 1) for (let u = Math.max(x, 0); u < Math.min(x + d, W); u += 1) out[v * W + u] = color;
      }
    }
  }
  c.putImageData(map.pixels, 0, 0);
}

function packed(hex) {
  const v = parseInt(hex.slice(1), 16);
  return (255 << 24 | (v & 255) << 16 | (v >> 8 & 255) << 8 | v >> 16) >>> 0;
}

// Disc or square by side; the tired are hollow.
function infantry(c, rows, units, side, color, theme, grow, hollow) {
  const shape = new Path2D(), casing = new Path2D(), core = new Path2D();
  for (let k = 0; k < rows.length; k += 3) {
    const men = units.men[rows[k]], r = (men <= 4 ? 1.5 : men <= 8 ? 2.0 : 2.6) * grow, x = rows[k + 1], y = rows[k + 2];
    if (side === 0) {
      shape.moveTo(x + r, y); shape.arc(x, y, r, 0, 6.2832);
      casing.moveTo(x + r + 0.8, y); casing.arc(x, y, r + 0.8, 0, 6.2832);
      if (hollow) { core.moveTo(x + r * 0.45, y); core.arc(x, y, r * 0.45, 0, 6.2832); }
    } else {
      const q = r * 0.9;
      shape.rect(x - q, y - q, 2 * q, 2 * q);
      casing.rect(x - q - 0.7, y - q - 0.7, 2 * q + 1.4, 2 * q + 1.4);
      if (hollow) core.rect(x - q * 0.45, y - q * 0.45, q * 0.9, q * 0.9);
    }
  }
  c.fillStyle = theme.paper;
  c.globalAlpha = 0.8;
  c.fill(casing);
  c.globalAlpha = 1;
  c.fillStyle = color;
  c.fill(shape);
  c.fillStyle = theme.paper;
  c.fill(core);
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

function diamonds(c, rows, r, color, theme) {
  const path = new Path2D();
  for (let k = 0; k < rows.length; k += 3) {
    const x = rows[k + 1], y = rows[k + 2];
    path.moveTo(x - r, y); path.lineTo(x, y - r); path.lineTo(x + r, y); path.lineTo(x, y + r); path.closePath();
  }
  c.fillStyle = theme.paper;
  c.fill(path);
  c.strokeStyle = color;
  c.lineWidth = 1.6;
  c.stroke(path);
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
