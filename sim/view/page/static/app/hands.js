// Hands on the maps and on the keyboard: drag, pinch, wheel, hover, click, the lens, and the keys.

const NAMES = ["Infantry group", "Armor section", "FPV team", "Artillery battery"];

// What a unit is doing, from the bits of its code.
function doing(code) {
  if (code & CODE.infiltrates) return "infiltrating";
  if (code & CODE.waits) return code & CODE.moves ? "on the way" : "in reserve";
  return code & CODE.moves ? "attacking" : "in the line";
}

function createHands(ground, camera, view, main, { hovered, click, dragged, redraw }) {
  const hoverTip = el("div", { class: "pk-hover", hidden: true });
  main.append(hoverTip);

  function mark(m, at) {
    if (!at && !m.extras.hover) return;
    m.extras.hover = at;
    m.touch("top");
    redraw();
  }
  function hover(m, [px, py]) {
    if (hovered(m, px, py)) { hoverTip.hidden = true; mark(m, null); return; }
    const k = m.unitAt(px, py), u = m.scene?.units();
    if (k < 0 || !u) {
      const place = ground.places.find((q) => Math.hypot(m.toX(q.x) - px, m.toY(q.y) - py) < 7);
      mark(m, null);
      hoverTip.hidden = !place;
      if (!place) return;
      hoverTip.textContent = `${place.name}, ${place.kind}${place.people ? `, ${number(place.people)} people before the war` : ""}`;
    } else {
      const code = u.code[k], foot = (code & 7) === KIND.infantry;
      hoverTip.textContent = [code & CODE.infiltrates ? "Infiltrators" : NAMES[code & 7], code & 8 ? "defender" : "attacker", `${u.men[k]} ${u.men[k] === 1 ? "man" : "men"}`,
        foot ? doing(code) : "", code & CODE.tired ? "tired" : "", `supply ${Math.round(u.supply[k] / 2.55)} %`].filter(Boolean).join(", ");
      hoverTip.hidden = false;
      mark(m, { x: u.x[k], y: u.y[k] });
    }
    const o = main.getBoundingClientRect(), r = m.top.getBoundingClientRect(), x = r.left - o.left + px, y = r.top - o.top + py;
    hoverTip.style.left = `${clamp(x + 14, 4, Math.max(4, o.width - hoverTip.offsetWidth - 6))}px`;
    hoverTip.style.top = `${y > o.height - 60 ? y - 34 : y + 16}px`;
  }

  return function hands(m) {
    const fingers = new Map();
    let drag = null, pinch = null;
    const local = (e) => { const r = m.top.getBoundingClientRect(); return [e.clientX - r.left, e.clientY - r.top]; };
    m.top.addEventListener("wheel", (e) => { e.preventDefault(); camera.zoom(Math.exp(-clamp(e.deltaY, -120, 120) * 0.0022), ...local(e), m); }, { passive: false });
    m.top.addEventListener("pointerdown", (e) => {
      m.top.setPointerCapture(e.pointerId);
      fingers.set(e.pointerId, local(e));
      if (fingers.size === 2) { const [a, b] = [...fingers.values()]; pinch = { d: Math.hypot(a[0] - b[0], a[1] - b[1]), scale: view.scale }; drag = null; } else drag = { at: local(e), x: view.x, y: view.y, far: false };
    });
    m.top.addEventListener("pointermove", (e) => {
      const p = local(e);
      if (!fingers.has(e.pointerId)) { if (e.pointerType !== "touch") hover(m, p); return; }
      fingers.set(e.pointerId, p);
      if (pinch && fingers.size === 2) {
        const [a, b] = [...fingers.values()], d = Math.hypot(a[0] - b[0], a[1] - b[1]);
        camera.zoom(pinch.scale * d / pinch.d / view.scale, (a[0] + b[0]) / 2, (a[1] + b[1]) / 2, m);
      } else if (drag) {
        if (Math.hypot(p[0] - drag.at[0], p[1] - drag.at[1]) > 4) drag.far = true;
        if (drag.far) {
          view.x = drag.x - (p[0] - drag.at[0]) / view.scale;
          view.y = drag.y + (p[1] - drag.at[1]) / view.scale;
          dragged();
          camera.moved();
        }
      }
    });
    const up = (e) => {
      const p = local(e), was = drag;
      fingers.delete(e.pointerId);
      if (fingers.size < 2) pinch = null;
      if (!fingers.size) drag = null;
      if (e.type === "pointerup" && was && !was.far) { hoverTip.hidden = true; click(m, p); }
    };
    m.top.addEventListener("pointerup", up);
    m.top.addEventListener("pointercancel", up);
    m.top.addEventListener("pointerleave", () => { hoverTip.hidden = true; mark(m, null); });
    m.top.addEventListener("dblclick", (e) => camera.zoom(2, ...local(e), m));
  };
}

