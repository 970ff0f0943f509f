// What a file without a server says of itself, in the place of the levers.

function fileWords(ground) {
  const { scenario, file } = ground;
  return [scenario.about, `${ground.replay}: ${number(scenario.days)} days from ${dateText(dayOf(scenario.start, 0))}, one frame every ${number(file.every_hours)} hours. A run of a model, not observed.`, file.note,
    `Nothing is asked of any server, and nothing leaves this file. ${ground.missing.length ? "" : `Places of units are rounded to about ${number((ground.box[1] - ground.box[0]) / 8.192, ground.box[1] - ground.box[0] < 40 ? 1 : 0)} m. `}Version of the model: ${file.commit}.`].filter(Boolean);
}

function createFilePanel(ground) {
  const moved = el("p");
  return {
    root: el("section", { class: "pk-levers pk-file-words", "aria-label": "About this file" }, el("header", {}, el("h2", {}, "This file")), ...fileWords(ground).map((words) => el("p", {}, words)), moved),
    moved(list) { setText(moved, `${ground.rerun ? "B against A" : "Levers"}: ${list.join(", ") || "none moved"}.`); },
  };
}
