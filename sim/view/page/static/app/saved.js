// A file that needs no server: answers the commands of the page from the recording in the document, as a session would.

const FRAMES_PER_S = 20; // at higher speeds frames are passed over
const AHEAD = 2; // frames sent and not yet drawn

function createPlayer(recording) {
  const { head, buffers, n } = recording, { ground } = head, steps = head.moments.map((m) => m.step), last = n - 1;
  const listeners = new Set();
  let playing = false, speed = 3 * ground.scenario.steps_per_day, shown = 0, wanted = 0, seq = 0, acked = 0, due = 0, timer = 0, fresh = true;
  let passing = null; // the promise of the frames that are on their way
  let have = [{}, {}]; // layers that the page has, by arm
  const say = (message, parts = []) => { for (const hear of listeners) hear({ epoch: 1, ...message }, parts); };
  const state = () => say({ type: "state", playing, speed, shown: steps[shown], head: steps[last], n_steps: steps[last], twin: !!head.twin, marks: head.marks, bytes: 0, ahead: null });
  const nearest = (step) => Math.max(steps.findLastIndex((s) => s <= step), 0);

  // Shows the wanted frame once it is unpacked; of several wanted meanwhile, the last.
  async function pass() {
    do {
      const k = wanted, arms = await recording.layers(k), layers = [], gone = [], parts = [];
      arms.forEach((mine, arm) => { for (const [name, data] of Object.entries(mine)) if (have[arm][name] !== data) { layers.push([arm, name]); parts.push(data); } });
      have.forEach((theirs, arm) => { for (const name of Object.keys(theirs)) if (!arms[arm]?.[name]) gone.push([arm, name]); });
      have = [arms[0], arms[1] || {}];
      shown = k;
      seq += 1;
      const first = fresh ? { days: { from: 0, columns: head.days }, events: head.events, events_from: 0, ...(head.twin ? { twin: head.twin } : {}) } : {};
      fresh = false;
      say({ type: "frame", seq, arms: arms.length, layers, gone, head: steps[last], n_steps: steps[last], ...head.moments[k], ...first }, parts);
    } while (wanted !== shown);
  }
  function go(k) {
    wanted = clamp(k, 0, last);
    passing ??= pass().catch((error) => say({ type: "notice", words: `This part of the recording cannot be read: ${error.message}.` })).finally(() => { passing = null; next(); });
    return passing;
  }
  function stop() { playing = false; clearTimeout(timer); }
  function rest() { stop(); state(); }
  function next() {
    clearTimeout(timer);
    if (!playing || passing || seq - acked >= AHEAD) return;
    if (shown >= last) { rest(); return; }
    const now = performance.now(), to = clamp(nearest(steps[shown] + Math.max(Math.round(speed / FRAMES_PER_S), 1)), shown + 1, last);
    timer = setTimeout(() => {
      due = Math.max(due + (steps[to] - steps[shown]) / speed * 1000, performance.now() - 250);
      go(to);
    }, Math.max(due - now, 0));
  }

  const commands = {
    async hello() {
      say({ type: "ground", ...ground }, buffers);
      say({ type: "levers", rows: head.levers });
      have = [{}, {}];
      fresh = true;
      acked = seq;
      await go(shown);
      state();
      if (ground.file.note) say({ type: "notice", words: ground.file.note });
    },
    play() { playing = true; due = performance.now(); acked = seq; state(); if (shown >= last) go(0); else next(); }, // at the end it starts again
    pause: rest,
    reset() { rest(); go(0); },
    speed(m) { speed = clamp(Number(m.value) || speed, 0.1, 2000); state(); },
    async step(m) {
      stop();
      const by = (m.count || 1) * (m.days ? ground.scenario.steps_per_day : 1), k = nearest(steps[shown] + by);
      await go(k !== shown ? k : shown + Math.sign(by));
      state();
    },
    async seek(m) { if (m.hold) stop(); await go(nearest(m.step)); state(); },
    compare: state,
    ack(m) { acked = Math.max(acked, Math.min(m.seq, seq)); next(); },
    async inspect(m) { say({ type: "inspected", request: m.request, now: true, what: described(ground, (await recording.layers(shown))[m.arm === 1 ? 1 : 0], m) }); },
    table(m) {
      const names = Object.keys(head.days), rows = head.days[names[0]].map((_, day) => [day, ...names.map((name) => head.days[name][day] ?? "")].join(","));
      say({ type: "file", name: `${m.name || `${ground.scenario.name}-${ground.scenario.seed}`}-daily.csv` }, [new TextEncoder().encode([["day", ...names].join(","), ...rows, ""].join("\n"))]);
    },
  };
  return {
    get: (name) => (name === "height" ? 0 : "auto"),
    on(_, hear) { listeners.add(hear); },
    off(_, hear) { listeners.delete(hear); if (!listeners.size) stop(); },
    send(m) {
      if (m.do === "ping") { say({ type: "pong" }); return; } // at once: a page that waits for it would ask a server
      setTimeout(() => (commands[m.do] || (() => say({ type: "notice", words: "A file can be watched, not changed." })))(m), 0);
    },
  };
}

