// What all charts share: hairlines with numbers, round ticks, words on the lines, lines with gaps.

// A hairline and its number for every tick; a number that would stand on another is left out.
function gridLines(c, theme, ticks, y, left, right, format) {
  c.font = `400 10.5px ${SANS}`;
  c.textAlign = "right";
  c.textBaseline = "middle";
  c.lineWidth = 1;
  let last = Infinity;
  for (const t of ticks) {
    const at = y(t);
    c.strokeStyle = t === 0 ? theme.tertiary : theme.hairline;
    c.beginPath(); c.moveTo(left, Math.round(at) + 0.5); c.lineTo(right, Math.round(at) + 0.5); c.stroke();
    if (Math.abs(at - last) < 11) continue;
    last = at;
    c.fillStyle = theme.tertiary;
    c.fillText(format(t), left - 6, at);
  }
}

function ticksFor(low, high, most = 3) {
  const step = niceStep(high - low, most), out = [];
  for (let t = Math.ceil(low / step - 1e-9) * step; t <= high + 1e-9; t += step) out.push(Math.abs(t) < step / 1e3 ? 0 : t);
  return out;
}

function tag(c, text, x, y, color, theme, align = "left") {
  c.font = `500 10.5px ${SANS}`;
  c.textAlign = align;
  c.textBaseline = "middle";
  c.strokeStyle = theme.paper;
  c.lineWidth = 3;
  c.strokeText(text, x, y);
  c.fillStyle = color;
  c.fillText(text, x, y);
}

// A line through values by day from `first` on, open where there is none.
function dayLine(c, values, x, y, first = 0) {
  let open = false;
  c.beginPath();
  for (let d = first; d < values.length; d += 1) {
    const v = values[d];
    if (v === null || v === undefined) { open = false; continue; }
    if (open) c.lineTo(x(d), y(v)); else c.moveTo(x(d), y(v));
    open = true;
  }
  c.stroke();
}
