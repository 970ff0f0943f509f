// The map: one view of one arm. Land and fields are drawn into a picture that is moved about while somebody pans; units
// are drawn between frames; labels and marks lie on top.

const FAR = 11, NEAR = 40; // px per km
const ROAD_WIDTH = { international: 3.4, national: 2.9, regional: 2.3, local: 1.4 };

// Where the maps look; shared by the two maps of a comparison.
function createView(box) {
  const view = { x: (box[0] + box[1]) / 2, y: (box[2] + box[3]) / 2, scale: 10, moved: 0, least: 4 };
  return view;
}

function createMap(ground, view, layersOn, getTheme) {
  const holder = el("div", { class: "pk-canvases" });
  const base = el("canvas", { class: "pk-base" });
  const middle = el("canvas", { class: "pk-middle" });
  const top = el("canvas", { class: "pk-top", tabindex: "0", role: "img", "aria-label": "Map of the battle" });
  holder.append(base, middle, top);
  const store = document.createElement("canvas"); // the last picture of land and fields
  let stored = null; // the view it was drawn for
  let land = null, landTheme = "";
  let width = 0, height = 0, ratio = 1;
  let scene = null, previous = null, blend = 1, hits = [], strikes = [];
  let stale = { base: true, units: true, top: true, labels: true };
  let placed = [];
  const reserved = [];
  const extras = { selection: null, notes: [], difference: null, ghost: null, shadow: null, threatSide: 2, hover: null, lens: null };
  let unitCost = 4, lastUnits = 0, lastBase = 0, hurried = false;

  const lines = (list) => list.map((l) => ({ ...l, path: flatPath(l.points) }));
  const roads = lines(ground.roads).sort((a, b) => ROAD_WIDTH[a.kind] - ROAD_WIDTH[b.kind]);
  const rail = lines(ground.rail), water = lines(ground.water);
  const tracks = new Path2D();
  for (const t of ground.tracks) { tracks.moveTo(t[0], t[1]); tracks.lineTo(t[2], t[3]); }

  function flatPath(p) {
    const path = new Path2D();
    path.moveTo(p[0], p[1]);
    for (let k = 2; k < p.length; k += 2) path.lineTo(p[k], p[k + 1]);
    return path;
  }

  const toX = (x) => (x - view.x) * view.scale + width / 2;
  const toY = (y) => height / 2 - (y - view.y) * view.scale;
  const fromX = (px) => (px - width / 2) / view.scale + view.x;
  const fromY = (py) => (height / 2 - py) / view.scale + view.y;

  function kmTransform(c) {
    const s = view.scale * ratio;
    c.setTransform(s, 0, 0, -s, (width / 2 - view.x * view.scale) * ratio, (height / 2 + view.y * view.scale) * ratio);
  }

  // ---- land ----

  // The ground as one picture: three points to a lattice square, edges of woods and places sharpened.
  function landPicture(theme) {
    const { nx, ny } = ground.fine, k = nx > 400 ? 2 : nx < 100 ? 8 : 3;
    const W = nx * k, H = ny * k, canvas = document.createElement("canvas");
    canvas.width = W;
    canvas.height = H;
    const c = canvas.getContext("2d"), image = c.createImageData(W, H), px = image.data;
    const soft = (bytes, sd) => { const f = new Float32Array(nx * ny); for (let n = 0; n < f.length; n += 1) f[n] = bytes[n] / 255; return blurred(f, nx, ny, sd); };
    const wood = soft(ground.wood, 0.6), built = soft(ground.built, 0.55), trees = soft(ground.trees, 1.1);
    for (let j = 0; j < H; j += 1) {
      for (let i = 0; i < W; i += 1) {
        const x = (i + 0.5) / k, y = (j + 0.5) / k;
        const wo = clamp(1.3 * sampleAt(wood, nx, ny, 1, 0, 0, x, y), 0, 1), tr = 0.16 * sampleAt(trees, nx, ny, 1, 0, 0, x, y);
        const bu = clamp(1.35 * sampleAt(built, nx, ny, 1, 0, 0, x, y) ** 1.2, 0, 1);
        // a faint weave of fields, so that empty land does not look like paper; it means nothing
        const grain = 1 + fieldTone(ground.box[0] + x * ground.fine.cell, ground.box[2] + y * ground.fine.cell) * (theme.multiply ? 0.011 : 0.05);
        const o = (j * W + i) * 4;
        for (let q = 0; q < 3; q += 1) {
          let v = theme.land[q] * grain;
          v += tr * (theme.trees[q] - v);
          v += wo * (theme.wood[q] - v);
          v += bu * (theme.built[q] - v);
          px[o + q] = v;
        }
        px[o + 3] = 255;
      }
    }
    c.putImageData(image, 0, 0);
    return canvas;
  }

  function drawBase(c, theme) {
    const far = view.scale < FAR, grow = clamp(view.scale / 13, 0.62, 2.4), [w, e, s, n] = ground.box;
    c.setTransform(1, 0, 0, 1, 0, 0);
    c.fillStyle = theme.paper;
    c.fillRect(0, 0, store.width, store.height);
    if (!land || landTheme !== theme.name) { land = landPicture(theme); landTheme = theme.name; }
    kmTransform(c);
    c.imageSmoothingEnabled = true;
    c.imageSmoothingQuality = "high";
    c.drawImage(land, w, s, e - w, n - s);
    const px = 1 / view.scale; // one CSS pixel in km
    c.save();
    c.beginPath();
    c.rect(w, s, e - w, n - s);
    c.clip();
    c.lineCap = "round";
    c.lineJoin = "round";
    c.strokeStyle = theme.track;
    c.lineWidth = px * clamp(view.scale / 14, 0.5, 1.6);
    c.stroke(tracks);
    const front = scene.front();
    if (front && layersOn.control) {
      c.fillStyle = theme.held;
      c.fill(front.fill, "evenodd");
      c.save();
      c.clip(front.fill, "evenodd");
      c.strokeStyle = theme.edge;
      for (const wide of [18, 9]) { c.lineWidth = px * wide; c.globalAlpha = 0.55; c.stroke(front.line); }
      c.restore();
    }
    const danger = layersOn.danger ? scene.threat(extras.threatSide) : null;
    if (danger) {
      c.save();
      c.globalCompositeOperation = theme.multiply ? "multiply" : "source-over";
      c.globalAlpha = DANGER_ALPHA[theme.name];
      c.fillStyle = theme.danger;
      for (const step of danger) c.fill(step.fill, "evenodd");
      c.restore();
    }
    for (const line of water) {
      c.strokeStyle = theme.water;
      c.lineWidth = px * ({ river: 1.9, stream: 1.0, reservoir: 5.5 }[line.kind] || 1) * clamp(view.scale / 14, 0.6, 2.4);
      c.stroke(line.path);
    }
    if (danger && !far) {
      c.strokeStyle = theme.danger;
      c.globalAlpha = 0.7;
      for (const step of danger.slice(1)) {
        c.lineWidth = px * (step.level === 0.8 ? 1.1 : 0.8);
        c.setLineDash(step.level === 0.25 ? [1.2 * px, 2.8 * px] : []);
        c.stroke(linePath(step.lines));
      }
      c.setLineDash([]);
      c.globalAlpha = 1;
    }
    if (layersOn.grey) hatched(c, scene.grey(), theme.tertiary, 0.6, 5, 1);
    for (const line of rail) {
      c.strokeStyle = theme.tertiary;
      c.globalAlpha = 0.75;
      c.lineWidth = px * 0.9 * grow;
      c.stroke(line.path);
      c.lineCap = "butt";
      c.lineWidth = px * 3.6 * grow;
      c.setLineDash([0.7 * px * grow, 7 * px * grow]);
      c.stroke(line.path);
      c.setLineDash([]);
      c.lineCap = "round";
      c.globalAlpha = 1;
    }
    for (const pass of [0, 1]) {
      for (const road of roads) {
        c.strokeStyle = pass ? theme.road : theme.roadCasing;
        c.lineWidth = px * ((ROAD_WIDTH[road.kind] || 1.4) * grow * 0.8 + (pass ? 0 : 1.5));
        c.stroke(road.path);
      }
    }
    if (layersOn.supply) drawSupply(c, theme, px, grow);
    if (layersOn.works) drawWorks(c, theme, px, grow);
    if (extras.difference) {
      hatched(c, { fill: extras.difference.onlyA }, theme.ink, 0.75, 6, -1);
      hatched(c, { fill: extras.difference.onlyB }, theme.ink, 0.75, 6, 1);
    }
    for (const [side, zone] of scene.pockets().entries()) {
      if (!zone || !layersOn.pockets) continue;
      c.strokeStyle = theme.paper;
      c.lineWidth = px * 3.4;
      c.stroke(linePath(zone.lines));
      c.strokeStyle = theme.side[side];
      c.lineWidth = px * 1.6;
      c.setLineDash([5 * px, 3.2 * px]);
      c.stroke(linePath(zone.lines));
      c.setLineDash([]);
    }
    if (layersOn.start) {
      const line = scene.startFront();
      if (line) {
        c.strokeStyle = theme.ink;
        c.lineWidth = px * 1.5;
        c.setLineDash([0.1 * px, 4.2 * px]);
        c.stroke(line);
        c.setLineDash([]);
      }
    }
    if (extras.shadow) { // the front of the other arm
      c.strokeStyle = theme.paper;
      c.lineWidth = px * 3;
      c.stroke(extras.shadow);
      c.strokeStyle = theme.ink;
      c.lineWidth = px * 1.3;
      c.setLineDash([5 * px, 4 * px]);
      c.stroke(extras.shadow);
      c.setLineDash([]);
    }
    if (front && layersOn.control) {
      c.strokeStyle = theme.paper;
      c.lineWidth = px * (far ? 3.8 : 4.6);
      c.stroke(front.line);
      c.strokeStyle = theme.ink;
      c.lineWidth = px * (far ? 1.6 : 1.9);
      c.stroke(front.line);
    }
    if (view.scale >= NEAR) cellGrid(c, theme, px);
    c.restore();
    c.strokeStyle = theme.control;
    c.lineWidth = px;
    c.strokeRect(w, s, e - w, n - s);
  }

  function hatched(c, zone, color, strength, gap, lean) {
    if (!zone) return;
    c.save();
    c.clip(zone.fill, "evenodd");
    c.setTransform(ratio, 0, 0, ratio, 0, 0);
    c.strokeStyle = color;
    c.globalAlpha = strength;
    c.lineWidth = 0.8;
    c.beginPath();
    for (let k = -height; k < width + height; k += gap * 1.3) {
      c.moveTo(k, lean > 0 ? height : 0);
      c.lineTo(k + height, lean > 0 ? 0 : height);
    }
    c.stroke();
    c.restore();
  }

  // Roads in the color of the side that holds them, as wide as the share of supply that arrives; a cross where it ends.
  function drawSupply(c, theme, px, grow) {
    const share = [scene.supplyOf(0), scene.supplyOf(1)];
    if (!share[0]) return;
    const { grid, box } = scene, crosses = [];
    for (const side of [0, 1]) {
      const buckets = Array.from({ length: 7 }, () => new Path2D());
      for (const road of roads) {
        if ((ROAD_WIDTH[road.kind] || 0) < 2) continue;
        const p = road.points;
        let before = -1, open = -1;
        for (let k = 0; k < p.length; k += 2) {
          const held = scene.heldAt(p[k], p[k + 1]);
          const mine = side === 0 ? held >= 0.5 : held < 0.5;
          const s = mine ? sampleAt(share[side], grid.nx, grid.ny, grid.cell, box[0], box[2], p[k], p[k + 1]) : 0;
          const now = s > 0.03 ? clamp(Math.round(s * 6), 1, 6) : 0;
          if (k && before > 0 && now > 0) {
            const b = Math.max(before, now);
            if (open !== b) buckets[b].moveTo(p[k - 2], p[k - 1]);
            buckets[b].lineTo(p[k], p[k + 1]);
            open = b;
          } else open = -1;
          if (k && side === 1 && held < 0.42 && ((before > 0) !== (now > 0)) && scene.heldAt(p[k - 2], p[k - 1]) < 0.42) crosses.push([p[k], p[k + 1]]);
          before = mine ? now : 0;
        }
      }
      c.strokeStyle = theme.ribbon[side];
      c.lineCap = "round";
      for (let b = 1; b < 7; b += 1) { c.lineWidth = px * (0.5 + b * 0.85 * grow); c.stroke(buckets[b]); }
    }
    for (const [color, wide] of [[theme.paper, 4.4], [theme.ink, 2]]) {
      c.strokeStyle = color;
      c.lineWidth = px * wide;
      c.beginPath();
      const r = 4 * px;
      crosses.forEach(([x, y], k) => {
        if (crosses.slice(0, k).some(([a, b]) => Math.hypot(a - x, b - y) < 3)) return;
        c.moveTo(x - r, y - r); c.lineTo(x + r, y + r);
        c.moveTo(x - r, y + r); c.lineTo(x + r, y - r);
      });
      c.stroke();
    }
  }

  // Belts with teeth toward the enemy; triangles filled as far as the works are in order.
  function drawWorks(c, theme, px, grow) {
    const { grid, box } = scene;
    for (const belt of ground.belts) {
      const works = scene.worksOf(belt.facing);
      if (!works || (belt.from !== null && belt.from > extras.day)) continue;
      const p = belt.points, n = p.length / 2;
      const state = new Float32Array(n);
      for (let k = 0; k < n; k += 1) {
        const held = scene.heldAt(p[2 * k], p[2 * k + 1]) >= 0.5;
        let best = 0;
        if (held !== (belt.facing === 0)) {
          for (const [dx, dy] of [[0, 0], [0.5, 0], [-0.5, 0], [0, 0.5], [0, -0.5]]) {
            best = Math.max(best, sampleAt(works, grid.nx, grid.ny, grid.cell, box[0], box[2], p[2 * k] + dx, p[2 * k + 1] + dy));
          }
        }
        state[k] = best > 0.08 ? best : 0;
      }
      let lean = 0; // on which side of the belt the enemy is
      for (let k = 1; k < n - 1; k += 4) {
        const dx = p[2 * k + 2] - p[2 * k - 2], dy = p[2 * k + 3] - p[2 * k - 1], d = Math.hypot(dx, dy) || 1;
        for (const far of [2, 5, 9]) lean += scene.heldAt(p[2 * k] - (dy / d) * far, p[2 * k + 1] + (dx / d) * far) - scene.heldAt(p[2 * k] + (dy / d) * far, p[2 * k + 1] - (dx / d) * far);
      }
      const flip = (lean >= 0 ? 1 : -1) * (belt.facing === 0 ? 1 : -1);
      const line = new Path2D(), teeth = new Path2D(), strong = [];
      const every = Math.max(2, Math.round(7 * grow * px / 0.25));
      for (let k = 1; k < n; k += 1) {
        if (!state[k] || !state[k - 1]) continue;
        line.moveTo(p[2 * k - 2], p[2 * k - 1]);
        line.lineTo(p[2 * k], p[2 * k + 1]);
        if (k % every) continue;
        const dx = p[2 * k] - p[2 * k - 2], dy = p[2 * k + 1] - p[2 * k - 1], d = Math.hypot(dx, dy) || 1, long = 4 * px * grow * flip;
        teeth.moveTo(p[2 * k], p[2 * k + 1]);
        teeth.lineTo(p[2 * k] - (dy / d) * long, p[2 * k + 1] + (dx / d) * long);
        if (k % (5 * every) === 0) strong.push([p[2 * k], p[2 * k + 1], state[k]]);
      }
      c.strokeStyle = theme.ink;
      c.lineWidth = px * 1.2 * Math.min(grow, 1.5);
      c.stroke(line);
      c.lineWidth = px * Math.min(grow, 1.5);
      c.stroke(teeth);
      const r = 3.6 * px * grow;
      for (const [x, y, condition] of strong) {
        c.beginPath();
        c.moveTo(x - r, y - r * 0.8); c.lineTo(x + r, y - r * 0.8); c.lineTo(x, y + r); c.closePath();
        c.fillStyle = theme.paper;
        c.fill();
        c.save();
        c.globalAlpha = clamp(condition, 0.1, 1);
        c.fillStyle = theme.ink;
        c.fill();
        c.restore();
        c.stroke();
      }
    }
  }

  function cellGrid(c, theme, px) {
    const [w, e, s, n] = ground.box, d = ground.grid.cell;
    c.strokeStyle = theme.tertiary;
    c.globalAlpha = 0.22;
    c.lineWidth = px * 0.7;
    c.beginPath();
    for (let x = Math.max(w, Math.floor(fromX(0) / d) * d); x <= Math.min(e, fromX(width)); x += d) { c.moveTo(x, s); c.lineTo(x, n); }
    for (let y = Math.max(s, Math.floor(fromY(height) / d) * d); y <= Math.min(n, fromY(0)); y += d) { c.moveTo(w, y); c.lineTo(e, y); }
    c.stroke();
    c.globalAlpha = 1;
  }

  // ---- what is drawn when ----

  let interacting = 0; // time of the last pan or zoom
  function paint(now) {
    if (!width || !scene || !scene.has) return false;
    const theme = getTheme();
    const same = stored && stored.x === view.x && stored.y === view.y && stored.scale === view.scale && stored.theme === theme.name;
    // while frames come fast, land and fields follow a few times a second and units at every frame
    const due = now - lastBase > (hurried ? 160 : 0);
    if ((stale.base && due && now - interacting > 90) || !stored || (!same && now - interacting > 140)) {
      lastBase = now;
      const c = store.getContext("2d");
      drawBase(c, theme);
      stored = { x: view.x, y: view.y, scale: view.scale, theme: theme.name };
      stale.base = false;
      showBase(theme);
      stale.units = stale.top = true;
    } else if (!same) {
      showBase(theme);
      stale.units = stale.top = true;
    }
    if (blend < 1) stale.units = true;
    if (stale.units && now - lastUnits >= Math.min(unitCost * 1.5, 120)) {
      const begin = performance.now();
      const c = middle.getContext("2d");
      c.setTransform(1, 0, 0, 1, 0, 0);
      c.clearRect(0, 0, middle.width, middle.height);
      if (layersOn.bombs) drawStrikes(c, map, strikes, extras.step, theme);
      if (layersOn.units) drawUnits(c, map, scene.units(), previous, blend, theme, layersOn);
      drawHits(c, map, hits, now, theme);
      unitCost = 0.7 * unitCost + 0.3 * (performance.now() - begin);
      lastUnits = now;
      stale.units = hits.length > 0 && !calm();
    }
    if (stale.top) {
      const c = top.getContext("2d");
      c.setTransform(ratio, 0, 0, ratio, 0, 0);
      c.clearRect(0, 0, width, height);
      if (stale.labels && now - interacting > 140) { placed = placeLabels(c, map, scene, reserved, theme, layersOn); stale.labels = false; }
      drawLabels(c, map, placed, theme);
      drawMarks(c, map, extras, theme);
      stale.top = stale.labels;
    }
    return stale.base || stale.units || stale.top || blend < 1 || !same;
  }

  function showBase(theme) {
    const c = base.getContext("2d");
    c.setTransform(1, 0, 0, 1, 0, 0);
    c.fillStyle = theme.paper;
    c.fillRect(0, 0, base.width, base.height);
    const z = view.scale / stored.scale;
    const x = (width / 2 + (stored.x - view.x) * view.scale - (width / 2) * z) * ratio;
    const y = (height / 2 - (stored.y - view.y) * view.scale - (height / 2) * z) * ratio;
    c.drawImage(store, x, y, store.width * z, store.height * z);
  }

  const map = {
    holder, top, base, middle, view, extras, reserved, ground,
    toX, toY, fromX, fromY,
    get width() { return width; },
    get height() { return height; },
    get ratio() { return ratio; },
    get scene() { return scene; },
    get unitCost() { return unitCost; },
    resize(w, h) {
      if (w === width && h === height) return;
      width = w;
      height = h;
      ratio = Math.min(window.devicePixelRatio || 1, 2);
      for (const canvas of [base, middle, top, store]) fitted(canvas, w, h, ratio);
      stored = null;
      map.touch();
    },
    touch(what) {
      if (what) stale[what] = true;
      else stale = { base: true, units: true, top: true, labels: true };
      if (what === "labels") stale.top = true;
    },
    moved() {
      interacting = performance.now();
      stale.top = stale.labels = true;
    },
    // A new picture of the arm; units glide from where they were.
    show(newScene, before, newStrikes, newHits, fast = false) {
      hurried = fast;
      scene = newScene;
      previous = before;
      blend = before ? 0 : 1;
      strikes = newStrikes;
      if (newHits.length) hits = newHits;
      stale.base = stale.units = stale.top = true;
    },
    blend(share) { blend = share; },
    fadeHits(now) { hits = hits.filter((h) => now - h.at < HIT_MS); },
    paint,
    drawBase,
    unitAt(px, py) { return layersOn.units && scene ? nearestUnit(map, scene.units(), px, py) : -1; },
    // The map as it is, in one canvas, with units and labels.
    flat(c, x, y) {
      for (const canvas of [base, middle, top]) c.drawImage(canvas, x, y, canvas.width / ratio, canvas.height / ratio);
    },
  };
  return map;
}

// A patchwork of fields: a tone between -1 and 1 for every parcel of about 0.6 by 0.9 km.
function fieldTone(x, y) {
  const a = 0.28, u = x * Math.cos(a) + y * Math.sin(a), v = y * Math.cos(a) - x * Math.sin(a);
  const row = Math.floor(v / 0.9), i = Math.floor((u + (row & 1) * 0.35) / (0.55 + 0.25 * ((row * 7) % 3)));
  let h = (i * 374761393 + row * 668265263) | 0;
  h = Math.imul(h ^ (h >>> 13), 1274126177);
  return ((h ^ (h >>> 16)) & 255) / 127.5 - 1;
}