// What the recording tells of a unit or a place, for the card.
function described(ground, layers, m) {
  const scene = createScene(ground);
  for (const [name, data] of Object.entries(layers || {})) scene.set(name, data);
  const percent = (v) => `${Math.round(100 * v)} %`, side = (s) => (s ? "defender" : "attacker"), u = scene.units();
  const threat = (x, y, s) => {
    const { nx, ny, cell } = ground.blocks, i = Math.floor((x - ground.box[0]) / cell), j = Math.floor((y - ground.box[2]) / cell);
    return layers.threat ? [[`Threat to the ${side(s)}`, `${number(layers.threat[s * nx * ny + clamp(j, 0, ny - 1) * nx + clamp(i, 0, nx - 1)] / 100, 2)} hits per km`]] : [];
  };
  if (m.uid !== undefined) {
    const k = u ? u.id.indexOf(m.uid) : -1;
    if (k < 0) return null;
    const code = u.code[k], of = (code >> 3) & 1;
    return { uid: m.uid, side: of, kind: code & 7, x: u.x[k], y: u.y[k], title: code & CODE.infiltrates ? "Infiltrators" : NAMES[code & 7], subtitle: side(of), foot: code & CODE.tired ? "Tired: 60 days of strain or more." : "",
      lines: [...((code & 7) === KIND.infantry ? [["Task", doing(code)]] : []), ["Men", number(u.men[k])], ["Supply", `${percent(u.supply[k] / 255)} of need`], ...threat(u.x[k], u.y[k], of)] };
  }
  const c = scene.cell(m.x, m.y), { grid, box } = ground, cells = grid.nx * grid.ny;
  if (c < 0) return null;
  const held = layers.control[c] / 250, of = held >= 0.5 ? 0 : 1, men = [0, 0];
  for (let k = 0; u && k < u.n; k += 1) if (scene.cell(u.x[k], u.y[k]) === c) men[(u.code[k] >> 3) & 1] += u.men[k];
  const near = ground.places.reduce((best, p) => { const d = Math.hypot(p.x - m.x, p.y - m.y); return d < best.d ? { d, p } : best; }, { d: Infinity, p: null });
  return { side: of, kind: -1, x: box[0] + (c % grid.nx + 0.5) * grid.cell, y: box[2] + (Math.floor(c / grid.nx) + 0.5) * grid.cell,
    title: near.p ? `Ground near ${near.p.name}` : "Ground", subtitle: `cell ${c % grid.nx}, ${Math.floor(c / grid.nx)} of ${grid.nx} × ${grid.ny}`, foot: "",
    lines: [["Held by the attacker", percent(held)], ...(u?.n ? [["Men here", `attacker ${men[0]}, defender ${men[1]}`]] : []),
      ...(layers.supply ? [["Supply of the holder", `${percent(layers.supply[of * cells + c] / 255)} arrives`]] : []), ...threat(m.x, m.y, 0), ...threat(m.x, m.y, 1)] };
}

// Opens the file, or says in a sentence why it cannot be shown.
async function openFile() {
  const place = document.getElementById("pk-file");
  try {
    render({ model: createPlayer(await openRecording()), el: place });
  } catch (error) {
    place.textContent = typeof DecompressionStream === "undefined" ? "This browser is too old to unpack the recording: Chrome 80, Firefox 113, Safari 16.4 and later can." : `The recording in this file cannot be read (${error.message}); it may have been cut off on its way.`;
  }
}
openFile();
