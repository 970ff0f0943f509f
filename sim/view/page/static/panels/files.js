// Files to take away: the picture as it is, the recorded battle as an animation, the figures as a table.

function download(name, parts, type) {
  const url = URL.createObjectURL(new Blob(parts, { type }));
  const link = el("a", { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 20000);
}

const FILE_TYPES = { csv: "text/csv", html: "text/html", parquet: "application/octet-stream", gif: "image/gif", mp4: "video/mp4", png: "image/png" };

// The map with a line of words above it and the credit, as a canvas.
function pictureOf(maps, words, theme, scale = 2, width = 0) {
  const w = maps.reduce((sum, m) => sum + m.width, 0) + (maps.length - 1) * 4, h = maps[0].height, slim = w < 760, head = slim ? 62 : 46; // a slim picture has its figures on a line of their own
  const k = width ? width / w : scale;
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(w * k);
  canvas.height = Math.round((h + head) * k);
  const c = canvas.getContext("2d");
  c.setTransform(k, 0, 0, k, 0, 0);
  c.fillStyle = theme.paper;
  c.fillRect(0, 0, w, h + head);
  let x = 0;
  for (const m of maps) { m.flat(c, x, head); x += m.width + 4; }
  c.textBaseline = "alphabetic";
  c.fillStyle = theme.ink;
  c.font = `700 16px ${SERIF}`;
  c.fillText(words.title, 12, 20);
  c.font = `400 11.5px ${SANS}`;
  c.fillStyle = theme.secondary;
  c.fillText(words.line, 12, 37);
  c.font = `600 14px ${SANS}`;
  c.fillStyle = theme.ink;
  c.textAlign = "right";
  c.fillText(words.date, w - 12, 20);
  c.font = `400 11.5px ${SANS}`;
  c.fillStyle = theme.secondary;
  if (slim) { c.textAlign = "left"; c.fillText(words.right, 12, 54); } else c.fillText(words.right, w - 12, 37);
  c.textAlign = "right";
  c.font = `400 9.5px ${SANS}`;
  c.font = `400 ${Math.min(9.5, 9.5 * (w - 16) / c.measureText(words.credit).width)}px ${SANS}`;
  c.strokeStyle = theme.paper;
  c.lineWidth = 2.6;
  c.strokeText(words.credit, w - 8, h + head - 7);
  c.fillText(words.credit, w - 8, h + head - 7);
  drawScaleBar(c, maps[0], theme, 12, h + head - (slim ? 26 : 12));
  return canvas;
}

// A round number of km that takes at most a share of the map, and at most 180 px.
function scaleKm(map, share) {
  return [50, 20, 10, 5, 2, 1, 0.5, 0.2].find((v) => v * map.view.scale <= Math.min(map.width * share, 180)) || 0.1;
}

function drawScaleBar(c, map, theme, x, y) {
  const km = scaleKm(map, 0.27), long = km * map.view.scale;
  for (const [color, wide] of [[theme.paper, 4], [theme.ink, 1.6]]) {
    c.strokeStyle = color;
    c.lineWidth = wide;
    c.beginPath(); c.moveTo(x, y - 5); c.lineTo(x, y); c.lineTo(x + long, y); c.lineTo(x + long, y - 5); c.stroke();
  }
  c.textAlign = "left";
  c.font = `400 10.5px ${SANS}`;
  c.strokeStyle = theme.paper;
  c.lineWidth = 3;
  c.strokeText(`${km} km`, x + long + 6, y + 1);
  c.fillStyle = theme.ink;
  c.fillText(`${km} km`, x + long + 6, y + 1);
}

// What a file is called: the scenario, the seed, the levers that were moved, two of them by name.
function fileName(scenario, moved) {
  const words = moved.slice(0, 2).map(([key, v]) => `${key.split(".").pop().replaceAll("_", "-")}-${v}`);
  return [scenario.name, scenario.seed, ...words, ...(moved.length > 2 ? [`and-${moved.length - 2}-more`] : [])].join("-").replace(/[^\w.-]+/g, "");
}

function pngBytes(canvas) {
  return new Promise((done) => canvas.toBlob(async (blob) => done(new Uint8Array(await blob.arrayBuffer())), "image/png"));
}