// A round glass that shows the place under the pointer from close by.
function createLens(ground, on, getTheme) {
  const SIDE = 204, canvas = el("canvas", { class: "pk-lens", hidden: true });
  const view = createView(ground.box), map = createMap(ground, view, on, getTheme);
  const circle = (c) => { c.beginPath(); c.arc(SIDE / 2, SIDE / 2, SIDE / 2 - 2, 0, 6.2832); };
  const lens = {
    canvas,
    // True when it is held and has drawn.
    draw(m, px, py, strikes) {
      if (canvas.hidden) return false;
      const c = fitted(canvas, SIDE, SIDE);
      Object.assign(view, { x: m.fromX(px), y: m.fromY(py), scale: clamp(m.view.scale * 3.4, 44, 160) });
      Object.assign(map.extras, { ...m.extras, selection: null, leader: null, notes: [], hover: null });
      map.resize(SIDE, SIDE);
      map.show(m.scene, null, strikes, []);
      map.paint(performance.now() + 1000);
      c.save();
      circle(c);
      c.clip();
      map.flat(c, 0, 0);
      c.restore();
      c.strokeStyle = getTheme().ink;
      c.lineWidth = 2.5;
      circle(c);
      c.stroke();
      return true;
    },
    show(yes, m, strikes) { canvas.hidden = !yes; if (yes) lens.draw(m, m.width / 2, m.height / 2, strikes); },
  };
  return lens;
}

// Keys of the page. `plain` are by name, `moves` pan the map with Alt; a field that is typed in keeps its keys.
function listenToKeys(root, full, { escape, plain, pan, layer, lens }) {
  const onKey = (e) => {
    const tag = e.target.tagName, typing = (tag === "INPUT" && !["checkbox", "range"].includes(e.target.type)) || tag === "SELECT" || tag === "TEXTAREA";
    if (!full() && !root.contains(e.target)) return;
    if (e.key === "Escape") { escape(); return; }
    if (typing || e.ctrlKey || e.metaKey) return;
    if (tag === "INPUT" && e.target.type === "range" && e.key.startsWith("Arrow")) return;
    if ((tag === "BUTTON" || tag === "SUMMARY" || tag === "A") && (e.key === " " || e.key === "Enter")) return;
    if (e.key === " " && e.target.type === "checkbox") return; // the switch takes it
    if (e.key === "Z" || e.key === "z") { if (!e.repeat) lens(true); return; }
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[e.key];
    const name = e.key.length === 1 ? e.key.toLowerCase() : e.key;
    if (way && e.altKey) pan(...way);
    else if (plain[name]) plain[name](e);
    else if (!layer(name)) return;
    e.preventDefault();
  };
  const onUp = (e) => { if (e.key === "z" || e.key === "Z") lens(false); };
  document.addEventListener("keydown", onKey);
  document.addEventListener("keyup", onUp);
  return () => { document.removeEventListener("keydown", onKey); document.removeEventListener("keyup", onUp); };
}
