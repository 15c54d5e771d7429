"use strict";
// The script of the report. Text from a server becomes text nodes only: nothing here writes markup.

const SIGNS = { passed: "✓", failed: "✗", error: "!", skipped: "-" };
const BAD = new Set(["failed", "error"]);
const PAGE_OF_ROWS = 200;
const FOLDED_LINES = 40;
const MOST_COLOURED = 60000;

/** An element with classes (`tag.class.class`), properties and children; texts become text nodes. */
function el(what, properties, ...children) {
  const [tag, ...classes] = what.split(".");
  const made = document.createElement(tag);
  if (classes.length) made.className = classes.join(" ");
  for (const [name, value] of Object.entries(properties || {})) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name === "style") Object.assign(made.style, value);
    else if (name in made) made[name] = value;
    else made.setAttribute(name, value);
  }
  made.append(...children.flat(9).filter((child) => child !== null && child !== undefined && child !== ""));
  return made;
}

function seconds(value) {
  if (value < 1) return `${Math.round(value * 1000)} ms`;
  if (value < 60) return `${value.toFixed(2)} s`;
  return `${Math.floor(value / 60)} min ${Math.round(value % 60)} s`;
}

function bytes(count) {
  if (count < 1000) return `${count} B`;
  return count < 1e6 ? `${(count / 1000).toFixed(1)} kB` : `${(count / 1e6).toFixed(1)} MB`;
}

// ── data ────────────────────────────────────────────────────────────────────────────────────────

async function unpacked(id) {
  const packed = Uint8Array.from(atob(document.getElementById(id).textContent), (letter) => letter.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  return JSON.parse(await new Response(stream).text());
}

const chunks = new Map();
async function runAt(row) {
  if (!chunks.has(row.chunk)) {
    if (chunks.size > 8) chunks.delete(chunks.keys().next().value);
    chunks.set(row.chunk, await unpacked(`chunk${row.chunk}`));
  }
  return chunks.get(row.chunk)[row.at];
}

// ── the list ────────────────────────────────────────────────────────────────────────────────────

const state = { rows: [], shown: [], built: 0, now: -1, verdicts: new Set() };
const list = document.getElementById("list");
const detail = document.getElementById("detail");
const search = document.getElementById("search");
const tag = document.getElementById("tag");
const file = document.getElementById("file");

function filter() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  state.shown = state.rows.filter(
    (row) =>
      (!state.verdicts.size || state.verdicts.has(row.verdict)) &&
      (!tag.value || row.tags.includes(tag.value)) &&
      (!file.value || row.file === file.value) &&
      words.every((word) => row.text.includes(word)),
  );
  list.replaceChildren();
  state.built = 0;
  more();
  const all = state.shown.length === state.rows.length;
  document.getElementById("shown").textContent = all ? `${state.rows.length} shown` : `${state.shown.length} of ${state.rows.length} shown`;
}

/** Builds the next rows of the list: ten thousand at once would take too long. */
function more(until = state.built + PAGE_OF_ROWS) {
  const next = state.shown.slice(state.built, until);
  list.append(...next.map(listRow));
  state.built += next.length;
}

function listRow(row) {
  return el(
    `li${row.number === state.now ? ".now" : ""}`,
    { "data-run": row.number, onclick: () => go(row.number) },
    el("span.seconds", {}, seconds(row.seconds)),
    el("div.name", {}, el(`b.${row.verdict}`, { title: row.verdict }, SIGNS[row.verdict]), ` ${row.name} ${row.label}`),
    el("div.file", {}, row.file),
    row.why && el("div.why", { title: row.why }, row.why),
  );
}

function mark(number) {
  state.now = number;
  for (const row of list.querySelectorAll(".now")) row.classList.remove("now");
  const place = state.shown.findIndex((row) => row.number === number);
  if (place < 0) return;
  if (place >= state.built) more(place + PAGE_OF_ROWS);
  const row = list.children[place];
  row.classList.add("now");
  row.scrollIntoView({ block: "nearest" });
}

// ── the address: #run=3 or #run=3&step=1.2 ─────────────────────────────────────────────────────

