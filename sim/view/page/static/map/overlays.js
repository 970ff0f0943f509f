// What is drawn on the land: hatches, supply on the roads, belts and strongpoints, thin stretches of the line, the cell grid.

function hatched(c, map, zone, color, strength, gap, lean) {
  if (!zone) return;
  const { ratio, width, height } = map;
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
function drawSupply(c, map, roads, theme, px, grow) {
  const { scene } = map;
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
  // where drones and guns reach the road, the ribbon is broken
  c.strokeStyle = theme.paper;
  c.lineCap = "butt";
  c.lineWidth = px * (1.5 + 6 * 0.85 * grow);
  c.setLineDash([2.4 * px, 4.8 * px]);
  c.stroke(scene.dangerRoads(roads));
  c.setLineDash([]);
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

// Stretches of the front that few of the defender's men hold: the line turns into two with nothing between them.
function drawThin(c, map, theme) {
  const path = map.scene.thin();
  if (!path) return;
  const px = 1 / map.view.scale, k = map.view.scale < FAR ? 0.8 : 1;
  map.kmTransform(c);
  c.lineCap = "butt";
  c.lineJoin = "round";
  for (const [color, wide] of [[theme.paper, 9], [theme.side[1], 7], [theme.paper, 4]]) {
    c.strokeStyle = color;
    c.lineWidth = px * wide * k;
    c.stroke(path);
  }
}

// Belts with teeth toward the enemy; triangles filled as far as the works are in order.
function drawWorks(c, map, theme, px, grow) {
  const { scene, extras, ground } = map;
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

function cellGrid(c, map, theme, px) {
  const { ground, fromX, fromY, width, height } = map;
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
