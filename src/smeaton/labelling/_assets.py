"""The labelling page itself: HTML, style and script. No part of it comes from elsewhere; every value is set as text."""

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Label - Smeaton</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="stylesheet" href="/label.css">
<script src="/label.js" defer></script>
</head>
<body>
<header>
<h1 id="goal">Label</h1>
<p><progress id="bar" max="1" value="0" aria-label="rows done"></progress> <span id="progress"></span></p>
<p id="gain" class="quiet"></p>
</header>
<main>
<section aria-labelledby="row-title">
<h2 id="row-title" tabindex="-1">Loading</h2>
<dl id="fields"></dl>
</section>
<p id="suggestion"></p>
<section aria-label="answers">
<p id="filter-line" hidden><label for="filter">Find a label</label>
<input id="filter" autocomplete="off" spellcheck="false"></p>
<p id="number-line" hidden><label for="number" id="number-label">Value</label>
<input id="number" inputmode="decimal" autocomplete="off"></p>
<div id="labels" role="group" aria-label="labels"></div>
</section>
<p class="steps">
<button id="accept" type="button">Accept <kbd>Enter</kbd></button>
<button id="skip" type="button">Skip <kbd id="skip-key">s</kbd></button>
<button id="undo" type="button">Undo <kbd id="undo-key">u</kbd></button>
<button id="help" type="button" aria-expanded="false" aria-controls="keys">Keys <kbd>?</kbd></button>
</p>
<p id="problem" role="alert"></p>
<div id="keys" hidden>
<h2>Keys</h2>
<ul>
<li>The key on a label gives that label. With many labels, type part of a name, then Enter.</li>
<li>Enter accepts the suggestion, or what is chosen.</li>
<li>s or right arrow skips the row; it is not asked again.</li>
<li>u, Backspace or left arrow takes the last answer back.</li>
<li>? shows or hides this list.</li>
</ul>
<p id="how"></p>
<p id="file"></p>
</div>
</main>
<p id="live" class="unseen" role="status" aria-live="polite"></p>
<noscript>This page needs its script. Use <code>smeaton label TASK --csv FILE</code> instead.</noscript>
</body>
</html>
"""

STYLE = """
:root{--ink:#1b1f24;--paper:#fff;--soft:#f3f4f6;--line:#c4c9d0;--strong:#0b57d0;--on:#fff;--quiet:#57606a;--bad:#b3261e}
@media(prefers-color-scheme:dark){:root{--ink:#e6e6e6;--paper:#14171a;--soft:#22272e;--line:#444c56;--strong:#8ab4f8;
--on:#14171a;--quiet:#a0a8b2;--bad:#ffb4ab}}
*{box-sizing:border-box}
body{font:16px/1.5 system-ui,sans-serif;max-width:48rem;margin:0 auto;padding:1rem;color:var(--ink);
background:var(--paper)}
h1{font-size:1.2rem;margin:0 0 .3rem}h2{font-size:1rem;margin:.6rem 0}p{margin:.4rem 0}
progress{width:8rem;max-width:40vw;vertical-align:middle}
.quiet{color:var(--quiet);font-size:.9rem}
dl{margin:0;padding:.8rem;background:var(--soft);border-radius:6px;max-height:50vh;overflow:auto}
dt{color:var(--quiet);font-size:.85rem}
dd{margin:0 0 .6rem;white-space:pre-wrap;overflow-wrap:anywhere}dd:last-child{margin:0}
#labels{display:flex;flex-wrap:wrap;gap:.5rem;margin:.6rem 0}
button{font:inherit;color:var(--ink);background:var(--soft);border:1px solid var(--line);border-radius:6px;
padding:.4rem .7rem;min-height:2.75rem;max-width:100%;overflow-wrap:anywhere;cursor:pointer}
button[aria-pressed=true],button.best{border-color:var(--strong);box-shadow:inset 0 0 0 1px var(--strong)}
button[aria-pressed=true]{background:var(--strong);color:var(--on)}
button:disabled{opacity:.5;cursor:default}
button:focus-visible,input:focus-visible,h2:focus-visible{outline:3px solid var(--strong);outline-offset:2px}
kbd{font:.8rem ui-monospace,monospace;border:1px solid var(--line);border-radius:4px;padding:0 .3rem}
input{font:inherit;color:var(--ink);background:var(--paper);border:1px solid var(--line);border-radius:6px;
padding:.4rem;min-height:2.75rem;width:16rem;max-width:100%}
.steps{display:flex;flex-wrap:wrap;gap:.5rem}
#problem{color:var(--bad);font-weight:600}
.unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
"""

SCRIPT = """
"use strict";
const at = (id) => document.getElementById(id);
const KEYS = "123456789abcdefghijklmnopqrtvwxyz";  // without s and u: they skip and undo
const SHOWN = 40;
let state = null, chosen = new Set(), busy = false;

async function call(path, body) {
  if (busy) return;
  busy = true;
  at("problem").textContent = "";
  try {
    const options = body === undefined ? {} :
      {method: "POST", headers: {"content-type": "application/json"}, body: JSON.stringify(body)};
    const reply = await fetch(path, options);
    const said = await reply.json();
    if (reply.status === 409) { busy = false; return call("/api/state"); }
    if (!reply.ok) {
      at("problem").textContent = said.error.message + (said.error.fix ? ". " + said.error.fix : "");
      return;
    }
    const moved = !state || state.place !== said.place;
    state = said;
    if (moved) { chosen = new Set(); at("filter").value = ""; at("number").value = ""; }
    show(moved);
  } catch (error) {
    at("problem").textContent = "The server does not answer. What was answered so far is saved.";
  } finally { busy = false; }
}

const many = () => state.answer === "many";
const wide = () => state.labels.length > KEYS.length || (state.open && state.answer !== "number");
const question = () => state && state.question;

function words(suggestion) {
  if (suggestion === null) return "";
  if (state.answer === "number") return String(Math.round(suggestion * 1e6) / 1e6);
  return suggestion.length ? suggestion.map((code) => state.labels[code]).join(", ") : "no label";
}

function show(moved) {
  at("goal").textContent = state.goal;
  document.title = state.place + "/" + state.count + " " + state.task;
  at("bar").max = Math.max(state.count, 1);
  at("bar").value = state.place;
  at("progress").textContent = state.place + " of " + state.count + " rows, " + state.answered + " answered";
  at("gain").textContent = "Expected gain: " + state.gain + " (by a quick model)";
  at("how").textContent = "Rows are chosen " + state.how + ".";
  at("file").textContent = "Answers are written to " + state.file + ".";
  at("undo").disabled = !state.undo;
  const asked = question();
  for (const id of ["skip", "accept", "labels", "suggestion"]) at(id).hidden = !asked;
  at("filter-line").hidden = !(asked && wide());
  at("number-line").hidden = !(asked && state.answer === "number");
  const fields = at("fields");
  fields.replaceChildren();
  fields.hidden = !asked;
  if (!asked) {
    at("row-title").textContent = state.count ? "All rows of this batch are done" : "There is nothing to label";
    at("live").textContent = at("row-title").textContent;
    at("row-title").focus();
    return;
  }
  at("row-title").textContent = "Row " + (state.place + 1) + (asked.random ? " (drawn at random)" : "");
  for (const [name, value] of asked.fields) {
    const term = document.createElement("dt"), text = document.createElement("dd");
    term.textContent = name;
    text.textContent = value === null ? "(nothing)" : typeof value === "object" ? JSON.stringify(value) : String(value);
    text.dir = "auto";
    fields.append(term, text);
  }
  const sure = asked.probability === null ? "" : " (" + Math.round(100 * asked.probability) + " %)";
  const said = asked.suggestion === null ? "No suggestion" : "Suggestion: " + words(asked.suggestion) + sure;
  at("suggestion").textContent = said;
  at("number-label").textContent = state.target;
  at("skip-key").textContent = wide() || state.answer === "number" ? "\\u2192" : "s";
  at("undo-key").textContent = wide() || state.answer === "number" ? "\\u2190" : "u";
  buttons();
  if (moved) {
    at("live").textContent = at("row-title").textContent + " of " + state.count + ". " + at("suggestion").textContent;
    if (state.answer === "number") at("number").focus();
    else if (wide()) at("filter").focus();
    else at("row-title").focus();
  }
}

function found() {
  const typed = at("filter").value.trim().toLocaleLowerCase();
  const codes = state.labels.map((_, code) => code);
  if (!wide() || !typed) return codes;
  const place = (code) => state.labels[code].toLocaleLowerCase().indexOf(typed);
  return codes.filter((code) => place(code) === 0).concat(codes.filter((code) => place(code) > 0));
}

function buttons() {
  const box = at("labels"), codes = found(), asked = question();
  box.replaceChildren();
  if (state.answer === "number") return;
  for (const code of codes.slice(0, SHOWN)) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = state.labels[code];
    button.dir = "auto";
    if (many()) button.setAttribute("aria-pressed", String(chosen.has(code)));
    if (asked.suggestion !== null && asked.suggestion.includes(code)) button.classList.add("best");
    if (!wide()) {
      const key = document.createElement("kbd");
      key.textContent = KEYS[code];
      button.append(" ", key);
      button.setAttribute("aria-keyshortcuts", KEYS[code]);
    }
    button.addEventListener("click", () => press(code));
    box.append(button);
  }
  const rest = codes.length - SHOWN, typed = at("filter").value.trim();
  if (rest > 0) box.append(rest + " more: type part of a name");
  if (state.open && typed && !state.labels.includes(typed)) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "New label: " + typed;
    button.addEventListener("click", () => send({new: typed}));
    box.append(button);
  }
  if (many()) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "No label";
    button.addEventListener("click", () => send({labels: []}));
    box.append(button);
  }
}

