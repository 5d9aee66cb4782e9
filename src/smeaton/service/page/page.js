"use strict";
// Everything that comes from the service or from a field is set as text, never as markup.

const at = (id) => document.getElementById(id);
const MOST_BARS = 12;
const WORDS = {
  json: {null: "null", true: "true", false: "false"},
  python: {null: "None", true: "True", false: "False"},
};

function make(tag, name, ...inside) {
  const element = document.createElement(tag);
  if (name) element.className = name;
  element.append(...inside);
  return element;
}

const say = (text) => { at("live").textContent = text; };

// --- the form: from fields to a row, and back

const fieldsOf = (form) => Array.from(form.querySelectorAll(".field"));
const controlOf = (field) => field.querySelector("select, textarea, input:not([type=radio])");
const radiosOf = (field) => Array.from(field.querySelectorAll("input[type=radio]"));

class Unreadable extends Error {}

// JSON as it was typed: read into values, its long numbers would be rounded.
class Typed {
  constructor(text) { this.text = text; }
}
const TOKENS = /"(?:[^"\\]|\\.)*"|\b(?:null|true|false)\b/g;

// A whole number that JavaScript does not hold exactly is sent as text: the service says what it thinks of it.
function number(control) {
  if (control.validity.badInput) throw new Unreadable("expected a number");
  const value = Number(control.value);
  return Number.isInteger(value) && !Number.isSafeInteger(value) ? control.value : value;
}

function json(text) {
  try {
    JSON.parse(text);
  } catch {
    throw new Unreadable("expected JSON");
  }
  return new Typed(text.trim());
}

function read(field) {
  if (field.dataset.form === "boolean") {
    const chosen = radiosOf(field).find((radio) => radio.checked);
    return chosen ? JSON.parse(chosen.value) : null;
  }
  const control = controlOf(field);
  if (field.dataset.form === "number" && control.validity.badInput) return number(control);
  if (control.value === "") return null;
  switch (field.dataset.form) {
    case "number": return number(control);
    case "label": return JSON.parse(control.value);
    case "moment": return control.value + (control.value.length === 16 ? ":00Z" : "Z");
    case "json": return json(control.value);
    default: return control.value;
  }
}

function fill(field, value) {
  if (field.dataset.form === "boolean") {
    for (const radio of radiosOf(field)) radio.checked = value !== undefined && radio.value === String(value);
    return;
  }
  const control = controlOf(field);
  if (value === null || value === undefined) control.value = "";
  else if (field.dataset.form === "label" || field.dataset.form === "json") control.value = JSON.stringify(value);
  else control.value = field.dataset.form === "moment" ? String(value).slice(0, 19) : String(value);
}

// The row as [name, value] pairs, and the fields that cannot be read with the reason.
function collect(form) {
  const row = [], faults = [];
  for (const field of fieldsOf(form)) {
    try {
      row.push([field.dataset.name, read(field)]);
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      faults.push([field, error.message]);
    }
  }
  return {row, faults};
}

// --- the lines that ask the same

function literal(value, words) {
  if (value instanceof Typed) return value.text.replace(TOKENS, (token) => literal(JSON.parse(token), words));
  if (Array.isArray(value)) return "[" + value.map((part) => literal(part, words)).join(", ") + "]";
  if (value !== null && typeof value === "object") {
    const parts = Object.entries(value).map(([name, part]) => JSON.stringify(name) + ": " + literal(part, words));
    return "{" + parts.join(", ") + "}";
  }
  return value === null || typeof value === "boolean" ? words[String(value)] : JSON.stringify(value);
}

function record(row, words) {
  const lines = row.map(([name, value]) => "\n    " + JSON.stringify(name) + ": " + literal(value, words));
  return "{" + lines.join(",") + "\n}";
}

const shellInside = (text) => text.replaceAll("'", "'\"'\"'");
const address = (form) => new URL(form.dataset.path, document.baseURI).href;

