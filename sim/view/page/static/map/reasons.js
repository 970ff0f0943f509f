// Why something happened, lit on the map: the ground that was looked at, and what the sentence names.

const REASON_KM = 4; // around the point of the line, as sim/reasons.py has it
// What a figure of the sentence is on the map. `unit` tells which units are marked; `ours` is the side that lost.
const FIGURE_UNITS = {
  men: (code, ours, side) => side === ours && !(code & CODE.waits),
  strain: (code, ours, side) => side === ours && !!(code & CODE.tired),
  supply: (code, ours, side) => side === ours && !(code & CODE.waits),
  pressed: (code, ours, side) => side !== ours && !(code & CODE.waits),
  attacks: (code, ours, side) => side !== ours && !!(code & (CODE.moves | CODE.infiltrates)),
  reliefs: (code, ours, side) => side === ours && !!(code & CODE.waits) && !!(code & CODE.moves),
};
const ON_ROADS = new Set(["supply", "reliefs", "roads"]), ON_GROUND = new Set(["ground", "works", "shells", "bombs", "drones"]);

// Who lost by an event: the attacker where the defender wins ground, and in a pocket of his own.
function loserOf(e) { return e.kind === "recapture" || e.kind === "counterattack" || /^Pocket of the attacker/.test(e.words || "") ? 0 : 1; }

function drawReasons(c, map, lit, theme) {
  const { scene, ratio, width, height } = map, figures = new Set(lit.figures), x = map.toX(lit.x), y = map.toY(lit.y), r = REASON_KM * map.view.scale;
  const disk = () => { c.beginPath(); c.arc(x, y, r, 0, 6.2832); };
  c.save();
  c.fillStyle = theme.paper; // all but the ground that was looked at steps back
  c.globalAlpha = 0.5;
  c.beginPath();
  c.rect(0, 0, width, height);
  c.arc(x, y, r, 0, 6.2832, true);
  c.fill();
  c.globalAlpha = 1;
  c.save();
  disk();
  c.clip();
  if ([...figures].some((f) => ON_GROUND.has(f))) {
    c.fillStyle = theme.side[1 - lit.loser];
    c.globalAlpha = 0.1;
    disk();
    c.fill();
    c.globalAlpha = 1;
  }
  if ([...figures].some((f) => ON_ROADS.has(f)) && scene.raw.threat) {
    map.kmTransform(c);
    c.strokeStyle = theme.danger;
    c.lineWidth = 2.4 / map.view.scale;
    c.stroke(scene.dangerRoads(map.ground.roads));
    c.setTransform(ratio, 0, 0, ratio, 0, 0);
  }
  const units = scene.units(), chosen = [...figures].map((f) => FIGURE_UNITS[f]).filter(Boolean);
  if (units && chosen.length) {
    c.strokeStyle = theme.ink;
    c.lineWidth = 0.8;
    c.beginPath();
    for (let k = 0; k < units.n; k += 1) {
      const code = units.code[k], px = map.toX(units.x[k]), py = map.toY(units.y[k]);
      if ((code & 7) !== KIND.infantry || Math.hypot(px - x, py - y) > r || !chosen.some((f) => f(code, lit.loser, (code >> 3) & 1))) continue;
      c.moveTo(px + 5.2, py);
      c.arc(px, py, 5.2, 0, 6.2832);
    }
    c.stroke();
  }
  c.restore();
  for (const [color, wide] of [[theme.paper, 4.4], [theme.ink, 1.8]]) {
    c.strokeStyle = color;
    c.lineWidth = wide;
    disk();
    c.stroke();
  }
  c.restore();
}

// A sentence of a simulation as one for a reader: its parts, and the whole with a beginning and an end.
function becauseParts(e) { return e.because ? e.because.split(/, (?!\d{3}\b)/) : []; }
function becauseSentence(e) { return e.because ? `Why: ${e.because}.` : ""; }
