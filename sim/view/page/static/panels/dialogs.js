// Cards: another battle, keys, glossary, figures, files to save, faults, the menu of a phone.

const KEYS = [["Space", "play, pause"], ["← →", "one step, with Shift a day"], ["[ ]", "event before, after"], ["+ −", "closer, farther"], ["Alt + arrows", "move the map"], ["Enter", "on the map: inspect its middle"], ["1 to 9, L, U", "layers, thin line, units"], ["0", "whole sector"], ["C", "compare; W swipe, B blink"], ["F, P, S", "follow, pin, story of a unit"], ["E", "all events"], ["G", "glossary"], ["Z", "lens, while held"], ["T", "light or dark"], ["?", "these keys"], ["Esc", "close"]];
const FIGURES = [["held_km2", "Held, km²"], ["gained_km2", "Gained, km²"], ["lost_km2", "Lost, km²"], ["casualties_attacker", "Casualties, attacker"], ["casualties_defender", "Casualties, defender"], ["infantry_attacker", "Infantry, attacker"], ["infantry_defender", "Infantry, defender"], ["days_in_place_defender", "Days in place, defender"], ["kill_zone_km_defender", "Kill zone, km"]];

function createDialogs(ground, host, self, { charts, guide, film, savePicture, name }) {
  const { cards, send } = host, { scenario } = ground, { start } = scenario, shelf = ground.shelf || [];
  // A card that a second call closes again.
  const toggled = (name, open) => () => (cards.has(name) ? cards.hide(name) : open());
  const close = (name, first = true) => ["Close", () => cards.hide(name), first];
  const then = (name, work) => () => { cards.hide(name); work(); };

  // What starting over costs, and how to keep it.
  const lostDays = () => {
    const n = Math.floor((self.now?.head ?? 0) / scenario.steps_per_day);
    return n && !ground.replay ? [el("p", {}, `${number(n)} simulated day${n === 1 ? "" : "s"} of this battle will be gone; its link brings ${n === 1 ? "it" : "them"} back.`)] : [];
  };
  const copy = (text, what) => { navigator.clipboard?.writeText(text).then(() => cards.notify(`${what} copied.`), () => cards.notify("The browser did not allow it.")); };
  const copyButtons = () => (host.address.text() ? [["Copy link", () => copy(host.address.text(), "The link is")]] : []);
  const startOver = () => cards.show("again", "Start over?", [...lostDays(), el("p", { class: "pk-sub" }, "The same scenario and seed, with the levers as they stand, from the first day.")],
    [close("again"), ["Start over", then("again", () => send({ do: "reset" }))], ...copyButtons()], "pk-corner");

  const begin = toggled("begin", ground.file ? () => cards.show("begin", scenario.title, fileWords(ground).map((words) => el("p", {}, words)), [close("begin")], "pk-begin") : () => {
    const pick = el("select", { "aria-label": "Scenario" }, ...shelf.map((s) => el("option", { value: s.name, selected: s.name === scenario.name }, s.title)));
    const first = el("input", { type: "date", value: start, "aria-label": "First day" }), seed = el("input", { type: "number", min: 0, value: scenario.seed, "aria-label": "Seed" });
    const about = el("p", { class: "pk-sub" }, scenario.about), chosen = () => shelf.find((s) => s.name === pick.value);
    pick.addEventListener("change", () => { const s = chosen(); first.value = s.start; setText(about, `${s.title}, ${s.days} days.`); });
    cards.show("begin", "Start another battle", [
      ...lostDays(), el("label", {}, "Scenario", pick), about, el("div", { class: "pk-two" }, el("label", {}, "First day", first), el("label", {}, "Seed", seed))],
    [close("begin"), ["Start over", then("begin", () => { const s = chosen(); send({ do: "begin", scenario: pick.value, seed: Number(seed.value), ...(s && first.value !== s.start ? { start: first.value } : {}) }); })],
      ...copyButtons()], "pk-begin");
  });
  const table = () => {
    cards.hide("keys");
    const rows = [];
    for (let d = 0; d <= charts.last(); d += charts.bucket) rows.push(el("tr", {}, el("th", { scope: "row" }, shortDate(dayOf(start, d))), ...FIGURES.map(([n]) => el("td", {}, number(charts.value(n, d), n.includes("zone") ? 1 : 0)))));
    cards.show("table", "Figures of this run", [el("div", { class: "pk-scroll", tabindex: "0" }, el("table", {}, el("thead", {}, el("tr", {}, el("th", {}, ""), ...FIGURES.map(([, t]) => el("th", { scope: "col" }, t)))), el("tbody", {}, ...rows)))], [close("table")], "pk-center pk-broad");
  };
  // Words of the model, as sim/README.md defines them.
  const glossary = toggled("glossary", () => {
    cards.hide("keys");
    cards.show("glossary", "Glossary", [el("dl", { class: "pk-scroll pk-glossary", tabindex: "0" }, ...Object.entries(ground.glossary || {}).flatMap(([word, text]) => [el("dt", {}, word), el("dd", {}, text)]))], [close("glossary")], "pk-center pk-broad");
  });
  // Sources, limits, how well it forecast, how to cite.
  const about = toggled("about", () => {
    const a = ground.about, list = (words) => el("ul", {}, ...words.map((w) => el("li", {}, w)));
    cards.hide("keys");
    cards.show("about", "About this model", [el("div", { class: "pk-scroll pk-about", tabindex: "0" }, el("h3", {}, "Sources"), list(a.sources), el("h3", {}, "Limits"), list(a.limits),
      ...(a.forecast ? [el("h3", {}, `How well it forecast: from ${dateText(new Date(`${a.forecast.from}T00:00:00Z`))}, scored to ${dateText(new Date(`${a.forecast.to}T00:00:00Z`))}`), list(a.forecast.findings)] : []),
      el("h3", {}, "How to cite"), el("p", {}, a.cite))], [close("about"), ["Copy citation", () => copy(host.address.text() ? citation() : a.cite, "The citation is")]], "pk-center pk-broad");
  });
  const guided = (from) => (ground.guide ? [[`Guide: ${ground.guide.title}`, then(from, guide)]] : []);
  const keys = toggled("keys", () => cards.show("keys", "Keys", [el("dl", { class: "pk-keys" }, ...KEYS.flatMap(([k, t]) => [el("dt", {}, el("kbd", {}, k)), el("dd", {}, t)])),
    el("p", { class: "pk-sub" }, "Click inspects, drag pans, wheel or pinch zooms, double click goes closer. Scrubbing the time line shows what was recorded.")], [...guided("keys"), ["About", about], ["Glossary", glossary], ["Figures as a table", table], close("keys")], "pk-center"));
  const savePage = () => {
    self.busy = true; // until the file is here
    cards.show("film", "Writing the file", [el("p", {}, "The recorded days, one frame a day, with map, charts and events. It opens from disk and asks nothing of any server.")], [], "pk-corner");
    send({ do: "page", name: name() });
  };
  const save = toggled("save", () => {
    const file = (text, work, first) => [text, then("save", work), first];
    cards.show("save", "Save", [el("p", { class: "pk-sub" }, "Nothing leaves this computer: files are made here.")], [
      file("Picture, PNG", savePicture, true),
      ...(ground.file ? [] : [file("Battle so far, one HTML file", savePage), file("Battle so far, GIF", () => film("gif")), ...(ground.ffmpeg ? [file("Battle so far, MP4", () => film("mp4"))] : [])]),
      file("Figures by day, CSV", () => send({ do: "table", format: "csv", name: name() })), ...(ground.file ? [] : [file("Figures by day, Parquet", () => send({ do: "table", format: "parquet", name: name() }))]),
      ...copyButtons(), ...(host.address.text() ? [["Copy citation", () => copy(citation(), "The citation is")]] : []), close("save", false)], "pk-save");
  });
  // How to cite this battle: what it is, its version, its link.
  const citation = () => `Pokrovsk sector: an agent-based model of a battle, version ${host.address.link.model}. Scenario ${scenario.name} from ${start}, ${scenario.days} days, seed ${scenario.seed}. Modeled, not observed. ${host.address.text()}`;
  // What a phone has no room for in its header.
  const menu = toggled("menu", () => cards.show("menu", scenario.title, [el("p", { class: "pk-sub" }, `Seed ${scenario.seed}. ${scenario.about}`)], [
    [ground.file ? "About this file" : "Start another battle", then("menu", begin), true], ["Save", then("menu", save)], ["Light or dark", then("menu", host.flipTheme)],
    ["Figures as a table", then("menu", table)], ...guided("menu"), ["About this model", then("menu", about)], ["Glossary", then("menu", glossary)], close("menu", false)], "pk-save"));
  const fault = (m) => {
    const levers = Object.entries(m.levers).map(([k, v]) => `${k} = ${v}`).join(", ") || "none moved";
    const report = `step ${m.step}${m.phase ? `, phase ${m.phase}` : ""}\n${m.reason}\nscenario ${m.scenario}, seed ${m.seed}, levers ${levers}, commit ${m.commit}\n${m.details.join("\n")}`;
    cards.show("fault", `The run stopped at step ${number(m.step)}`, [
      el("p", {}, m.phase ? ["Phase ", el("b", {}, m.phase), ": "] : null, m.reason, ". The last good frame is shown."),
      el("p", { class: "pk-sub" }, `${m.scenario} · seed ${m.seed} · ${levers} · commit ${m.commit}`),
      el("details", {}, el("summary", {}, "Details"), el("pre", {}, m.details.join("\n")))],
    [[m.restart_day ? `Restart from day ${m.restart_day}` : "Restart", () => { cards.hide("fault"); send({ do: "restart" }); }, true],
      ["Copy report", () => { navigator.clipboard?.writeText(report).then(() => cards.notify("Copied."), () => cards.notify("The browser did not allow it.")); }]], "pk-fault");
  };
  // The battle has come to its last day: what to do next, once.
  const over = () => cards.show("over", "The last day", [el("p", {}, `${scenario.days} days are over. The time line shows every day again; the figures can be saved.`)],
    [close("over"), ["Start over", then("over", startOver)], ["Another seed", then("over", begin)]], "pk-corner");
  return { begin, keys, glossary, about, table, save, menu, fault, over };
}

