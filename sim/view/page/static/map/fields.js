// Fields of the map: smoothing, finer grids, and contours as closed rings.

// Gaussian smoothing with the edge left out of the mean.
function blurred(source, nx, ny, sd) {
  const r = Math.ceil(2.5 * sd), w = new Float32Array(r + 1);
  for (let d = 0; d <= r; d += 1) w[d] = Math.exp(-0.5 * (d / sd) ** 2);
  const middle = new Float32Array(nx * ny), out = new Float32Array(nx * ny);
  for (let j = 0; j < ny; j += 1) {
    for (let i = 0; i < nx; i += 1) {
      let sum = 0, weight = 0;
      for (let k = Math.max(i - r, 0); k <= Math.min(i + r, nx - 1); k += 1) {
        const q = w[Math.abs(k - i)];
        sum += q * source[j * nx + k];
        weight += q;
      }
      middle[j * nx + i] = sum / weight;
    }
  }
  for (let i = 0; i < nx; i += 1) {
    for (let j = 0; j < ny; j += 1) {
      let sum = 0, weight = 0;
      for (let k = Math.max(j - r, 0); k <= Math.min(j + r, ny - 1); k += 1) {
        const q = w[Math.abs(k - j)];
        sum += q * middle[k * nx + i];
        weight += q;
      }
      out[j * nx + i] = sum / weight;
    }
  }
  return out;
}

// A field of cell centers on nodes k to a cell, from edge to edge: (nx k + 1) by (ny k + 1), Catmull-Rom.
function finer(source, nx, ny, k) {
  const w = nx * k + 1, h = ny * k + 1;
  const rows = new Float32Array(w * ny);
  const weights = [];
  for (let i = 0; i < w; i += 1) weights.push(spline(i / k - 0.5, nx));
  for (let j = 0; j < ny; j += 1) {
    for (let i = 0; i < w; i += 1) {
      const q = weights[i], o = j * nx;
      rows[j * w + i] = q[4] * source[o + q[0]] + q[5] * source[o + q[1]] + q[6] * source[o + q[2]] + q[7] * source[o + q[3]];
    }
  }
  const data = new Float32Array(w * h);
  for (let j = 0; j < h; j += 1) {
    const q = spline(j / k - 0.5, ny);
    const a = q[0] * w, b = q[1] * w, c = q[2] * w, d = q[3] * w, o = j * w;
    for (let i = 0; i < w; i += 1) data[o + i] = q[4] * rows[a + i] + q[5] * rows[b + i] + q[6] * rows[c + i] + q[7] * rows[d + i];
  }
  return { data, w, h };
}

function spline(u, n) {
  const i = Math.floor(u), t = u - i, c = (v) => clamp(v, 0, n - 1);
  const t2 = t * t, t3 = t2 * t;
  return [c(i - 1), c(i), c(i + 1), c(i + 2),
    -0.5 * t3 + t2 - 0.5 * t, 1.5 * t3 - 2.5 * t2 + 1, -1.5 * t3 + 2 * t2 + 0.5 * t, 0.5 * t3 - 0.5 * t2];
}

// Rings around what is above a level: arrays of x, y in km, closed along the edge of the box.
// `edge` of a point is true where the ring only follows the box.
function rings(field, box, level) {
  const { data, w, h } = field;
  const W = w + 2, H = h + 2; // one node of nothing all around closes every ring
  const at = (i, j) => (i < 1 || j < 1 || i > w || j > h ? -1e9 : data[(j - 1) * w + i - 1]);
  const next = new Int32Array(2 * W * H).fill(-1); // from edge to edge; horizontal edges first
  const across = (i, j) => j * W + i, up = (i, j) => W * H + j * W + i;
  const starts = [];
  for (let j = 0; j < H - 1; j += 1) {
    let a = at(0, j) >= level, d = at(0, j + 1) >= level;
    for (let i = 0; i < W - 1; i += 1) {
      const b = at(i + 1, j) >= level, c = at(i + 1, j + 1) >= level;
      const code = (a ? 1 : 0) | (b ? 2 : 0) | (c ? 4 : 0) | (d ? 8 : 0);
      if (code !== 0 && code !== 15) {
        const S = across(i, j), N = across(i, j + 1), Wt = up(i, j), E = up(i + 1, j);
        const link = (from, to) => { next[from] = to; starts.push(from); };
        switch (code) { // inside on the left
          case 1: link(S, Wt); break;
          case 2: link(E, S); break;
          case 3: link(E, Wt); break;
          case 4: link(N, E); break;
          case 5: link(S, E); link(N, Wt); break;
          case 6: link(N, S); break;
          case 7: link(N, Wt); break;
          case 8: link(Wt, N); break;
          case 9: link(S, N); break;
          case 10: link(Wt, S); link(E, N); break;
          case 11: link(E, N); break;
          case 12: link(Wt, E); break;
          case 13: link(S, E); break;
          case 14: link(Wt, S); break;
        }
      }
      a = b;
      d = c;
    }
  }
  const kx = (box[1] - box[0]) / (w - 1), ky = (box[3] - box[2]) / (h - 1);
  const place = (edge, out) => {
    const upright = edge >= W * H, e = upright ? edge - W * H : edge;
    const i = e % W, j = (e - i) / W;
    const p = at(i, j), q = upright ? at(i, j + 1) : at(i + 1, j);
    const t = clamp((level - p) / (q - p), 0, 1);
    const x = i - 1 + (upright ? 0 : t), y = j - 1 + (upright ? t : 0);
    out.push(box[0] + clamp(x, 0, w - 1) * kx, box[2] + clamp(y, 0, h - 1) * ky);
  };
  const rings = [];
  for (const first of starts) {
    if (next[first] < 0) continue;
    const ring = [];
    let edge = first;
    while (edge >= 0 && next[edge] >= 0) {
      place(edge, ring);
      const following = next[edge];
      next[edge] = -1;
      edge = following;
    }
    if (ring.length >= 6) rings.push(ring);
  }
  return rings;
}

