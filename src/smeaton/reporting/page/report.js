"use strict";
// The page is whole without this. Here: what a mark says, cards, tables that sort and filter, words off, light and dark.
// Everything is set as text or moved as it is, never parsed as markup.

const at = (id) => document.getElementById(id);
const all = (what, within = document) => Array.from(within.querySelectorAll(what));
const root = document.documentElement;
root.classList.add("scripted");

function make(tag, name, text) {
  const element = document.createElement(tag);
  if (name) element.className = name;
  element.textContent = text || "";
  return element;
}

// --- what the reader chose: in the address behind the place, so that a link keeps it, and in no storage

function chosen() {
  const [place, ...rest] = location.hash.slice(1).split(";");
  return {place: decodeURIComponent(place), plain: rest.includes("plain"), theme: rest.find((one) => /^(light|dark)$/.test(one))};
}

const state = chosen();

function remember(place) {
  state.place = place === undefined ? state.place : place;
  const parts = [encodeURIComponent(state.place), state.plain && "plain", state.theme].filter((one, index) => one || !index);
  const hash = parts.length > 1 || parts[0] ? `#${parts.join(";")}` : " ";
  history.replaceState(null, "", hash === " " ? location.pathname + location.search : hash);
}

const prefersDark = matchMedia("(prefers-color-scheme: dark)");
const isDark = () => (state.theme ? state.theme === "dark" : prefersDark.matches);

function show() {
  root.classList.toggle("plain", state.plain);
  at("plain").setAttribute("aria-pressed", String(state.plain));
  if (state.theme) root.dataset.theme = state.theme;
  else delete root.dataset.theme;
  at("theme").textContent = isDark() ? "Light" : "Dark";
}

at("plain").addEventListener("click", () => { state.plain = !state.plain; show(); remember(); });
at("theme").addEventListener("click", () => { state.theme = isDark() ? "light" : "dark"; show(); remember(); });
prefersDark.addEventListener("change", show);

// --- what a mark says: under the pointer, or walked to with the arrow keys

const tip = at("tip");
const said = new WeakMap();

function tell(text, box) {
  tip.textContent = text;
  tip.hidden = false;
  const own = tip.getBoundingClientRect();
  const left = Math.min(Math.max(8, box.x + box.width / 2 - own.width / 2), innerWidth - own.width - 8);
  const above = box.y - own.height - 8;
  tip.style.setProperty("left", `${left}px`);
  tip.style.setProperty("top", `${above > 8 ? above : box.y + box.height + 8}px`);
}

function hush() {
  tip.hidden = true;
  all(".plot .on").forEach((one) => one.classList.remove("on"));
}

function light(mark) {
  hush();
  mark.classList.add("on");
  tell(said.get(mark), mark.getBoundingClientRect());
}

function walk(event, marks, place) {
  const steps = {ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1};
  if (event.key === "Home") return 0;
  if (event.key === "End") return marks.length - 1;
  if (!(event.key in steps)) return undefined;
  return (place + steps[event.key] + marks.length) % marks.length;
}

