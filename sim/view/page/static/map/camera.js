// Where the maps look: the opening view, zoom, flights, and keeping the land in sight.

function createCamera(ground, view, map, scene, changed) {
  const [w, e, s, n] = ground.box, synthetic = ground.scenario.synthetic;

  function keepInside() {
    const hw = map.width / 2 / view.scale, hh = map.height / 2 / view.scale, slack = 3;
    const keep = (v, a, b, half) => (b - a < 2 * half ? (a + b) / 2 : clamp(v, a + half, b - half));
    view.scale = clamp(view.scale, view.least || 3, 160);
    view.x = keep(view.x, w - slack, e + slack, hw);
    view.y = keep(view.y, s - slack, n + slack, hh);
  }
  function moved() { keepInside(); changed(); }
  function fly(x, y, scale) {
    const from = { ...view }, begin = performance.now(), ms = calm() ? 0 : 400;
    const go = () => {
      const t = ms ? clamp((performance.now() - begin) / ms, 0, 1) : 1, q = 1 - (1 - t) ** 3;
      view.x = from.x + (x - from.x) * q;
      view.y = from.y + (y - from.y) * q;
      view.scale = from.scale * (scale / from.scale) ** q;
      moved();
      if (t < 1) requestAnimationFrame(go);
    };
    go();
  }
  return {
    moved, fly,
    // Toward the middle of the front, between it and the first objective.
    opening() {
      const whole = Math.min(map.width / (e - w), map.height / (n - s));
      view.scale = synthetic ? whole * 0.94 : Math.max(whole, map.height / (n - s), clamp(map.width / 62, 6.2, 14));
      view.x = (w + e) / 2;
      view.y = (s + n) / 2;
      const line = synthetic ? [] : scene.front()?.lines.flat() || [];
      if (line.length) {
        let sx = 0, sy = 0;
        for (let k = 0; k < line.length; k += 2) { sx += line[k]; sy += line[k + 1]; }
        const aim = ground.places.find((p) => p.name === ground.objectives[0]) || { x: view.x, y: view.y };
        view.x = 0.55 * (2 * sx / line.length) + 0.45 * aim.x;
        view.y = 0.5 * (2 * sy / line.length) + 0.5 * aim.y;
      }
      keepInside();
    },
    measure() { view.least = Math.min(map.width / (e - w), map.height / (n - s)) * 0.85 || 4; },
    zoom(by, px = map.width / 2, py = map.height / 2, m = map) {
      const x = m.fromX(px), y = m.fromY(py);
      view.scale = clamp(view.scale * by, view.least, 160);
      view.x = x - (px - m.width / 2) / view.scale;
      view.y = y + (py - m.height / 2) / view.scale;
      moved();
    },
    pan(dx, dy) { view.x += dx; view.y += dy; moved(); },
    fit() { fly((w + e) / 2, (s + n) / 2, Math.min(map.width / (e - w), map.height / (n - s)) * 0.97); },
  };
}