function go(number) {
  state.now = number; // set first: the next key may come before the run is decompressed
  location.hash = `run=${number}`;
}

async function follow() {
  const place = new URLSearchParams(location.hash.slice(1));
  const number = place.has("run") ? Number(place.get("run")) : -1;
  const row = state.rows[number];
  if (!row) {
    detail.replaceChildren();
    state.now = -1;
    return;
  }
  if (detail.dataset.run !== String(number) || !detail.childElementCount) {
    const run = await runAt(row);
    detail.replaceChildren(...runView(run, number));
    detail.dataset.run = number;
  }
  if (!state.shown.includes(row)) clearFilters();
  mark(number);
  for (const step of detail.querySelectorAll(".step.now")) step.classList.remove("now");
  const wanted = place.get("step");
  let step = null;
  for (let end = 0; wanted && end >= 0; ) {
    end = wanted.indexOf(".", end + 1); // the outer steps first: what is inside them is built when they open
    step = document.getElementById(`step-${end < 0 ? wanted : wanted.slice(0, end)}`);
    if (!step) break;
    step.fill();
  }
  if (step) {
    for (let around = step; around; around = around.parentElement.closest("details")) around.open = true;
    step.classList.add("now");
    step.scrollIntoView({ block: "start" });
  } else detail.scrollIntoView({ block: "nearest" });
}

function clearFilters() {
  search.value = tag.value = file.value = "";
  state.verdicts.clear();
  for (const button of document.querySelectorAll(".total")) button.setAttribute("aria-pressed", "false");
  filter();
}

// ── one run ─────────────────────────────────────────────────────────────────────────────────────

function runView(run, number) {
  const found = [
    el("h3", {}, el(`span.${run.verdict}`, {}, `${SIGNS[run.verdict]} ${run.verdict} `), run.name, " ", run.label || ""),
    el("p.file", {}, run.file, ` · ${seconds(run.seconds)}`, run.started ? ` · ${new Date(run.started * 1000).toISOString()}` : ""),
    (run.tags || []).length ? el("p.tags", {}, run.tags.map((name) => el("span", {}, name))) : null,
    run.reason ? el("p", {}, `skipped: ${run.reason}`) : null,
    run.error ? problemView(run.error, run.error.message.split("\n")) : null,
    waterfall(run, number),
  ];
  let names = run.variables || {};
  const steps = run.steps.map((step, index) => {
    const view = stepView(step, `${index + 1}`, number, names);
    names = { ...names, ...(step.gave || {}) };
    return view;
  });
  const logins = run.logins.map((step, index) => stepView(step, `login${index + 1}`, number, {}));
  if (logins.length) found.push(el("h4", {}, "logins that this run waited for"), logins);
  if (steps.length) found.push(el("h4", {}, "steps"), steps);
  if (Object.keys(run.outputs || {}).length) found.push(el("h4", {}, "outputs"), table(run.outputs, {}));
  return found.flat().filter(Boolean);
}