// Area within a ring, signed.
function areaOf(ring) {
  let sum = 0;
  for (let k = 0, n = ring.length; k < n; k += 2) sum += ring[k] * ring[(k + 3) % n] - ring[(k + 2) % n] * ring[k + 1];
  return sum / 2;
}

function onEdge(box, x, y) {
  const e = 1e-4;
  return x < box[0] + e || x > box[1] - e || y < box[2] + e || y > box[3] - e;
}

// Rings as a smooth path to fill.
function ringPath(list) {
  const path = new Path2D();
  for (const r of list) {
    const n = r.length / 2;
    path.moveTo((r[0] + r[2]) / 2, (r[1] + r[3]) / 2);
    for (let k = 1; k <= n; k += 1) {
      const a = (k % n) * 2, b = ((k + 1) % n) * 2;
      path.quadraticCurveTo(r[a], r[a + 1], (r[a] + r[b]) / 2, (r[a + 1] + r[b + 1]) / 2);
    }
    path.closePath();
  }
  return path;
}

// The lines of rings without what only follows the box: arrays of x, y; short ones are left out.
function openLines(list, box, leastKm = 0) {
  const lines = [];
  const keep = (line) => {
    let length = 0;
    for (let k = 2; k < line.length; k += 2) length += Math.hypot(line[k] - line[k - 2], line[k + 1] - line[k - 1]);
    if (line.length >= 4 && length >= leastKm) lines.push(line);
  };
  for (const r of list) {
    const n = r.length / 2;
    let first = -1;
    for (let k = 0; k < n; k += 1) if (onEdge(box, r[2 * k], r[2 * k + 1])) { first = k; break; }
    if (first < 0) {
      keep([...r, r[0], r[1]]);
      continue;
    }
    let line = [];
    for (let m = 0; m <= n; m += 1) {
      const k = ((first + m) % n) * 2, x = r[k], y = r[k + 1];
      if (onEdge(box, x, y)) {
        if (line.length > 2) { line.push(x, y); keep(line); }
        line = [x, y];
      } else line.push(x, y);
    }
  }
  return lines;
}

function linePath(lines) {
  const path = new Path2D();
  for (const p of lines) {
    path.moveTo(p[0], p[1]);
    const n = p.length;
    for (let k = 2; k < n - 2; k += 2) path.quadraticCurveTo(p[k], p[k + 1], (p[k] + p[k + 2]) / 2, (p[k + 1] + p[k + 3]) / 2);
    path.lineTo(p[n - 2], p[n - 1]);
  }
  return path;
}

// Linear between cell centers, at a point in km.
function sampleAt(data, nx, ny, cell, x0, y0, x, y) {
  const u = clamp((x - x0) / cell - 0.5, 0, nx - 1.001), v = clamp((y - y0) / cell - 0.5, 0, ny - 1.001);
  const i = Math.floor(u), j = Math.floor(v), s = u - i, t = v - j, k = j * nx + i;
  const up = j + 1 < ny ? nx : 0, right = i + 1 < nx ? 1 : 0;
  return (data[k] * (1 - s) + data[k + right] * s) * (1 - t) + (data[k + up] * (1 - s) + data[k + up + right] * s) * t;
}
