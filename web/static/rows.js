// A row of a queue, filled from what the socket or the API says of a dossier. The server writes the same cells.
const PARIS = "Europe/Paris";

// words: the page's own, from the table's data-words; view: the queue's.
export function rowFiller(words, { lang, me, view }) {
  const day = new Intl.DateTimeFormat(lang === "fr" ? "fr-FR" : "en-GB", { day: "numeric", month: "short", year: "numeric", timeZone: PARIS });
  const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: PARIS });
  const dated = (at) => (lang === "fr" ? day.format(at).replace(/^1(?=\D)/, "1er").replace(" ", "\u00a0") : day.format(at));
  // A deadline, or an absence until the evening, is the midnight that ends its last day.
  const lastDay = (at) => dated(new Date(Date.parse(at) - 1000));
  const until = (at) => (clock.format(new Date(at)) === "12:30" ? `${dated(new Date(at))} ${words.noon}` : lastDay(at));
  const fill = (sentence, values) => sentence.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");

  return (element, row) => {
    const part = (name) => element.querySelector(`[data-f="${name}"]`);
    const say = (name, text) => {
      const found = part(name);
      found.hidden = !text;
      (found.querySelector("[data-text]") ?? found).textContent = text || "";
    };
    element.dataset.row = row.id;
    element.dataset.version = row.version;
    element.dataset.submitted = row.submitted_at;
    part("link").href = `/agent/dossiers/${row.id}`;
    say("procedure", lang === "fr" ? row.procedure_fr : row.procedure_en);
    say("reference", row.reference);
    say("applicant", row.applicant);
    say("service", row.service_name);
    const state = part("state");
    state.dataset.state = row.state;
    state.textContent = words.state[row.state];
    part("wrote").hidden = !row.citizen_wrote_at;
    part("late").hidden = !row.late;
    say("holder", row.holder_name || words.nobody);
    part("holder").classList.toggle("quiet", !row.holder_id);
    say("origin", row.taken_over_from_name ? fill(words.origin, { name: row.taken_over_from_name }) : "");
    const away = row.uncovered_since && row.absence_until;
    say("absence", away ? fill(words.absence, { reason: row.absence_reason, day: until(row.absence_until) }) : "");
    say("due", row.awaiting_since ? words.suspended : row.due_at ? lastDay(row.due_at) : "");
    const claim = part("claim");
    claim.hidden = Boolean(row.holder_id);
    claim.action = `/agent/dossiers/${row.id}/actes/claim`;
    claim.elements.version.value = row.version;
    const take = part("take");
    take.hidden = !(row.uncovered_since && row.holder_id !== me && (view === "to-take-over" || row.cover_id === me || !row.cover_id));
    take.href = `/agent/dossiers/${row.id}/reprise`;
    for (const name of ["claim", "take"]) {
      const about = part(name).querySelector("[data-about]");
      if (about) about.textContent = ` ${row.reference}`;
    }
    return element;
  };
}

// The faces of those who have a dossier open.
export function showFaces(element, people, writing, words) {
  const busy = new Set(writing.map((person) => person.id));
  const everybody = new Map([...people, ...writing].map((person) => [person.id, person]));
  element.replaceChildren(
    ...[...everybody.values()].slice(0, 4).map((person) => {
      const face = document.createElement("span");
      const names = person.name.split(" ");
      face.className = "face";
      face.textContent = (names[0][0] + (names.length > 1 ? names.at(-1)[0] : "")).toUpperCase();
      face.title = (busy.has(person.id) ? words.writes : words.views).replace("{name}", person.name);
      face.setAttribute("role", "img");
      face.setAttribute("aria-label", face.title);
      if (busy.has(person.id)) face.dataset.writing = "";
      return face;
    }),
  );
}
