// The parts of a page that the server renders: read again when something happened, and put in their place. Where somebody
// types nothing moves, and what was typed goes along.

const TOGETHER = 30; // milliseconds: facts that come together are read once
const LONGEST_WAIT = 5_000; // between two tries, while the page cannot be read
const AFTER = 1_000; // a hand or the focus has left a part that waited: a click must end first

// page: an element with [data-part]s; its data-source is the address that renders it again, data-gone where to go when
// there is nothing any more.
// read(fresh): told of each reading, before the parts are put in place; unsaved(): whether leaving would lose words.
// Returns now() -> Promise<the position of what was read>, and soon().
export function parts(page, read, unsaved) {
  let reading = null;
  let again = false;
  let due = 0;
  let waiting = false; // some part was left as it is, because of a hand on it

  // One reading at a time; what comes meanwhile asks for one more.
  function now() {
    if (reading) {
      again = true;
      return reading;
    }
    reading = render().finally(() => {
      reading = null;
      if (again) soon();
      again = false;
    });
    return reading;
  }

  function soon(wait = TOGETHER) {
    due ||= setTimeout(() => {
      due = 0;
      now().catch(() => soon(Math.min(wait * 2 + 500, LONGEST_WAIT)));
    }, wait);
  }

  async function render() {
    const answer = await fetch(page.dataset.source, { headers: { Accept: "text/html" } });
    if (answer.redirected || answer.status === 404) return leave(answer.redirected ? answer.url : page.dataset.gone);
    if (!answer.ok) throw new Error(`${answer.status}`);
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-source]");
    if (!fresh) throw new Error("another page");
    read(fresh);
    waiting = false;
    const typing = page.contains(document.activeElement) ? document.activeElement : null;
    page.style.overflowAnchor = typing ? "none" : ""; // else the browser does it, for whoever only reads
    still(typing, () => {
      for (const part of page.querySelectorAll("[data-part]")) {
        const other = fresh.querySelector(`[data-part="${part.dataset.part}"]`);
        if (other && !put(part, other)) waiting = true;
      }
    });
    return fresh.dataset.position;
  }

  // It is elsewhere now, or not this person's any more.
  function leave(address) {
    if (!unsaved()) location.assign(address);
    return page.dataset.position;
  }

  for (const event of ["focusout", "pointerup"]) page.addEventListener(event, () => waiting && soon(AFTER));
  return { now, soon };
}

// Change the page, and let this element stay where it is on the screen.
export function still(anchor, change) {
  const before = anchor?.getBoundingClientRect().top;
  change();
  if (!anchor?.isConnected) return;
  const moved = () => Math.round(anchor.getBoundingClientRect().top - before);
  scrollBy({ top: moved(), behavior: "instant" });
  if (moved() <= 0) return;
  // The page was too short to scroll that far: it is made a little longer.
  const main = anchor.closest("main");
  main.style.minHeight = `${main.offsetHeight + moved()}px`;
  scrollBy({ top: moved(), behavior: "instant" });
}

// The boxes that hold something which the server does not have.
export function typed(part) {
  const texts = [...part.querySelectorAll("textarea")].filter((area) => !area.readOnly && area.value.trim());
  return [...texts, ...[...part.querySelectorAll('input[type="file"]')].filter((input) => input.files.length)];
}

// Forms have new keys at each reading; only what is shown decides whether a part is other than before.
const shown = (part) => part.innerHTML.replaceAll(/ data-changed=""|name="(?:key|version)" value="[^"]*"/g, "");

// False: it had to stay as it is.
function put(part, fresh) {
  if (shown(part) === shown(fresh)) {
    const versions = fresh.querySelectorAll('input[name="version"]');
    part.querySelectorAll('input[name="version"]').forEach((input, place) => (input.value = versions[place].value));
    return true;
  }
  const focus = part.contains(document.activeElement) ? document.activeElement : null;
  if (focus?.matches("input, textarea, select") || part.matches(":active")) return false;
  const place = (box, where) => where.querySelector(`#${CSS.escape(box.id)}`);
  const kept = typed(part);
  if (!kept.every((box) => place(box, fresh))) return false;
  // What was open stays open, and the focus stays where it was.
  const open = [...part.querySelectorAll("details")].map((each) => each.open && each.querySelector("summary").textContent);
  const name = focus?.matches("summary, button, a") ? focus.textContent : null;
  const news = new Set([...part.querySelectorAll("[data-news]")].map((each) => each.innerHTML));
  part.replaceChildren(...[...fresh.childNodes].map((node) => document.importNode(node, true)));
  for (const box of kept) place(box, part).replaceWith(box);
  for (const each of part.querySelectorAll("[data-news]")) each.toggleAttribute("data-changed", !news.has(each.innerHTML));
  for (const each of part.querySelectorAll("details")) each.open = open.includes(each.querySelector("summary").textContent);
  if (name !== null) [...part.querySelectorAll("summary, button, a")].find((each) => each.textContent === name)?.focus();
  return true;
}
