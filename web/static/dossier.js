// One dossier, live: what changed is rendered by the server and put in its place; what is being typed is never touched.
import { Live, linkState } from "/static/socket.js";
import { parts } from "/static/parts.js";

const WRITING = 8_000; // milliseconds after the last key during which one is said to write
const KEEP = 600; // after the last key, the text is kept
const page = document.querySelector("[data-dossier]");
const { dossier, me, position } = page.dataset;
const topic = `dossier:${dossier}`;
let version = Number(page.dataset.version);

// -- what changed

let unsaved = false; // words that only this page has
const { now, soon } = parts(
  page,
  (fresh) => (version = Math.max(version, Number(fresh.dataset.version))),
  () => unsaved,
);

// -- who is there

const others = page.querySelector("[data-presence]");

function showPresence({ viewing, writing }) {
  const line = (sentence, person) => {
    const said = document.createElement("p");
    said.className = "who";
    said.textContent = sentence.replace("{name}", person.name);
    return said;
  };
  const notMe = (people) => people.filter((person) => person.id !== me);
  others.replaceChildren(
    ...notMe(writing).map((person) => line(page.dataset.writes, person)),
    ...notMe(viewing).map((person) => line(page.dataset.views, person)),
  );
}

let live = null;
let writes = false;
// False where the link does not carry it: it is said again as soon as there is one.
const present = () => live?.send(writes ? { op: "writing", dossier, field: "reply" } : { op: "viewing", dossier });
addEventListener("pagehide", () => live?.send({ op: "left", dossier }));
setInterval(present, 40_000);

// -- the reply

const composer = page.querySelector("[data-composer]");
if (composer) keepTyping(composer);

function keepTyping(form) {
  const area = form.elements.message;
  const kept = form.querySelector("[data-kept]");
  let revision = Number(form.dataset.revision);
  let timer = 0;
  let quiet = 0;
  let said = -Infinity;
  let saving = null;
  let sent = false;

  area.addEventListener("input", () => {
    unsaved = true;
    clearTimeout(timer);
    timer = setTimeout(save, KEEP);
    writes = true;
    if (performance.now() - said > WRITING / 2 && present()) said = performance.now();
    clearTimeout(quiet);
    quiet = setTimeout(() => {
      writes = false;
      said = -Infinity;
      present();
    }, WRITING);
  });
  // The message takes its draft with it: a late saving would bring it back.
  form.addEventListener("submit", () => {
    sent = true;
    unsaved = false;
    clearTimeout(timer);
    saving?.abort();
  });
  addEventListener("pageshow", (event) => event.persisted && (sent = false));
  document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && unsaved && save());
  addEventListener("pagehide", () => unsaved && save());

  async function save() {
    clearTimeout(timer);
    if (sent || !unsaved) return;
    if (saving) {
      timer = setTimeout(save, KEEP);
      return;
    }
    saving = new AbortController();
    unsaved = false;
    try {
      const answer = await fetch(`/agent/dossiers/${dossier}/brouillon`, {
        method: "PUT",
        keepalive: true,
        signal: saving.signal,
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ body: area.value, revision }),
      });
      if (answer.status !== 200 && answer.status !== 412) throw new Error(`${answer.status}`);
      const told = await answer.json();
      revision = told.revision;
      kept.textContent = told.told;
      if (answer.status === 412) offer();
    } catch {
      if (sent) return;
      unsaved = true;
      kept.textContent = form.dataset.failed;
      timer = setTimeout(save, 5_000);
    } finally {
      saving = null;
    }
  }

  // Another window of the same agent kept something else: this text replaces it only when the agent says so.
  function offer() {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "link-button";
    button.textContent = form.dataset.keep;
    button.addEventListener("click", () => {
      unsaved = true;
      save();
    });
    kept.append(" ", button);
  }
}

// -- the link

const show = linkState(page.querySelector("[data-link]"));
live = new Live(
  { [topic]: position },
  {
    fact(frame) {
      if (frame.version > version) soon();
    },
    presence(frame) {
      if (frame.dossier === dossier) showPresence(frame);
    },
    resync: now,
    state(state) {
      show(state);
      if (state === "live") present();
      if (state === "over" && !unsaved) location.assign(`/connexion?suite=${encodeURIComponent(location.pathname)}&fin=session`);
    },
  },
);