/** All exchanges on one time scale, with logins, attempts and steps of includes. */
function waterfall(run, number) {
  const rows = [];
  const collect = (step, id, depth) => {
    if (!step.started) return;
    rows.push({ step, id, depth });
    (step.tries || []).forEach((one) => (one.steps || []).forEach((inner, index) => collect(inner, `${id}.${index + 1}`, depth + 1)));
  };
  run.logins.forEach((step, index) => collect(step, `login${index + 1}`, 1));
  run.steps.forEach((step, index) => collect(step, `${index + 1}`, 0));
  if (!rows.length) return null;
  rows.sort((one, other) => one.step.started - other.step.started || one.depth - other.depth);
  const begin = Math.min(run.started || Infinity, ...rows.map((row) => row.step.started));
  const end = Math.max(begin + run.seconds, ...rows.map((row) => row.step.started + row.step.seconds));
  const scale = 100 / Math.max(end - begin, 0.001);
  let phases = false;
  const bar = (kind, from, length, title) =>
    el(`span.${kind}`, { title: `${title}: ${seconds(length)}`, style: { left: `${(from - begin) * scale}%`, width: `${Math.max(length * scale, 0.15)}%` } });
  const lanes = ({ step }) =>
    (step.tries || []).flatMap((one) => [
      one.waited ? bar("pause", one.started - one.waited, one.waited, "waited") : null,
      ...(one.exchanges || []).flatMap((exchange) => {
        const timings = (exchange.response || exchange.failure || {}).timings;
        if (!timings) return bar("rest", exchange.started, exchange.seconds, "request and response");
        phases = true;
        const parts = [["dns", timings.dns], ["connect", timings.connect], ["tls", timings.tls], ["wait", timings.first_byte]];
        let at = exchange.started;
        const bars = parts.filter(([, length]) => length > 0).map(([kind, length]) => bar(kind, (at += length) - length, length, kind));
        const left = exchange.started + exchange.seconds - at;
        return left > 0 ? [...bars, bar("receive", at, left, "receive")] : bars;
      }),
    ]);
  const lines = rows.map((row) =>
    el(
      "div.wrow",
      {},
      el("a", { href: `#run=${number}&step=${row.id}`, title: row.step.name }, " ".repeat(row.depth * 3), el(`span.${row.step.verdict}`, {}, SIGNS[row.step.verdict]), ` ${title(row.step)}`),
      el("div.lane", {}, bar("whole", row.step.started, row.step.seconds, "the whole step"), lanes(row)),
      el("span.took", {}, seconds(row.step.seconds)),
    ),
  );
  const legend = [["dns", "DNS lookup"], ["connect", "connect"], ["tls", "TLS"], ["wait", "waiting for the first byte"], ["receive", "receiving"]];
  return el("div.waterfall", { "aria-label": "waterfall" }, lines, phases ? el("div.legend", {}, legend.map(([kind, words]) => [el(`i.${kind}`), words])) : null);
}

function title(step) {
  const turn = step.turn >= 0 ? ` [${step.turn}]` : "";
  return `${step.purpose ? `${step.purpose}: ` : ""}${step.name}${turn}`;
}

// ── one step ────────────────────────────────────────────────────────────────────────────────────

function stepView(step, id, run, before) {
  const attempts = step.tries || [];
  const meta = [step.method && `${step.method} ${step.url || ""}`, step.status, step.verdict === "skipped" ? "" : seconds(step.seconds), attempts.length > 1 && `${attempts.length} attempts`, step.cleanup && "cleanup"];
  const inside = el("div.inside");
  const view = el(
    `details.step.is-${step.verdict}`,
    { id: `step-${id}`, open: BAD.has(step.verdict) },
    el("summary", {}, el(`b.${step.verdict}`, {}, SIGNS[step.verdict]), ` ${title(step)} `, el("span.meta", {}, meta.filter(Boolean).join(" · ")), " ", el("a", { href: `#run=${run}&step=${id}`, title: "link to this step" }, "¶")),
    inside,
  );
  const fill = () => inside.childElementCount || inside.append(...stepInside(step, id, run, before));
  view.fill = fill;
  if (view.open) fill();
  view.addEventListener("toggle", () => view.open && fill());
  return view;
}

function stepInside(step, id, run, before) {
  const attempts = step.tries || [];
  const parts = [];
  if (step.reason) parts.push(el("p", {}, `skipped: ${step.reason}`));
  for (const warning of step.warnings || []) parts.push(el("p.warning", {}, `warning: ${warning}`));
  attempts.forEach((one, index) => {
    if (attempts.length > 1) parts.push(el("h4", {}, `attempt ${index + 1} of ${attempts.length}${one.waited ? `, after waiting ${seconds(one.waited)}` : ""}`));
    parts.push(...tryView(one, id, run));
  });
  const names = { ...before, ...(step.local || {}) };
  const gave = step.gave || {};
  if (Object.keys(names).length || Object.keys(gave).length) {
    const count = Object.keys(gave).length;
    parts.push(el("details", {}, el("summary", {}, `variables${count ? `: ${count} defined here` : ""}`), el("h4", {}, "before"), table(names, {}), el("h4", {}, "after"), table({ ...names, ...gave }, gave)));
  }
  if (step.where) parts.push(el("details", {}, el("summary", {}, `${step.where.file}:${step.where.line}`), excerpt(step.where)));
  return parts;
}

