// A live queue: rows come, change and go as the journal grows. Nothing jumps, and nothing older replaces what is newer.
import { Live, linkState } from "/static/socket.js";
import { still as stay } from "/static/parts.js";
import { rowFiller, showFaces } from "/static/rows.js";

const page = document.querySelector("[data-queue]");
const { view, service, position, me, lang, whole } = page.dataset;
const words = JSON.parse(page.dataset.words);
const table = page.querySelector("table");
const body = table.tBodies[0];
const empty = page.querySelector("[data-empty]");
const said = page.querySelector("[data-said]");
const fresh = page.querySelector("[data-fresh]");
const fill = rowFiller(words, { lang, me, view });
const topic = service ? `queue:${view}:${service}` : `queue:${view}`;
const versions = new Map(); // dossier -> the highest version that we know, also of those that left
const held = (id) => body.querySelector(`tr[data-row="${CSS.escape(id)}"]`);
for (const row of body.rows) versions.set(row.dataset.row, Number(row.dataset.version));

const topics = { [topic]: position };
// The counts of the other tabs move with facts that this view does not show.
for (const other of ["service", "to-take-over", "mine"]) {
  const name = `queue:${other}`;
  if (!(name in topics) && other !== view) topics[name] = position;
}

// On a phone the tabs scroll: the one that is open is shown.
document.querySelector(".tabs [aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" });

const show = linkState(document.querySelector("[data-link]"));
const live = new Live(topics, {
  fact(frame) {
    recount();
    if (frame.topic === topic && "row" in frame) put(frame);
  },
  presence(frame) {
    const row = held(frame.dossier);
    if (row) showFaces(row.querySelector('[data-f="faces"]'), frame.viewing, frame.writing, words);
  },
  resync: reload,
  state(state) {
    show(state);
    if (state === "over") location.assign(`/connexion?suite=${encodeURIComponent(location.pathname)}&fin=session`);
  },
});

function put({ dossier, version, row }) {
  if (version <= (versions.get(dossier) ?? 0)) return;
  versions.set(dossier, Math.max(version, row?.version ?? 0));
  const known = held(dossier);
  if (row === null) {
    if (known) leave(known);
  } else if (known) {
    clearTimeout(Number(known.dataset.gone));
    delete known.dataset.gone;
    still(() => fill(known, row));
    mark(known);
  } else if (whole === "yes" && belongs(row)) {
    const arrived = fill(page.querySelector("#row").content.firstElementChild.cloneNode(true), row);
    still(() => insert(arrived));
    mark(arrived);
    said.textContent = words.arrived.replace("{reference}", row.reference);
  } else if (fresh) fresh.hidden = false;
  showEmpty();
}

function showEmpty() {
  empty.hidden = body.rows.length > 0;
  table.hidden = body.rows.length === 0;
}

// A row that has left says so for a moment, and goes only when nobody is on it.
function leave(row) {
  if (row.dataset.gone) return;
  const state = row.querySelector('[data-f="state"]');
  state.textContent = words.left;
  state.dataset.state = "left";
  for (const name of ["claim", "take"]) row.querySelector(`[data-f="${name}"]`).hidden = true;
  const go = () => {
    if (row === pointed || row.contains(document.activeElement)) row.dataset.gone = setTimeout(go, 1_000);
    else {
      still(() => row.remove());
      showEmpty();
    }
  };
  row.dataset.gone = setTimeout(go, 2_000);
}

// What is under the pointer, has the focus or is being read stays where it is on the screen.
let pointed = null;
body.addEventListener("pointerover", (event) => (pointed = event.target.closest("tr")));
body.addEventListener("pointerleave", () => (pointed = null));

function still(change) {
  const reads = body.getBoundingClientRect().top < 0 ? [...body.rows].find((row) => row.getBoundingClientRect().bottom > 0) : null;
  stay(pointed ?? document.activeElement?.closest("tbody tr") ?? reads, change);
}

// A queue that goes on on another page ends here with its last row: what is older belongs there.
function belongs(row) {
  const last = body.rows[body.rows.length - 1];
  return page.dataset.more !== "yes" || !last || Date.parse(row.submitted_at) >= Date.parse(last.dataset.submitted);
}