function writeLines(form) {
  const {row, faults} = collect(form);
  if (faults.length) return;  // the lines keep what could be read last
  const parts = {
    "address": "'" + shellInside(address(form)) + "'",
    "row": shellInside(record(row, WORDS.json)),
    "python-address": JSON.stringify(address(form)),
    "python-row": record(row, WORDS.python),
  };
  const model = form.closest(".model");
  for (const [name, text] of Object.entries(parts)) {
    model.querySelector("[data-part=" + name + "]").textContent = text;
  }
}

async function copy(button) {
  const lines = button.parentElement.querySelector("pre");
  try {
    await navigator.clipboard.writeText(lines.textContent);
    button.textContent = "Copied";
    say("Copied");
  } catch {  // not allowed, or a page without TLS has no clipboard
    getSelection().selectAllChildren(lines);
    button.textContent = "Selected";
    say("Selected. Press Ctrl C to copy.");
  }
  setTimeout(() => { button.textContent = "Copy"; }, 2000);
}

// --- what is wrong

function mark(field, reason) {
  field.querySelector(".fault").textContent = reason;
  for (const control of field.querySelectorAll("input, select, textarea")) {
    if (reason) control.setAttribute("aria-invalid", "true");
    else control.removeAttribute("aria-invalid");
  }
}

function clearFaults(form) {
  for (const field of fieldsOf(form)) mark(field, "");
  form.querySelector(".actions .fault").textContent = "";
  if (at("key")) mark(at("key-form"), "");
}

function focusOn(field) {
  const radios = radiosOf(field);
  (radios.find((radio) => radio.checked) || radios[0] || controlOf(field)).focus();
}

// The field that a path such as rows[0].slots[2].start leads to.
function fieldAt(form, path) {
  const rest = path.startsWith("rows[0].") ? path.slice(8) : null;
  const within = (name) => rest === name || (rest.startsWith(name) && ".[".includes(rest[name.length]));
  const found = rest === null ? [] : fieldsOf(form).filter((field) => within(field.dataset.name));
  return found.sort((a, b) => b.dataset.name.length - a.dataset.name.length)[0];
}

function refuse(form, status, error) {
  const field = fieldAt(form, error.path || "");
  const place = field || ([401, 403].includes(status) && at("key") ? at("key-form") : null);
  const words = error.message + (error.fix && !field ? ". " + error.fix : "");
  if (place) {
    mark(place, words);
    focusOn(place);
  } else {
    form.querySelector(".actions .fault").textContent = words;
    form.querySelector("[type=submit]").focus();
  }
  say(words);
}

// --- the answer

const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
const labelText = (value) => (typeof value === "string" ? value : JSON.stringify(value));

function cell(text) {
  const shown = make("span", "", text);
  shown.dir = "auto";
  return shown;
}

// Any JSON value: fields as a list, lists of objects as a table, lists of values as pieces beside one another.
function show(value) {
  if (value === null || value === undefined) return make("span", "quiet", "null");
  if (isObject(value)) return fieldList(value);
  if (!Array.isArray(value)) return cell(labelText(value));
  if (!value.length) return make("span", "quiet", "none");
  if (value.every(isObject)) return table(value);
  return make("ul", "pieces", ...value.map((part) => make("li", "", show(part))));
}

function fieldList(value) {
  const list = make("dl", "");
  for (const [name, part] of Object.entries(value)) list.append(make("dt", "", cell(name)), make("dd", "", show(part)));
  return list;
}

function table(rows) {
  const names = Array.from(new Set(rows.flatMap(Object.keys)));
  const head = make("tr", "", ...names.map((name) => {
    const title = make("th", "", cell(name));
    title.scope = "col";
    return title;
  }));
  const body = rows.map((row) => make("tr", "", ...names.map((name) => make("td", "", show(row[name])))));
  const box = make("div", "wide-box", make("table", "", make("thead", "", head), make("tbody", "", ...body)));
  box.tabIndex = 0;
  box.setAttribute("role", "region");
  box.setAttribute("aria-label", "What was found");
  return box;
}

