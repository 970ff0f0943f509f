// The page: puts the parts together, listens to the session behind it and to the reader.

function render({ model, el: host }) {
  const root = el("div", { class: "pk", "data-size": "wide", lang: "en" });
  host.append(root);
  const full = () => model.get("height") === 0;
  root.toggleAttribute("data-full", full());
  root.style.height = full() ? "100vh" : `${model.get("height")}px`;
  if (full()) { // the page has the document for itself: its language, and zoom by hand
    document.documentElement.lang ||= "en";
    document.querySelector("meta[name=viewport]")?.setAttribute("content", "width=device-width, initial-scale=1");
  }
  const send = (message, buffers) => { try { model.send(message, undefined, buffers); } catch { lost("gone"); } };
  const address = createAddress(full());

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
    root, send, cards, tip, live, full, wake, redrawAll, address,
    wantsCompare: address.link?.look !== undefined,
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
  // A ping is answered at once, whatever the battle does. Without an answer the server itself is asked: it is gone, silent, or there
  // but without this battle; then the page loads again, and the battle is simulated again from its address.
  const PING_MS = 500, QUIET_MS = 1000, ANSWER_MS = 800, ENDED_MS = 6000, SLEPT_MS = 12000;
  let asked = 0, probing = false, isLost = "", backSince = 0;
  const LOST = {
    gone: ["The connection is gone", "The server does not answer any more. The picture stays, and the map still pans. When the server is back, the page goes on."],
    ended: ["The battle does not answer", "Its server is there. It may be busy with other work, or it has ended this battle while the page slept."],
    silent: ["The server is silent", "It has not answered for some seconds: it may be busy. The picture stays, and the map still pans."],
  };
  function lost(how) {
    if (how === isLost) return;
    const before = isLost;
    isLost = how;
    root.classList.toggle("pk-lost", !!how);
    if (how) cards.show("lost", LOST[how][0], [el("p", {}, LOST[how][1])], [["Reload the page", () => window.location.reload(), true]], "pk-bar");
    else { cards.hide("lost"); if (before === "gone") hello(); }
  }
  async function reached() {
    const stop = new AbortController(), timer = setTimeout(() => stop.abort(), ANSWER_MS);
    try { await fetch(window.location.pathname, { method: "HEAD", cache: "no-store", signal: stop.signal }); return "there"; } catch { return stop.signal.aborted ? "silent" : "gone"; } finally { clearTimeout(timer); }
  }
  // Loads the page again for a battle that its address can bring back; once a minute, for what fails again waits for the reader.
  let leaving = false;
  const onHide = () => { leaving = true; };
  window.addEventListener("pagehide", onHide, true); // before the host closes its connection
  function loadAgain() {
    if (!full() || leaving || !address.text() || Date.now() - Number(recall("pokrovsk ended at")) < 60000) return false;
    remember("pokrovsk ended at", String(Date.now()));
    remember("pokrovsk ended", "yes");
    window.location.reload();
    return true;
  }
  async function probe() {
    probing = true;
    const answer = await reached();
    probing = false;
    if (!asked) return; // it has answered meanwhile
    if (answer !== "there") { backSince = 0; lost(answer); return; }
    backSince = backSince || performance.now();
    if (performance.now() - backSince < (isLost === "gone" ? ENDED_MS : SLEPT_MS)) return;
    if (!loadAgain()) lost("ended");
  }
  const remember = store;
  const recall = (name) => { try { return sessionStorage.getItem(name); } catch { return null; } };
  const beat = setInterval(() => {
    asked = asked || performance.now();
    send({ do: "ping" });
    if (asked && performance.now() - asked > QUIET_MS && !document.hidden && !probing) probe();
  }, PING_MS);

  const heard = (message, buffers) => {
    asked = backSince = 0;
    if (isLost) lost("");
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
    compiling(m) {
      bar.value = m.share;
      setText(loading, `The first start on a machine turns the rules into machine code: ${number(m.done)} of ${number(m.total)} kernels are compiled, ${number(100 * m.share)} % of the work. Play waits its turn.`);
    },
    pong() {},
  };
  model.on("msg:custom", heard);

  setTheme(model.get("theme") !== "auto" ? model.get("theme") : stored("pokrovsk theme") || (window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light"), false);
  const loading = el("p", { role: "status" }, "Land, roads and names first, then the units. Play waits its turn."), bar = el("progress", { max: 1, "aria-label": "Share of the work done" });
  cards.show("loading", "Building the battle", [loading, bar], [], "pk-corner");
  const first = setInterval(() => { if (page && page.debug.now) { cards.hide("loading"); clearInterval(first); } }, 100);
  function hello() { send({ do: "hello", ...(address.link ? { link: address.link } : {}) }); }
  // After a loss, and after a reload: what became of the battle.
  const was = address.link;
  const ended = recall("pokrovsk ended") === "yes";
  remember("pokrovsk ended", "");
  if (was?.head > 0 || ended) {
    const to = was?.head > 0 ? "The same battle is simulated again, from its seed and levers, up to where it was." : "It starts at its first day.";
    cards.notify(`${ended ? "The battle ended with its server. " : ""}${to}`, 12000);
  }
  hello();
  return () => {
    clearInterval(beat);
    clearInterval(first);
    model.off("msg:custom", heard);
    address.end();
    loadAgain(); // the host takes the page away when the server has ended its battle
    window.removeEventListener("pagehide", onHide, true);
    if (page) page.end();
    root.remove();
  };
}

export default { render };
