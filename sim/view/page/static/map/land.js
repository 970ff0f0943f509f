// Land and fields: the picture that lies under the units, from woods and roads to the front line.

const ROAD_WIDTH = { international: 3.4, national: 2.9, regional: 2.3, local: 1.4 };

// Lines of the land as paths, once for every map.
function landLines(ground) {
  const flatPath = (p) => {
    const path = new Path2D();
    path.moveTo(p[0], p[1]);
    for (let k = 2; k < p.length; k += 2) path.lineTo(p[k], p[k + 1]);
    return path;
  };
  const lines = (list) => list.map((l) => ({ ...l, path: flatPath(l.points) }));
  const tracks = new Path2D();
  for (const t of ground.tracks) { tracks.moveTo(t[0], t[1]); tracks.lineTo(t[2], t[3]); }
  return { roads: lines(ground.roads).sort((a, b) => ROAD_WIDTH[a.kind] - ROAD_WIDTH[b.kind]), rail: lines(ground.rail), water: lines(ground.water), tracks };
}

// The ground as one picture: three points to a lattice square, edges of woods and places sharpened.
function landPicture(ground, theme) {
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

// A patchwork of fields: a tone between -1 and 1 for every parcel of about 0.6 by 0.9 km.
function fieldTone(x, y) {
  const a = 0.28, u = x * Math.cos(a) + y * Math.sin(a), v = y * Math.cos(a) - x * Math.sin(a);
  const row = Math.floor(v / 0.9), i = Math.floor((u + (row & 1) * 0.35) / (0.55 + 0.25 * ((row * 7) % 3)));
  let h = (i * 374761393 + row * 668265263) | 0;
  h = Math.imul(h ^ (h >>> 13), 1274126177);
  return ((h ^ (h >>> 16)) & 255) / 127.5 - 1;
}

// Land and tracks, which stay as they are while nobody moves the map.
function drawSoil(c, map, lines, land, theme) {
  const { view } = map, [w, e, s, n] = map.ground.box;
  c.setTransform(1, 0, 0, 1, 0, 0);
  c.fillStyle = theme.paper;
  c.fillRect(0, 0, c.canvas.width, c.canvas.height);
  map.kmTransform(c);
  c.imageSmoothingEnabled = true;
  c.imageSmoothingQuality = "high";
  c.drawImage(land, w, s, e - w, n - s);
  c.lineCap = "round";
  c.strokeStyle = theme.track;
  c.lineWidth = clamp(view.scale / 14, 0.5, 1.6) / view.scale;
  c.stroke(lines.tracks);
}

function drawLand(c, map, lines, soil, layersOn, theme) {
  const { view, scene, extras, ground } = map;
  const far = view.scale < FAR, grow = clamp(view.scale / 13, 0.62, 2.4), [w, e, s, n] = ground.box, px = 1 / view.scale; // one CSS pixel in km
  c.setTransform(1, 0, 0, 1, 0, 0);
  c.drawImage(soil, 0, 0);
  map.kmTransform(c);
  c.save();
  c.beginPath();
  c.rect(w, s, e - w, n - s);
  c.clip();
  c.lineCap = "round";
  c.lineJoin = "round";
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
  for (const { name, color } of ground.added?.layers || []) {
    const picture = layersOn[name] && scene.tinted(name, color);
    if (!picture) continue;
    c.save();
    c.transform(1, 0, 0, -1, 0, s + n); // pictures have their first row on top
    c.drawImage(picture, w, s, e - w, n - s);
    c.restore();
  }
  for (const line of lines.water) {
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
  if (layersOn.grey) hatched(c, map, scene.grey(), theme.tertiary, 0.6, 5, 1);
  for (const line of lines.rail) {
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
    for (const road of lines.roads) {
      c.strokeStyle = pass ? theme.road : theme.roadCasing;
      c.lineWidth = px * ((ROAD_WIDTH[road.kind] || 1.4) * grow * 0.8 + (pass ? 0 : 1.5));
      c.stroke(road.path);
    }
  }
  if (layersOn.supply) drawSupply(c, map, lines.roads, theme, px, grow);
  if (layersOn.works) drawWorks(c, map, theme, px, grow);
  if (extras.difference) {
    hatched(c, map, { fill: extras.difference.onlyA }, theme.ink, 0.75, 6, -1);
    hatched(c, map, { fill: extras.difference.onlyB }, theme.ink, 0.75, 6, 1);
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
  if (view.scale >= NEAR) cellGrid(c, map, theme, px);
  c.restore();
  c.strokeStyle = theme.control;
  c.lineWidth = px;
  c.strokeRect(w, s, e - w, n - s);
}
