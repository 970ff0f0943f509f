// The map: one view of one arm. Land and fields are drawn into a picture that is moved about while somebody pans; units
// are drawn between frames; labels and marks lie on top.

const FAR = 11, NEAR = 40; // px per km
const LABELS_MS = 1500; // between placings of the labels while a battle plays

// Where the maps look; shared by the two maps of a comparison.
function createView(box) {
  return { x: (box[0] + box[1]) / 2, y: (box[2] + box[3]) / 2, scale: 10, least: 4 };
}

const isView = (a, b) => !!a && a.x === b.x && a.y === b.y && a.scale === b.scale && a.theme === b.theme;

function createMap(ground, view, layersOn, getTheme) {
  const holder = el("div", { class: "pk-canvases" });
  const base = el("canvas", { class: "pk-base" });
  const middle = el("canvas", { class: "pk-middle" });
  const top = el("canvas", { class: "pk-top", tabindex: "0", role: "img", "aria-label": "Map of the battle" });
  holder.append(base, middle, top);
  const store = document.createElement("canvas"); // the last picture of land and fields, while the map is moved about
  const soil = document.createElement("canvas"); // what never changes in a view: land and tracks
  let drawn = null, kept = false, soilOf = null; // the view of the last picture, whether `store` has it, the view of `soil`
  const lines = landLines(ground);
  let land = null, landTheme = "";
  let width = 0, height = 0, ratio = 1;
  let scene = null, previous = null, blend = 1, hits = [], strikes = [];
  let stale = { base: true, units: true, top: true, labels: true };
  let placed = [];
  const reserved = [];
  const extras = { selection: null, notes: [], difference: null, shadow: null, threatSide: 2, hover: null, trail: null, lit: null };
  let unitCost = 4, lastUnits = 0, lastBase = 0, lastLabels = 0, hurried = false;

  const toX = (x) => (x - view.x) * view.scale + width / 2;
  const toY = (y) => height / 2 - (y - view.y) * view.scale;
  const fromX = (px) => (px - width / 2) / view.scale + view.x;
  const fromY = (py) => (height / 2 - py) / view.scale + view.y;

  function kmTransform(c) {
    const s = view.scale * ratio;
    c.setTransform(s, 0, 0, -s, (width / 2 - view.x * view.scale) * ratio, (height / 2 + view.y * view.scale) * ratio);
  }

  // ---- what is drawn when ----

  let interacting = 0; // time of the last pan or zoom
  function paint(now) {
    if (!width || !scene || !scene.has) return false;
    const theme = getTheme();
    const here = { x: view.x, y: view.y, scale: view.scale, theme: theme.name }, same = isView(drawn, here);
    // while frames come fast, land and fields follow a few times a second and units at every frame
    const due = now - lastBase > (hurried ? 160 : 0);
    if ((stale.base && due && now - interacting > 90) || !drawn || (!same && now - interacting > 140)) {
      lastBase = now;
      if (!land || landTheme !== theme.name) { land = landPicture(ground, theme); landTheme = theme.name; }
      if (!isView(soilOf, here)) { drawSoil(soil.getContext("2d"), map, lines, land, theme); soilOf = here; }
      drawLand(base.getContext("2d"), map, lines, soil, layersOn, theme);
      drawn = here;
      kept = stale.base = false;
      stale.labels = true; // numbers on the contours follow them
    } else if (!same) movePicture(theme);
    if (!same) stale.units = stale.top = true;
    if (blend < 1) stale.units = true;
    if (stale.units && now - lastUnits >= Math.min(unitCost * 1.5, 120)) {
      const begin = performance.now();
      const c = middle.getContext("2d");
      c.setTransform(1, 0, 0, 1, 0, 0);
      drawUnits(c, map, layersOn.units && scene.units(), previous, blend, theme, layersOn);
      if (layersOn.units) drawTrails(c, map, scene.units(), extras.trail, theme, layersOn);
      if (layersOn.bombs) drawStrikes(c, map, strikes, extras.step, theme);
      if (layersOn.thin) drawThin(c, map, theme);
      drawHits(c, map, hits, now, theme);
      unitCost = 0.7 * unitCost + 0.3 * (performance.now() - begin);
      lastUnits = now;
      stale.units = hits.length > 0 && !calm();
    }
    const place = stale.labels && now - interacting > 140 && (!hurried || now - lastLabels > LABELS_MS);
    if (stale.top || place) {
      const c = top.getContext("2d");
      c.setTransform(ratio, 0, 0, ratio, 0, 0);
      c.clearRect(0, 0, width, height);
      if (place) { placed = placeLabels(c, map, scene, reserved, theme, layersOn); stale.labels = false; lastLabels = now; }
      if (extras.lit) drawReasons(c, map, extras.lit, theme);
      drawLabels(c, map, placed, theme);
      drawMarks(c, map, extras, theme);
      stale.top = false;
    }
    return stale.base || stale.units || stale.labels || blend < 1 || !same;
  }

  // The last picture, shifted and scaled to where the map looks now.
  function movePicture(theme) {
    if (!kept) { store.getContext("2d").setTransform(1, 0, 0, 1, 0, 0); store.getContext("2d").drawImage(base, 0, 0); kept = true; }
    const c = base.getContext("2d");
    c.setTransform(1, 0, 0, 1, 0, 0);
    c.fillStyle = theme.paper;
    c.fillRect(0, 0, base.width, base.height);
    const z = view.scale / drawn.scale;
    const x = (width / 2 + (drawn.x - view.x) * view.scale - (width / 2) * z) * ratio;
    const y = (height / 2 - (drawn.y - view.y) * view.scale - (height / 2) * z) * ratio;
    c.drawImage(store, x, y, store.width * z, store.height * z);
  }

  const map = {
    holder, top, base, middle, view, extras, reserved, ground,
    toX, toY, fromX, fromY, kmTransform,
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
      for (const canvas of [base, middle, top, store, soil]) fitted(canvas, w, h, ratio);
      drawn = soilOf = null;
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
      stale.base = stale.units = true;
      if (extras.selection || extras.hover || extras.lit) stale.top = true;
    },
    blend(share) { blend = share; },
    fadeHits(now) { hits = hits.filter((h) => now - h.at < HIT_MS); },
    paint,
    unitAt(px, py) { return layersOn.units && scene?.units() ? nearestUnit(map, scene.units(), px, py) : -1; },
    // The map as it is, in one canvas, with units and labels.
    flat(c, x, y) {
      for (const canvas of [base, middle, top]) c.drawImage(canvas, x, y, canvas.width / ratio, canvas.height / ratio);
    },
  };
  return map;
}