function tryView(one, id, run) {
  const failed = (one.checks || []).filter((check) => !check.passed);
  const held = (one.checks || []).filter((check) => check.passed);
  const parts = failed.map((check) => problemView(check, check.lines || []));
  parts.push(...(one.errors || []).map((error) => problemView(error, error.message.split("\n"))));
  parts.push(...(one.notes || []).map((note) => el("p", {}, note)));
  if (held.length) {
    const rows = held.map((check) => el("tr", {}, el("td.sign.passed", {}, "✓"), el("td", {}, check.subject), el("td", {}, ["equals", "status", "assert"].includes(check.operator) ? "" : check.operator), el("td", {}, check.operator === "assert" ? "" : value(check.expected))));
    parts.push(el("h4", {}, "expectations that hold"), el("table", {}, rows));
  }
  let names = one.variables || {};
  (one.steps || []).forEach((step, index) => {
    parts.push(stepView(step, `${id}.${index + 1}`, run, names));
    names = { ...names, ...(step.gave || {}) };
  });
  parts.push(...(one.exchanges || []).map(exchangeView));
  return parts;
}

function problemView(problem, lines) {
  const place = problem.where ? `${problem.where.file}:${problem.where.line}:${problem.where.column}` : "";
  return el(
    "div.problem",
    {},
    el("div.place", {}, place, " ", el("span.code", {}, problem.code)),
    problem.where && excerpt(problem.where),
    el("pre", {}, lines.map((line) => el(`span${/^\s*- /.test(line) ? ".removed" : /^\s*\+ /.test(line) ? ".added" : ""}`, {}, `${line}\n`))),
    problem.hint && el("div.hint", {}, problem.hint),
  );
}

function excerpt(where) {
  const lines = (where.excerpt || []).map(([number, text]) => el(`span${number === where.line ? ".here" : ""}`, {}, `${String(number).padStart(4)} | ${text}\n`));
  return el("pre.excerpt", {}, lines);
}

function table(values, fresh) {
  const rows = Object.entries(values).map(([name, each]) => el(`tr${name in fresh ? ".new" : ""}`, {}, el("td.key", {}, name), el("td", {}, el("code", {}, value(each)))));
  return rows.length ? el("table", {}, rows) : el("p", {}, "none");
}

function value(each) {
  const text = JSON.stringify(each) ?? "";
  return text.length > 2000 ? `${text.slice(0, 2000)}…` : text;
}

// ── a request and its response ───────────────────────────────────────────────────────────────────

function exchangeView(exchange) {
  const { request, response, failure } = exchange;
  const sent = exchange.sent && exchange.sent.length ? exchange.sent : request.headers || [];
  const parts = [
    el(
      "div.block",
      {},
      el("header", {}, el("b", {}, request.method), ` ${request.url}`, exchange.curl && copyButton("copy as curl", exchange.curl)),
      headersView(sent),
      bodyView(request.body, request.headers || []),
    ),
  ];
  if (response) {
    const facts = [`HTTP/${response.http_version || "1.1"}`, seconds(exchange.seconds), response.body ? bytes(response.body.size) : "no body", response.ip].filter(Boolean).join(" · ");
    parts.push(el("div.block", {}, el("header", {}, el("b", {}, `${response.status} ${response.reason || ""}`), el("span.meta", {}, facts), response.body && response.body.text && copyButton("copy body", response.body.text)), headersView(response.headers || []), certificateView(response.certificate), bodyView(response.body, response.headers || [])));
  } else if (failure) parts.push(el("div.block", {}, el("header", {}, el("b.error", {}, `${failure.kind} (${failure.phase})`), ` ${failure.message}`)));
  if (exchange.note) parts.push(el("p", {}, exchange.note));
  return el("div", {}, parts);
}

