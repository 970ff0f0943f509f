// The recording in a file: its parts, unpacked when they are wanted. `saved/packing.py` tells how they are packed.

const NOBODY = 255; // code of a unit that is not on the map in a frame
const KEPT = 4; // segments that stay unpacked

async function inflated(text) {
  const coded = atob(text), bytes = new Uint8Array(coded.length);
  for (let k = 0; k < coded.length; k += 1) bytes[k] = coded.charCodeAt(k);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

// Running sums of differences, frame by frame, times what was rounded by: a field of every frame. One that did not change is the same object.
function fieldsOf(bytes, n, size, by) {
  const sum = new Uint8Array(size), out = [];
  for (let f = 0; f < n; f += 1) {
    let changed = f === 0;
    for (let k = 0, at = f * size; k < size; k += 1) if (bytes[at + k]) { sum[k] += bytes[at + k]; changed = true; }
    if (!changed) { out.push(out[f - 1]); continue; }
    const field = new Uint8Array(size);
    for (let k = 0; k < size; k += 1) field[k] = Math.min(sum[k] * by, 255);
    out.push(field);
  }
  return out;
}

// The units of every frame, packed as a session sends them: id u4, x u2, y u2, men u1, code u1, supply u1.
function unitsOf(bytes, n, size, rounding) {
  const ids = bytes.subarray(0, 4 * size), all = n * size, out = [];
  const [xLow, xHigh, yLow, yHigh, menSteps, codeSteps, supplySteps] = Array.from({ length: 7 }, (_, k) => bytes.subarray(4 * size + k * all, 4 * size + (k + 1) * all));
  const x = new Int32Array(size), y = new Int32Array(size), men = new Uint8Array(size), code = new Uint8Array(size), supply = new Uint8Array(size);
  const unzigzag = (low, high) => { const z = low | (high << 8); return (z >>> 1) ^ -(z & 1); };
  for (let f = 0; f < n; f += 1) {
    let here = 0;
    for (let k = 0, at = f * size; k < size; k += 1, at += 1) {
      x[k] += unzigzag(xLow[at], xHigh[at]);
      y[k] += unzigzag(yLow[at], yHigh[at]);
      men[k] += menSteps[at];
      code[k] += codeSteps[at];
      supply[k] += supplySteps[at];
      if (code[k] !== NOBODY) here += 1;
    }
    const data = new Uint8Array(11 * here), short = new Uint16Array(data.buffer, 4 * here, 2 * here);
    for (let k = 0, i = 0; k < size; k += 1) {
      if (code[k] === NOBODY) continue;
      data.set(ids.subarray(4 * k, 4 * k + 4), 4 * i);
      short[i] = Math.min(x[k] * rounding.place, 65535);
      short[here + i] = Math.min(y[k] * rounding.place, 65535);
      data[8 * here + i] = men[k];
      data[9 * here + i] = code[k];
      data[10 * here + i] = Math.min(supply[k] * rounding.unit_supply, 255);
      i += 1;
    }
    out.push(data);
  }
  return out;
}

// Layers by frame, [{name: bytes} by arm] for each, of one segment.
function segmentOf(head, bytes, rounding) {
  const frames = Array.from({ length: head.n }, () => head.arms.map(() => ({})));
  let at = 0;
  const take = (length) => bytes.subarray(at, (at += length));
  head.arms.forEach((layers, arm) => {
    for (const [name, size] of layers) {
      const list = name === "bombs" ? size.map((length) => take(length).slice())
        : name === "units" ? unitsOf(take(4 * size + 7 * head.n * size), head.n, size, rounding)
          : fieldsOf(take(head.n * size), head.n, size, rounding[name] || 1);
      list.forEach((data, f) => { frames[f][arm][name] = data; });
    }
  });
  return frames;
}

// The recording of this document: its head, the buffers of the ground, and the layers of any frame.
async function openRecording() {
  const parts = [...document.querySelectorAll(".pk-chunk")].map((node) => node.textContent);
  const head = JSON.parse(new TextDecoder().decode(await inflated(parts[0]))), land = await inflated(parts[1]);
  let at = 0;
  const buffers = head.buffers.map((length) => land.slice(at, (at += length)));
  const kept = new Map(); // number of a segment -> its frames, or the promise of them; the newest last
  const open = (k) => {
    const found = kept.get(k) || inflated(parts[2 + k]).then((bytes) => segmentOf(head.segments[k], bytes, head.rounding));
    kept.delete(k);
    kept.set(k, found);
    while (kept.size > KEPT) kept.delete(kept.keys().next().value);
    return found;
  };
  return {
    head, buffers, n: head.moments.length,
    async layers(frame) {
      const k = head.segments.findLastIndex((s) => s.first <= frame);
      const frames = await open(k);
      if (k + 1 < head.segments.length) open(k + 1); // it will be wanted next
      return frames[frame - head.segments[k].first];
    },
  };
}