// The recorded days drawn one by one and sent to become an animation.
function createFilm(ground, host, self, { maps, words, still }) {
  const { cards, send, root } = host, { scenario } = ground, perDay = scenario.steps_per_day;
  let reel = null;
  return {
    start(kind) {
      if (!self.now) { cards.notify("There is no battle yet."); return; }
      reel = { kind, back: self.now.step };
      self.busy = true;
      send({ do: "pause" });
      send({ do: "frames" });
      cards.show("film", "Making an animation", [el("p", {}, "Drawing the recorded days, one by one."), el("progress", { max: 1, value: 0 })], [["Cancel", () => { if (reel) reel.stop = true; cards.hide("film"); }]], "pk-corner");
    },
    async roll(steps) {
      if (!reel) return;
      const daily = steps.filter((s) => s % perDay === 0), every = Math.max(1, Math.ceil(daily.length / 180)), list = daily.filter((_, k) => k % every === 0 || k === daily.length - 1);
      send({ do: "film", begin: true, name: words().name, rate: clamp(list.length / 12, 4, 15) });
      for (const [k, step] of list.entries()) {
        if (reel.stop) break;
        send({ do: "seek", step, hold: true });
        for (let wait = 0; wait < 100 && self.now.step !== step; wait += 1) await new Promise((r) => setTimeout(r, 20));
        still();
        send({ do: "film" }, [(await pngBytes(pictureOf(maps(), words(), host.theme(), 1, 800))).buffer]);
        const bar = root.querySelector('[data-card="film"] progress');
        if (bar) bar.value = (k + 1) / list.length;
      }
      if (!reel.stop) send({ do: "film", finish: reel.kind });
      send({ do: "seek", step: reel.back, hold: true });
      reel = null;
      self.busy = false;
    },
  };
}