function ready(plot) {
  const svg = plot.querySelector("svg");
  const own = svg.querySelector(":scope > title");
  svg.setAttribute("aria-label", own.textContent);
  svg.removeAttribute("aria-labelledby");
  own.remove(); // or the browser would show it over every place of the picture
  const marks = all("title", svg).map((title) => {
    const mark = title.parentNode;
    said.set(mark, title.textContent);
    title.remove();
    return mark;
  });
  for (const link of all("a", svg)) { // the picture is one stop; Enter and a click follow its links
    link.dataset.place = link.getAttribute("href").slice(1);
    link.removeAttribute("href");
  }
  svg.setAttribute("role", "img");
  if (!marks.length) return;
  let place = -1;
  plot.tabIndex = 0;
  plot.setAttribute("role", "group");
  plot.setAttribute("aria-label", `${svg.getAttribute("aria-label")}: arrow keys read its ${marks.length} marks`);
  plot.addEventListener("pointermove", (event) => {
    const mark = event.target.closest("svg *");
    if (!said.has(mark)) { hush(); return; }
    tell(said.get(mark), {x: event.clientX, y: event.clientY - 6, width: 0, height: 18});
  });
  plot.addEventListener("pointerleave", hush);
  plot.addEventListener("blur", hush);
  plot.addEventListener("keydown", (event) => {
    if (event.key === "Escape") hush();
    const link = place >= 0 && event.key === "Enter" && marks[place].closest("a");
    if (link) { event.preventDefault(); hush(); open(link.dataset.place); return; }
    const next = walk(event, marks, place);
    if (next === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    place = next;
    light(marks[place]);
    at("live").textContent = said.get(marks[place]);
  });
}

// --- cards

const card = at("card");

function open(id) {
  const found = at(id);
  if (!found || !found.classList.contains("candidate")) return false;
  at("card-name").textContent = found.querySelector(".name").textContent;
  const inside = Array.from(found.children).slice(1).map((one) => one.cloneNode(true));
  at("card-body").replaceChildren(...inside);
  card.showModal();
  return true;
}

at("close").addEventListener("click", () => card.close());
card.addEventListener("click", (event) => { if (event.target === card) card.close(); });

// --- places: a card opens, anything else is gone to; what was chosen stays in the address

function go(id) {
  const target = at(id);
  if (!target) return;
  for (let one = target; one; one = one.parentElement) if (one.tagName === "DETAILS") one.open = true;
  target.scrollIntoView();
  const head = target.querySelector(":scope > h2, :scope > summary") || target;
  head.focus({preventScroll: true});
}

document.addEventListener("click", (event) => {
  const mark = event.target.closest("a[data-place]");
  if (mark) { hush(); open(mark.dataset.place); return; }
  const link = event.target.closest("a[href^='#']");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  const id = decodeURIComponent(link.getAttribute("href").slice(1));
  event.preventDefault();
  if (open(id)) return;
  go(id);
  remember(id);
});
addEventListener("hashchange", () => { Object.assign(state, chosen()); show(); go(state.place); });

// --- where one is

const entries = new Map(all("#contents a").map((link) => [link.getAttribute("href").slice(1), link]));

function here() {
  let last = null;
  const line = innerHeight / 3;
  for (const id of entries.keys()) if (at(id).getBoundingClientRect().top <= line) last = id;
  if (innerHeight + scrollY >= root.scrollHeight - 4) last = Array.from(entries.keys()).pop();
  for (const [id, link] of entries) {
    const now = id === (last || entries.keys().next().value);
    if (now && !link.hasAttribute("aria-current")) link.scrollIntoView({block: "nearest", inline: "nearest", behavior: "instant"});
    if (now) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}

let waiting = false;
addEventListener("scroll", () => {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => { waiting = false; here(); });
}, {passive: true});

// --- tables

function value(row, column) {
  const cell = row.cells[column];
  return cell.dataset.v === undefined ? cell.textContent.trim() : Number(cell.dataset.v);
}

function compare(a, b) {
  if (typeof a === "number" && typeof b === "number") return a - b;
  if (typeof a !== typeof b) return typeof a === "number" ? -1 : 1; // what is missing comes last
  return String(a).localeCompare(String(b), undefined, {numeric: true});
}

function sortable(table) {
  const body = table.tBodies[0];
  const heads = Array.from(table.tHead.rows[0].cells);
  heads.forEach((head, column) => {
    if (head.tagName !== "TH") return;
    const button = make("button", "", head.textContent);
    button.type = "button";
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const up = head.getAttribute("aria-sort") !== "ascending";
      heads.forEach((one) => one.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      const rows = Array.from(body.rows).sort((a, b) => (up ? 1 : -1) * compare(value(a, column), value(b, column)));
      body.append(...rows);
    });
  });
}

function filterable(sheet, table) {
  const rows = Array.from(table.tBodies[0].rows);
  const input = make("input", "filter");
  input.type = "search";
  input.placeholder = `Filter ${rows.length} rows`;
  input.setAttribute("aria-label", `Filter the rows of ${sheet.querySelector("h3").textContent}`);
  sheet.querySelector(".scroll").before(input);
  input.addEventListener("input", () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const row of rows) row.hidden = !words.every((word) => row.textContent.toLowerCase().includes(word));
    const left = rows.filter((row) => !row.hidden).length;
    at("live").textContent = `${left} of ${rows.length} rows`;
  });
}

// --- paper holds everything

const closed = [];
addEventListener("beforeprint", () => {
  for (const one of all("details:not([open]):not(.data)")) { one.open = true; closed.push(one); }
});
addEventListener("afterprint", () => { for (const one of closed.splice(0)) one.open = false; });

all(".plot").forEach(ready);
for (const sheet of all(".sheet")) {
  const table = sheet.querySelector("table");
  sortable(table);
  if (table.tBodies[0].rows.length > 8) filterable(sheet, table);
}
show();
if (state.place) go(state.place);
here();