// The text with its spans marked. Offsets count code points; a span that overlaps an earlier one is only in the table.
function marked(text, spans, label) {
  const points = Array.from(text), box = make("p", "marked"), kinds = [];
  let place = 0;
  box.dir = "auto";
  for (const span of spans.slice().sort((a, b) => a.start - b.start)) {
    if (span.start < place || span.end > points.length) continue;
    const kind = label && span[label] !== null ? labelText(span[label]) : "";
    if (!kinds.includes(kind)) kinds.push(kind);
    box.append(points.slice(place, span.start).join(""));
    const piece = make("mark", "kind-" + (kinds.indexOf(kind) % 6), cell(points.slice(span.start, span.end).join("")));
    if (kind) piece.append("\u00a0", make("small", "", kind));
    box.append(piece);
    place = span.end;
  }
  box.append(points.slice(place).join(""));
  return box;
}

function percent(share) {
  if (share > 0 && share < 0.001) return "< 0.1 %";
  if (share < 1 && share > 0.999) return "> 99.9 %";
  return (100 * share).toFixed(1) + " %";
}

function bar([label, share]) {
  const fill = make("i", ""), track = make("span", "bar", fill), figure = make("span", "share", percent(share));
  fill.style.width = 100 * Math.min(Math.max(share, 0), 1) + "%";
  track.setAttribute("aria-hidden", "true");
  figure.title = String(share);
  const name = make("span", "label", label);
  name.dir = "auto";
  return make("li", "", name, track, figure);
}

function bars(shares) {
  const ordered = Object.entries(shares).sort((a, b) => b[1] - a[1]);
  const list = make("ul", "bars", ...ordered.slice(0, MOST_BARS).map(bar));
  list.setAttribute("aria-label", "Probability");
  const rest = ordered.slice(MOST_BARS);
  if (!rest.length) return [list];
  const more = make("details", "", make("summary", "", rest.length + " more labels"));
  more.append(make("ul", "bars", ...rest.map(bar)));
  return [list, more];
}

function big(value, unit) {
  const text = labelText(value);
  const short = typeof value === "number" ? String(Number(value.toPrecision(6))) : text;
  const shown = make("p", text.length > 60 ? "prose" : "big", short);
  shown.dir = "auto";
  if (unit) shown.append(" ", make("small", "", unit));
  return short === text ? [shown] : [shown, make("p", "quiet", "exactly " + text)];
}

function predicted(value, form, row) {
  const {spans, label, unit} = form.dataset;
  if (Array.isArray(value) && value.length && spans !== undefined) {
    const text = row.find(([name]) => name === spans)[1];
    return typeof text === "string" ? [marked(text, value, label), show(value)] : [show(value)];
  }
  if (Array.isArray(value) || isObject(value)) return [show(value)];
  if (value === null) return [make("p", "quiet", "no prediction")];
  return big(value, unit);
}

function answer(form, said, row, how) {
  const {prediction, probability, error, ...others} = said.predictions[0];
  const box = form.closest(".model").querySelector(".said");
  const parts = error ? [make("p", "fault", error)] : [];
  if (prediction !== null || !error) parts.push(...predicted(prediction, form, row));
  if (probability) parts.push(...bars(probability));
  if (Object.keys(others).length) parts.push(fieldList(others));
  const reply = make("pre", "", make("code", "", JSON.stringify(said, null, 2)));
  reply.tabIndex = 0;
  reply.setAttribute("role", "region");
  reply.setAttribute("aria-label", "Reply");
  parts.push(make("p", "how", how), make("details", "", make("summary", "", "The reply as JSON"), reply));
  box.replaceChildren(...parts);
  box.classList.remove("old");
  box.focus({preventScroll: true});
  box.scrollIntoView({block: "nearest"});
  say("Answered. " + how);
}

// --- asking

const asking = new WeakMap();  // form -> what ends the request in flight

const keyTyped = () => (at("key") ? at("key").value.trim() : "");

