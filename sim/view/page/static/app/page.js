// The page: puts the parts together, listens to the session behind it and to the reader.

function render({ model, el: host }) {
  const root = el("div", { class: "pk", "data-size": "wide", lang: "en" });
  host.append(root);
  const full = () => model.get("height") === 0;
  root.toggleAttribute("data-full", full());
  root.style.height = full() ? "100vh" : `${model.get("height")}px`;
  const send = (message, buffers) => { try { model.send(message, undefined, buffers); } catch { lost(true); } };

  // ---- theme ----
  let theme = LIGHT;
  const stored = (name) => { try { return localStorage.getItem(name); } catch { return null; } };
  const setTheme = (name, keep) => {
    theme = name === "dark" ? DARK : LIGHT;
    root.dataset.theme = theme.name;
    if (keep) { try { localStorage.setItem("pokrovsk theme", theme.name); } catch { /* private window */ } }
    redrawAll();
  };

  // ---- what is known ----
  let page = null; // everything made for one ground message
  let frames = 0;
  window.__frames = 0;
  const spent = (window.__spent = { take: 0, paint: 0 }); // ms so far, for the bench
  const timed = (name, work) => { const begin = performance.now(), out = work(); spent[name] += performance.now() - begin; return out; };
  const cards = createCards(root), tip = createTip(root);
  const live = el("p", { class: "pk-live", "aria-live": "polite" });
  root.append(live);
  const stage = {
    root, send, cards, tip, live, full, wake, redrawAll,
    theme: () => theme,
    flipTheme: () => setTheme(theme === LIGHT ? "dark" : "light", true),
    size: () => root.dataset.size,
    isShown: (one) => page === one,
    keepsUp() { const yes = tickMs < 45; if (!yes) tickMs -= 0.5; return yes; }, // after a while it is tried again
  };

  function redrawAll() { if (page) { page.redraw(); wake(); } }

  // ---- drawing when there is something to draw ----
  let awake = false, again = false, lastTick = 0, tickMs = 16; // how long the machine really takes from picture to picture
  function wake() { if (!awake) { awake = true; requestAnimationFrame(tick); } }
  function tick(now) {
    awake = false;
    if (!page) return;
    if (again && now - lastTick < 400) tickMs = 0.85 * tickMs + 0.15 * (now - lastTick);
    lastTick = now;
    again = timed("paint", () => page.paint(now));
    if (again) wake();
  }

  // ---- messages ----
  let lastWord = performance.now(), isLost = false;
  function lost(yes) {
    if (yes === isLost) return;
    isLost = yes;
    root.classList.toggle("pk-lost", yes);
    if (yes) cards.show("lost", "The connection is gone", [el("p", {}, "The picture stays, and the map still pans. The battle waits; it goes on when the connection is back.")], [["Reload the page", () => window.location.reload(), true]], "pk-bar");
    else { cards.hide("lost"); send({ do: "hello" }); }
  }
  const beat = setInterval(() => {
    send({ do: "ping" });
    if (performance.now() - lastWord > 12000 && !document.hidden && page?.now && !page.busy) lost(true); // while a battle is built nobody answers
  }, 4000);

  const heard = (message, buffers) => {
    lastWord = performance.now();
    if (isLost) lost(false);
    const work = inbox[message.type];
    if (work) work(message, (buffers || []).map(bytesOf));
  };
  const inbox = {
    ground(m, buffers) {
      m.buffers.forEach((name, k) => { m[name] = buffers[k].slice(); });
      if (page) page.end();
      page = createStage(m, stage);
      window.__page = page;
      page.start();
    },
    levers(m) { if (page && m.epoch >= page.epoch) page.levers(m); },
    frame(m, buffers) { if (page && m.epoch >= page.epoch) { timed("take", () => page.frame(m, buffers.map((b) => b.slice()))); frames += 1; window.__frames = frames; } },
    state(m) { page?.state(m); },
    inspected(m) { page?.inspected(m); },
    replicates(m) { page?.replicates(m); },
    notice(m) { cards.notify(m.words); },
    fault(m) { page?.fault(m); },
    file(m, buffers) { const kind = m.name.split(".").pop(); download(m.name, buffers, FILE_TYPES[kind] || "application/octet-stream"); cards.notify(`${m.name} is ready.`); cards.hide("film"); if (page) page.busy = false; },
    steps(m) { page?.film(m.steps); },
    compiling(m) { loading.textContent = `The first start on a machine turns the rules into machine code: ${m.done} of ${m.total} kernels are compiled, ${Math.round(100 * m.share)} % of the work.`; },
    pong() {},
  };
  model.on("msg:custom", heard);

  setTheme(model.get("theme") !== "auto" ? model.get("theme") : stored("pokrovsk theme") || (window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light"), false);
  const loading = el("p", {}, "Land, roads and names first, then the units.");
  cards.show("loading", "Building the battle", [loading], [], "pk-center");
  const first = setInterval(() => { if (page && page.debug.now) { cards.hide("loading"); clearInterval(first); } }, 100);
  send({ do: "hello" });
  return () => {
    clearInterval(beat);
    clearInterval(first);
    model.off("msg:custom", heard);
    if (page) page.end();
    root.remove();
  };
}

export default { render };
