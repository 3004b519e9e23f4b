// What a person filed, live: one request, or all of theirs. The page is whole without it.
import { Live, linkState } from "/static/socket.js";
import { parts, typed } from "/static/parts.js";

const page = document.querySelector("[data-follow]");
let version = Number(page.dataset.version); // NaN for a list: every fact is news
const unsaved = () => typed(page).length > 0;
const { now, soon } = parts(page, read, unsaved);

// What this page did not say yet is read aloud, when the reader of the screen pauses.
function read(fresh) {
  version = Math.max(version, Number(fresh.dataset.version));
  const known = new Set([...page.querySelectorAll("[data-news]")].map((each) => each.innerHTML));
  const news = [...fresh.querySelectorAll("[data-news]")].filter((each) => !known.has(each.innerHTML));
  const words = news.map((each) => each.dataset.news).filter(Boolean);
  if (words.length) page.querySelector("[data-said]").textContent = words.join(" ");
}

const show = linkState(page.querySelector("[data-link]"));
new Live(
  { [page.dataset.follow]: page.dataset.position },
  {
    fact: (frame) => frame.version <= version || soon(),
    resync: now,
    state(state) {
      show(state);
      if (state === "over" && !unsaved()) location.assign(page.dataset.over);
    },
  },
);