function headersView(headers) {
  if (!headers.length) return null;
  const rows = headers.map(([name, text]) => el("tr", {}, el("td.key", {}, name), el("td", {}, text)));
  return el("details", {}, el("summary", {}, `${headers.length} headers`), el("table", {}, rows));
}

function certificateView(certificate) {
  if (!certificate) return null;
  return el("details", {}, el("summary", {}, `certificate, until ${certificate.expires}`), table(certificate, {}));
}

function copyButton(words, text) {
  const button = el("button.copy", { type: "button", onclick: () => copy(text, button) }, words);
  return button;
}

async function copy(text, button) {
  const words = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = el("textarea", { value: text, style: { position: "fixed", opacity: 0 } }); // pages opened from a file may not use the clipboard
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  button.textContent = "copied";
  setTimeout(() => (button.textContent = words), 1200);
}

function bodyView(body, headers) {
  if (!body) return null;
  const kind = (headers.find(([name]) => name.toLowerCase() === "content-type") || ["", ""])[1].toLowerCase();
  if (!body.text) return el("div", {}, `${kind || "bytes"}: ${bytes(body.size)}${dimensions(body.base64)}`);
  let text = body.text;
  let json = false;
  if (/[/+]json/.test(kind) || /^\s*[[{]/.test(text)) {
    const indented = body.left_out ? null : indentJson(text);
    json = indented !== null;
    text = indented ?? text;
  } else if (/[/+]xml/.test(kind)) text = indentXml(text);
  if (body.left_out) text += `\n… ${bytes(body.left_out)} more are not in this report`;
  const lines = text.split("\n");
  const pre = el("pre");
  const show = (shown) => pre.replaceChildren(...(json && shown.length < MOST_COLOURED ? coloured(shown) : [shown]));
  const short = lines.slice(0, FOLDED_LINES).join("\n").slice(0, 20000);
  if (short.length === text.length) {
    show(text);
    return pre;
  }
  show(short);
  const button = el("button.fold", { type: "button", onclick: () => (show(text), button.remove()) }, `show all ${lines.length} lines, ${bytes(body.size)}`);
  return [pre, button];
}

/** JSON indented as text: keeps the digits of numbers, the order of keys and repeated keys. Null where it is not JSON. */
function indentJson(text) {
  try {
    JSON.parse(text);
  } catch {
    return null;
  }
  let depth = 0;
  const line = () => `\n${"  ".repeat(depth)}`;
  return text.replace(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+|\s+/g, (token, at) => {
    if (/^\s/.test(token)) return "";
    if (token === "{" || token === "[") {
      const empty = /^\s*[}\]]/.test(text.slice(at + 1, at + 200));
      depth += 1;
      return empty ? token : token + line();
    }
    if (token === "}" || token === "]") {
      depth -= 1;
      const empty = /[{[]\s*$/.test(text.slice(Math.max(0, at - 200), at));
      return empty ? token : line() + token;
    }
    if (token === ",") return token + line();
    return token === ":" ? ": " : token;
  });
}

function coloured(text) {
  const parts = [];
  let end = 0;
  for (const found of text.matchAll(/"(?:[^"\\]|\\.)*"(?=(:)?)|\b(?:true|false|null)\b|-?\b\d[\d.eE+-]*/g)) {
    if (found.index > end) parts.push(text.slice(end, found.index));
    parts.push(el(found[0][0] !== '"' ? "span.json-other" : found[1] ? "span.json-key" : "span.json-text", {}, found[0]));
    end = found.index + found[0].length;
  }
  return [...parts, text.slice(end)];
}

/** XML with a line for each element; text is not changed. */
function indentXml(text) {
  let depth = 0;
  return text
    .replace(/>\s*</g, ">\n<")
    .split("\n")
    .map((line) => {
      if (/^<\//.test(line)) depth = Math.max(depth - 1, 0);
      const shown = "  ".repeat(depth) + line;
      if (/^<[^!?/][^>]*[^/]>$/.test(line) || /^<[^!?/]>$/.test(line)) depth += 1;
      return shown;
    })
    .join("\n");
}

/** Width and height of a PNG, a GIF or a JPEG, from its first bytes. */
function dimensions(base64) {
  const data = atob((base64 || "").slice(0, 40000));
  const at = (index, count) => [...data.slice(index, index + count)].reduce((sum, letter) => sum * 256 + letter.charCodeAt(0), 0);
  if (data.startsWith("\x89PNG")) return `, ${at(16, 4)} × ${at(20, 4)} pixels`;
  if (data.startsWith("GIF8")) return `, ${at(7, 1) * 256 + at(6, 1)} × ${at(9, 1) * 256 + at(8, 1)} pixels`;
  if (!data.startsWith("\xff\xd8")) return "";
  for (let place = 2; place + 9 < data.length; place += 2 + at(place + 2, 2)) {
    const kind = at(place + 1, 1);
    if (kind >= 0xc0 && kind <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(kind)) return `, ${at(place + 7, 2)} × ${at(place + 5, 2)} pixels`;
  }
  return "";
}

// ── keys, buttons, start ────────────────────────────────────────────────────────────────────────

function move(by, wanted = () => true) {
  const from = state.shown.findIndex((row) => row.number === state.now);
  for (let at = from < 0 && by < 0 ? state.shown.length - 1 : from + by; at >= 0 && at < state.shown.length; at += by) {
    if (wanted(state.shown[at])) return go(state.shown[at].number);
  }
}

const KEYS = {
  "/": () => search.focus(),
  j: () => move(1),
  ArrowDown: () => move(1),
  k: () => move(-1),
  ArrowUp: () => move(-1),
  n: () => move(1, (row) => BAD.has(row.verdict)),
  Enter: () => (state.now < 0 ? move(1) : detail.scrollIntoView()),
  Escape: () => (location.hash = ""),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
  if (typing && event.key === "Escape") event.target.blur();
  const onControl = typing || (event.key === "Enter" && /^(BUTTON|A|SUMMARY)$/.test(event.target.tagName));
  if (onControl || !Object.hasOwn(KEYS, event.key)) return;
  if (event.key.startsWith("Arrow") && event.target !== list) return;
  event.preventDefault();
  KEYS[event.key]();
});

search.addEventListener("input", filter);
tag.addEventListener("change", filter);
file.addEventListener("change", filter);
for (const button of document.querySelectorAll(".total")) {
  button.addEventListener("click", () => {
    const verdict = button.dataset.verdict;
    if (!state.verdicts.delete(verdict)) state.verdicts.add(verdict);
    button.setAttribute("aria-pressed", state.verdicts.has(verdict));
    filter();
  });
}
document.getElementById("theme").addEventListener("click", () => {
  const dark = getComputedStyle(document.documentElement).getPropertyValue("--back").trim() !== "#fff";
  document.documentElement.dataset.theme = dark ? "light" : "dark";
});
list.addEventListener("scroll", () => list.scrollTop + list.clientHeight * 2 > list.scrollHeight && more());
addEventListener("beforeprint", () => more(state.shown.length));
addEventListener("hashchange", follow);

function options(select, values) {
  select.append(...[...new Set(values)].sort().map((each) => el("option", { value: each }, each)));
}

(async () => {
  if (!("DecompressionStream" in window)) {
    detail.append("This browser cannot decompress the data of this page (it has no DecompressionStream): use one from 2023 or later.");
    return;
  }
  const { runs } = await unpacked("index");
  state.rows = runs.map((row, number) => ({
    ...row,
    number,
    text: [row.name, row.label, row.file, row.names, row.why, row.verdict, ...row.tags].join("\n").toLowerCase(),
  }));
  options(tag, state.rows.flatMap((row) => row.tags));
  options(file, state.rows.map((row) => row.file));
  filter();
  const first = state.rows.find((row) => BAD.has(row.verdict)) || state.rows[0];
  if (location.hash) await follow();
  else if (first) history.replaceState(null, "", `#run=${first.number}`), await follow();
  scrollTo(0, location.hash.includes("step=") ? scrollY : 0);
  document.documentElement.dataset.ready = "yes";
})();