function insert(element) {
  const at = Date.parse(element.dataset.submitted);
  const next = [...body.rows].find((row) => Date.parse(row.dataset.submitted) < at);
  body.insertBefore(element, next ?? null);
  return element;
}

function mark(element) {
  delete element.dataset.changed;
  void element.offsetWidth; // the animation begins again
  element.dataset.changed = "";
}

// Too long away to catch up: read the page of the queue again, once, and go on from its position.
async function reload(about) {
  const address = new URL(`/api/v1/queues/${view}`, location.href);
  if (service) address.searchParams.set("service", service);
  if (about === topic) {
    const known = [...body.rows].map((row) => row.dataset.row);
    if (whole !== "yes") for (const id of known) address.searchParams.append("ids", id);
    const found = await get(address);
    const now = new Map(found.items.map((row) => [row.id, row]));
    for (const id of known) if (!now.has(id)) leave(held(id));
    for (const row of now.values()) {
      versions.set(row.id, row.version - 1);
      put({ dossier: row.id, version: row.version, row });
    }
    showEmpty();
    count(found.counts);
    return found.position;
  }
  const found = await get(address);
  count(found.counts);
  return found.position;
}

async function get(address) {
  const answer = await fetch(address, { headers: { Accept: "application/json", "Accept-Language": lang } });
  if (!answer.ok) throw new Error(`${answer.status}`);
  return answer.json();
}

function count(counts) {
  for (const tab of document.querySelectorAll(".tabs [data-view]")) {
    const number = counts[tab.dataset.view];
    const shown = tab.querySelector(".count");
    if (number === undefined) continue;
    shown.textContent = new Intl.NumberFormat(lang).format(number);
    shown.toggleAttribute("data-zero", number === 0);
  }
}

// Counts are read again soon after the first fact, then at most every few seconds however many come.
let due = 0;
let last = 0;
function recount() {
  if (due) return;
  due = setTimeout(async () => {
    due = 0;
    last = performance.now();
    if (document.visibilityState !== "visible") return;
    const address = new URL(`/api/v1/queues/${view}?ids=`, location.href);
    if (service) address.searchParams.set("service", service);
    address.searchParams.set("ids", "00000000-0000-0000-0000-000000000000");
    try {
      count((await get(address)).counts);
    } catch {
      // the next fact asks again
    }
    if (page.dataset.offers) offers();
  }, Math.max(200, 2_000 - (performance.now() - last)) * (0.75 + Math.random() / 2));
}

// Whose dossiers can be taken over, all at once: the server's own panel, read again.
async function offers() {
  const answer = await fetch(location.href, { headers: { "HX-Request": "true" } });
  if (!answer.ok) return;
  const read = new DOMParser().parseFromString(await answer.text(), "text/html");
  const now = read.querySelector("#a-reprendre");
  const shown = document.querySelector("#a-reprendre");
  if (now && shown && !shown.contains(document.activeElement)) shown.replaceWith(now);
}

// Taking a dossier from its row: the answer is the fact itself, on every screen. A refusal is said in words.
body.addEventListener("submit", async (event) => {
  const form = event.target.closest('[data-f="claim"]');
  if (!form) return;
  event.preventDefault();
  const button = form.querySelector("button");
  button.setAttribute("aria-busy", "true");
  const row = form.closest("tr");
  try {
    const answer = await fetch(`/api/v1/dossiers/${row.dataset.row}/claim`, {
      method: "POST",
      headers: {
        "Content-Type": "application/json",
        "Accept-Language": lang,
        "If-Match": `"${form.elements.version.value}"`,
        "Idempotency-Key": crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`,
      },
      body: "{}",
    });
    if (answer.ok) return (said.textContent = words.claimed.replace("{reference}", row.querySelector('[data-f="reference"]').textContent));
    const problem = await answer.json();
    tell(problem.held_by ? words.held.replace("{name}", problem.held_by.name) : problem.title);
  } catch {
    tell(words.failed);
  } finally {
    button.removeAttribute("aria-busy");
  }
});

function tell(sentence) {
  const notice = page.querySelector("[data-notice]");
  notice.querySelector("p").textContent = sentence;
  notice.hidden = false;
}
