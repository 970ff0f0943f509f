// One arm as the browser has it: raw layers as they came, and what is drawn from them, worked out once when asked for.

const POCKET_KM2 = 6; // smaller ones are lone groups, not pockets to be outlined
const THIN_MEN = 25; // of the defender's infantry to a km of front: below that the line is thin
const THIN_KM = 1.2; // how far from the line men still count, as the sd of a bell
const ROAD_DANGER = 0.25; // expected hits per km from which a road counts as under fire

function createScene(ground) {
  const raw = {};
  const cache = new Map(); // name -> {from: [layers], value}
  const { grid, blocks, box } = ground;
  const k = clamp(Math.round(3 * grid.cell), 2, 6); // nodes to a cell of a contoured field
  const cells = grid.nx * grid.ny;

  // A value made from layers, kept until one of them changes.
  function from(name, layers, make) {
    const now = layers.map((l) => raw[l]);
    const old = cache.get(name);
    if (old && old.from.every((v, n) => v === now[n])) return old.value;
    if (now.some((v) => v === undefined)) return null;
    const value = make(...now);
    cache.set(name, { from: now, value });
    return value;
  }

  const scaled = (bytes, by, start = 0, count = bytes.length) => {
    const out = new Float32Array(count);
    for (let n = 0; n < count; n += 1) out[n] = bytes[start + n] * by;
    return out;
  };
  const smooth = () => from("smooth", ["control"], (c) => blurred(scaled(c, 1 / 250), grid.nx, grid.ny, Math.max(0.6 / grid.cell, 0.5)));
  const fineSmooth = () => from("fine", ["control"], () => finer(smooth(), grid.nx, grid.ny, k));

  const front = () => from("front", ["control"], () => {
    const list = rings(fineSmooth(), box, 0.5);
    const lines = openLines(list, box, 2.5);
    return { fill: ringPath(list), lines, line: linePath(lines) };
  });

  // Expected hits per km by block for a side on the move, or (2) for whoever holds the ground.
  const threatField = (side) => from(`threat field ${side}`, ["threat", "control"], (t) => {
    const n = blocks.nx * blocks.ny;
    const own = [scaled(t, 0.01, 0, n), scaled(t, 0.01, n, n)];
    let field = own[side] || new Float32Array(n);
    if (side === 2) { // whoever moves on own ground
      const held = smooth();
      for (let j = 0; j < blocks.ny; j += 1) {
        for (let i = 0; i < blocks.nx; i += 1) {
          const x = box[0] + (i + 0.5) * blocks.cell, y = box[2] + (j + 0.5) * blocks.cell;
          const h = sampleAt(held, grid.nx, grid.ny, grid.cell, box[0], box[2], x, y), b = j * blocks.nx + i;
          field[b] = h * own[0][b] + (1 - h) * own[1][b];
        }
      }
    }
    return blurred(field, blocks.nx, blocks.ny, 0.7);
  });
  const threat = (side) => from(`threat${side}`, ["threat", "control"], () => {
    const fine = finer(threatField(side), blocks.nx, blocks.ny, 4);
    const real = [box[0], box[0] + blocks.nx * blocks.cell, box[2], box[2] + blocks.ny * blocks.cell];
    return DANGER_STEPS.map((level) => {
      const list = rings(fine, real, level);
      return { level, fill: ringPath(list), lines: openLines(list, real, 8) };
    });
  });

  const zone = (name, mask, level, sd, least = 0) => from(name, ["flags"], (f) => {
    const field = new Float32Array(cells);
    let any = false;
    for (let n = 0; n < cells; n += 1) if (f[n] & mask) { field[n] = 1; any = true; }
    if (!any) return null;
    const list = rings(finer(blurred(field, grid.nx, grid.ny, sd / grid.cell), grid.nx, grid.ny, k), box, level).filter((r) => Math.abs(areaOf(r)) >= least);
    return { fill: ringPath(list), lines: openLines(list, box, 0), list };
  });

  const units = () => from("units", ["units"], (bytes) => {
    const n = Math.floor(bytes.length / 11);
    const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
    const id = new Uint32Array(buffer, 0, n), px = new Uint16Array(buffer, 4 * n, n), py = new Uint16Array(buffer, 6 * n, n);
    const x = new Float32Array(n), y = new Float32Array(n);
    const kx = (box[1] - box[0]) / 65535, ky = (box[3] - box[2]) / 65535;
    for (let i = 0; i < n; i += 1) { x[i] = box[0] + px[i] * kx; y[i] = box[2] + py[i] * ky; }
    return { n, id, x, y, men: new Uint8Array(buffer, 8 * n, n), code: new Uint8Array(buffer, 9 * n, n), supply: new Uint8Array(buffer, 10 * n, n) };
  });

  // The defender's infantry in the line, men by square km, and from it the thin stretches of the front.
  const thin = () => from("thin", ["units", "control"], () => {
    const u = units(), nx = Math.ceil(box[1] - box[0]), ny = Math.ceil(box[3] - box[2]), men = new Float32Array(nx * ny), path = new Path2D();
    if (!u.n) return path; // ground of which no units were recorded
    for (let i = 0; i < u.n; i += 1) {
      if ((u.code[i] & 7) !== KIND.infantry || !(u.code[i] & CODE.defends) || u.code[i] & CODE.waits) continue;
      men[clamp(Math.floor(u.y[i] - box[2]), 0, ny - 1) * nx + clamp(Math.floor(u.x[i] - box[0]), 0, nx - 1)] += u.men[i];
    }
    const around = blurred(men, nx, ny, THIN_KM), near = (x, y) => Math.sqrt(2 * Math.PI) * THIN_KM * sampleAt(around, nx, ny, 1, box[0], box[2], x, y);
    for (const line of front().lines) {
      let open = false;
      for (let k = 2; k < line.length; k += 2) {
        const thinHere = near((line[k] + line[k - 2]) / 2, (line[k + 1] + line[k - 1]) / 2) < THIN_MEN;
        if (thinHere && !open) path.moveTo(line[k - 2], line[k - 1]);
        if (thinHere) path.lineTo(line[k], line[k + 1]);
        open = thinHere;
      }
    }
    return path;
  });

  // Main roads where whoever holds them moves under fire.
  const dangerRoads = (roads) => from("danger roads", ["threat", "control"], () => {
    const path = new Path2D(), field = threatField(2);
    for (const road of roads) {
      if ((ROAD_WIDTH[road.kind] || 0) < 2) continue;
      let open = false;
      for (let k = 2, p = road.points; k < p.length; k += 2) {
        const hot = sampleAt(field, blocks.nx, blocks.ny, blocks.cell, box[0], box[2], p[k], p[k + 1]) >= ROAD_DANGER;
        if (hot && !open) path.moveTo(p[k - 2], p[k - 1]);
        if (hot) path.lineTo(p[k], p[k + 1]);
        open = hot;
      }
    }
    return path;
  });

  const bombs = () => from("bombs", ["bombs"], (bytes) => {
    const n = Math.floor(bytes.length / 4), buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
    const px = new Uint16Array(buffer, 0, n), py = new Uint16Array(buffer, 2 * n, n), out = [];
    const kx = (box[1] - box[0]) / 65535, ky = (box[3] - box[2]) / 65535;
    for (let i = 0; i < n; i += 1) out.push([box[0] + px[i] * kx, box[2] + py[i] * ky]);
    return out;
  });

  const cell = (x, y) => {
    const i = Math.floor((x - box[0]) / grid.cell), j = Math.floor((y - box[2]) / grid.cell);
    return i < 0 || j < 0 || i >= grid.nx || j >= grid.ny ? -1 : j * grid.nx + i;
  };

  return {
    raw, box, grid, blocks, smooth, fineSmooth, front, threat, units, bombs, cell, thin, dangerRoads,
    grey: () => zone("grey", 1, 0.36, 0.55),
    pockets: () => [zone("cut0", 2, 0.5, 0.45, POCKET_KM2), zone("cut1", 4, 0.5, 0.45, POCKET_KM2)],
    heldAt: (x, y) => sampleAt(smooth(), grid.nx, grid.ny, grid.cell, box[0], box[2], x, y),
    supplyOf: (side) => from(`supply${side}`, ["supply"], (s) => scaled(s, 1 / 255, side * cells, cells)),
    worksOf: (facing) => from(`works${facing}`, ["works"], (s) => scaled(s, 1 / 255, facing * cells, cells)),
    // A layer of a plugin as a picture of a pixel a cell, north up.
    tinted: (name, color) => from(`tint ${name}`, [name], (bytes) => {
      const canvas = document.createElement("canvas"), { nx, ny } = grid, rgb = [1, 3, 5].map((k) => parseInt(color.slice(k, k + 2), 16));
      canvas.width = nx;
      canvas.height = ny;
      const c = canvas.getContext("2d"), image = c.createImageData(nx, ny);
      for (let j = 0; j < ny; j += 1) for (let i = 0; i < nx; i += 1) image.data.set([...rgb, 0.7 * bytes[j * nx + i]], 4 * ((ny - 1 - j) * nx + i));
      c.putImageData(image, 0, 0);
      return canvas;
    }),
    startFront: () => from("start", ["control_start"], (c) => {
      const field = finer(blurred(scaled(c, 1 / 250), grid.nx, grid.ny, Math.max(0.6 / grid.cell, 0.5)), grid.nx, grid.ny, k);
      return linePath(openLines(rings(field, box, 0.5), box, 4));
    }),
    set(name, bytes) { raw[name] = bytes; },
    get has() { return raw.control !== undefined; },
  };
}

// Where the attacker holds more in one arm than in the other: rings of each, from smoothed control.
function difference(a, b) {
  const fa = a.fineSmooth(), fb = b.fineSmooth();
  if (!fa || !fb) return null;
  const make = (sign) => {
    const data = new Float32Array(fa.data.length);
    for (let n = 0; n < data.length; n += 1) {
      const inA = fa.data[n] >= 0.5, inB = fb.data[n] >= 0.5;
      // above zero only where just one of them is held; the lesser margin makes the edge follow both fronts
      data[n] = sign > 0 ? Math.min(fb.data[n] - 0.5, 0.5 - fa.data[n]) : Math.min(fa.data[n] - 0.5, 0.5 - fb.data[n]);
      if (inA === inB) data[n] = Math.min(data[n], -1e-6);
    }
    return ringPath(rings({ data, w: fa.w, h: fa.h }, a.box, 0));
  };
  return { onlyB: make(1), onlyA: make(-1) };
}
