// The battle in the address: scenario, start, seed, levers with their steps, how far it ran and what is shown. A reload or a copied link
// brings it back, simulated again.

const LINK_NUMBERS = ["days", "seed", "fork", "head", "step", "at"];

// Levers by step as text: "0:key=value,key=value;16:key=value".
function leversText(entries) {
  return entries.map(([step, values]) => `${step}:${Object.entries(values).map(([k, v]) => `${k}=${encodeURIComponent(JSON.stringify(v))}`).join(",")}`).join(";");
}

// The same back; text that is none comes back as it is, and the session says so.
function leversOf(text) {
  try {
    return text.split(";").map((entry) => {
      const [step, ...rest] = entry.split(":"), values = {};
      if (!/^\d+$/.test(step)) throw new Error("no step");
      for (const part of rest.join(":").split(",").filter(Boolean)) {
        const k = part.indexOf("=");
        values[part.slice(0, k)] = JSON.parse(decodeURIComponent(part.slice(k + 1)));
      }
      return [Number(step), values];
    });
  } catch { return text; }
}

// `link` is the course of a battle as the session sends it, with `head`, `step` and what the page adds (`view`, `tab`, `look`).
function linkText(link) {
  const parts = { ...link, levers: link.levers.length > 1 || Object.keys(link.levers[0][1]).length ? leversText(link.levers) : "", was: link.was ? leversText(link.was) : "", fork: link.was ? link.fork : "" };
  const kept = (v) => encodeURIComponent(v).replaceAll("%3A", ":").replaceAll("%2C", ",").replaceAll("%3B", ";").replaceAll("%3D", "=").replaceAll("%25", "%");
  return `#${Object.entries(parts).filter(([, v]) => v !== "" && v !== null && v !== undefined).map(([k, v]) => `${k}=${kept(String(v))}`).join("&")}`;
}

// What an address holds; null without a battle.
function readLink(hash) {
  const out = {};
  for (const part of hash.replace(/^#/, "").split("&")) {
    const k = part.indexOf("="), name = part.slice(0, k), text = part.slice(k + 1);
    if (k < 1) continue;
    if (name === "levers" || name === "was") out[name] = leversOf(text);
    else { try { out[name] = decodeURIComponent(text); } catch { out[name] = text; } }
    if (LINK_NUMBERS.includes(name) && /^\d+$/.test(out[name])) out[name] = Number(out[name]);
  }
  return out.scenario ? out : null;
}

function store(name, value) { try { if (value) sessionStorage.setItem(name, value); else sessionStorage.removeItem(name); } catch { /* private window */ } }

// The battle as it was when this tab left an address that had not followed yet; else the address.
function newerThan(hash) {
  let left = null;
  try { left = JSON.parse(sessionStorage.getItem("pokrovsk left")); } catch { /* private window, or nothing of ours */ }
  store("pokrovsk left", "");
  return Array.isArray(left) && left[0] === hash && typeof left[1] === "string" ? left[1] : hash;
}

// Keeps the battle in the address of a page that has the window for itself.
function createAddress(full) {
  let own = window.location.hash;
  let link = full ? readLink(newerThan(own)) : null;
  function put() {
    if (!full || !link?.levers || linkText(link) === own) return;
    own = linkText(link);
    try { window.history.replaceState(window.history.state, "", own); } catch { /* too often, or not allowed */ }
  }
  const write = throttle(put, 600);
  // Who loads again before the address has followed loses no step: a reload asks for the address that it began with.
  const onHide = () => { if (full && link?.levers && linkText(link) !== own) store("pokrovsk left", JSON.stringify([window.location.hash, linkText(link)])); };
  window.addEventListener("pagehide", onHide, true);
  const onHash = () => { if (full && window.location.hash !== own && readLink(window.location.hash)) window.location.reload(); };
  window.addEventListener("hashchange", onHash);
  return {
    get link() { return link; },
    keep(more) { link = more ? { ...link, ...more } : null; write(); },
    // The whole address, for a colleague; null for a battle that no link can bring back.
    text: () => (link?.levers ? `${window.location.href.split("#")[0]}${linkText(link)}` : null),
    end() { window.removeEventListener("hashchange", onHash); window.removeEventListener("pagehide", onHide, true); },
  };
}