function press(code) {
  if (!many()) return send({labels: [code]});
  if (chosen.has(code)) chosen.delete(code); else chosen.add(code);
  at("live").textContent = state.labels[code] + (chosen.has(code) ? " chosen" : " taken off");
  at("filter").value = "";
  buttons();
}

const send = (answer) => question() && call("/api/answer", Object.assign({key: question().key}, answer));
const skip = () => question() && call("/api/skip", {key: question().key});
const undo = () => state && state.undo && call("/api/undo", {});

function accept() {
  const asked = question();
  if (!asked) return;
  if (state.answer === "number") {
    const typed = at("number").value.trim().replace(",", ".");
    if (typed && !Number.isFinite(Number(typed))) { at("problem").textContent = "This is not a number."; return; }
    if (typed || asked.suggestion !== null) send({number: typed ? Number(typed) : asked.suggestion});
    return;
  }
  if (wide() && at("filter").value.trim()) {
    const codes = found();
    if (codes.length) press(codes[0]);
    else at("problem").textContent = "No label is called so." + (state.open ? " Press the button to add it." : "");
    return;
  }
  if (many() && chosen.size) return send({labels: Array.from(chosen)});
  if (asked.suggestion !== null) send({labels: asked.suggestion});
}

function help() {
  at("keys").hidden = !at("keys").hidden;
  at("help").setAttribute("aria-expanded", String(!at("keys").hidden));
}