// The reply, its text and the milliseconds it took; null where no reply came.
async function send(form, row, signal) {
  const headers = {"content-type": "application/json"};
  if (keyTyped()) headers["authorization"] = "Bearer " + keyTyped();
  const body = '{"rows": [' + record(row, WORDS.json) + "]}";
  const began = performance.now();
  try {
    const reply = await fetch(address(form), {method: "POST", headers, body, signal});
    const text = await reply.text();
    return {reply, text, taken: performance.now() - began};
  } catch (error) {
    if (error.name === "AbortError") throw error;
    return null;
  }
}

const unreadable = (reply) => ({message: "The reply, of status " + reply.status + ", cannot be read"});

function told(text, reply) {
  try {
    return JSON.parse(text);
  } catch {
    return {error: unreadable(reply)};
  }
}

function shown(form, {reply, text, taken}, row) {
  const said = told(text, reply);
  if (!reply.ok || !said.predictions) return refuse(form, reply.status, said.error || unreadable(reply));
  const notice = form.closest(".model").querySelector(".notice");
  if (notice) notice.remove();
  const id = reply.headers.get("x-request-id");
  const time = taken < 10 ? taken.toFixed(1) + " ms" : Math.round(taken) + " ms";
  return answer(form, said, row, "There and back in " + time + (id ? ", request " + id : ""));
}

async function ask(form) {
  const {row, faults} = collect(form);
  clearFaults(form);
  for (const [field, reason] of faults) mark(field, reason);
  if (faults.length) {
    focusOn(faults[0][0]);
    say(faults[0][1]);
    return;
  }
  if (!/^[!-~]*$/.test(keyTyped())) return refuse(form, 401, {message: "a key has plain characters only"});
  if (asking.has(form)) asking.get(form).abort();
  const end = new AbortController(), button = form.querySelector("[type=submit]");
  asking.set(form, end);
  button.classList.add("busy");
  try {
    const came = await send(form, row, end.signal);
    if (came) shown(form, came, row);
    else refuse(form, 0, {message: "The service does not answer"});
  } catch (error) {
    if (error.name !== "AbortError") throw error;
  } finally {
    if (asking.get(form) === end) {
      asking.delete(form);
      button.classList.remove("busy");
    }
  }
}

// --- several models: one is shown, the one the address names

function choose(move) {
  const models = Array.from(document.querySelectorAll(".model")), links = Array.from(document.querySelectorAll("nav a"));
  const place = links.findIndex((link) => link.hash === location.hash), chosen = models[Math.max(place, 0)];
  for (const model of models) model.hidden = model !== chosen;
  for (const link of links) {
    if (link === links[Math.max(place, 0)]) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
  if (!chosen) return;
  const title = chosen.querySelector("h2");
  document.title = title.textContent + " - Smeaton";
  if (move && place >= 0) {
    title.focus({preventScroll: true});
    scrollTo(0, 0);
  }
}

function prepare(form) {
  const examples = JSON.parse(form.dataset.examples).map((row) => new Map(Object.entries(row)));
  let next = 1;
  const setAll = (row) => {
    for (const field of fieldsOf(form)) fill(field, row.get(field.dataset.name));
    clearFaults(form);
    changed();
    focusOn(fieldsOf(form)[0]);
  };
  const changed = () => {
    writeLines(form);
    form.closest(".model").querySelector(".said").classList.add("old");
  };
  form.addEventListener("submit", (event) => { event.preventDefault(); ask(form); });
  form.addEventListener("input", (event) => {
    mark(event.target.closest(".field"), "");
    changed();
  });
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    ask(form);
  });
  form.querySelector("[data-act=example]").addEventListener("click", () => setAll(examples[next++ % examples.length]));
  form.querySelector("[data-act=clear]").addEventListener("click", () => setAll(new Map()));
  writeLines(form);
}

document.documentElement.classList.add("scripted");
for (const form of document.querySelectorAll(".model form")) prepare(form);
if (at("key-form")) {
  at("key-form").addEventListener("submit", (event) => {
    event.preventDefault();
    focusOn(document.querySelector(".model:not([hidden]) .field"));
  });
}
for (const button of document.querySelectorAll(".copy")) button.addEventListener("click", () => copy(button));
addEventListener("hashchange", () => choose(true));
choose(false);