document.addEventListener("keydown", (event) => {
  if (!state || event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.repeat) return;
  const field = event.target.tagName === "INPUT", empty = field && !event.target.value;
  const pressed = event.target.tagName === "BUTTON" && (event.key === "Enter" || event.key === " ");
  if (pressed) return;
  const act = (step) => { event.preventDefault(); step(); };
  if (event.key === "Enter") return act(accept);
  if (field && !empty) return;
  if (event.key === "?") return act(help);
  if (event.key === "Backspace" || event.key === "ArrowLeft") return act(undo);
  if (event.key === "ArrowRight") return act(skip);
  if (field) return;
  const key = event.key.toLowerCase();
  if (key === "u") return act(undo);
  if (key === "s") return act(skip);
  if (wide() || state.answer === "number") return;
  const code = KEYS.indexOf(key);
  if (key.length === 1 && code >= 0 && code < state.labels.length && question()) act(() => press(code));
});
at("filter").addEventListener("input", () => question() && buttons());
at("accept").addEventListener("click", accept);
at("skip").addEventListener("click", skip);
at("undo").addEventListener("click", undo);
at("help").addEventListener("click", help);
setInterval(() => {
  if (!document.hidden && !busy && state && state.gain.startsWith("is being")) call("/api/state");
}, 3000);
call("/api/state");
"""
