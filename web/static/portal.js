// What the portal adds where there is JavaScript. Everything works without it.
"use strict";

// The button that updates the questions by hand is of no use when they follow by themselves.
for (const button of document.querySelectorAll("[data-without-script]")) button.hidden = true;

// What went wrong is read first.
document.querySelector("[data-focus]")?.focus();

// One submission at a time. The server makes one request of a double click anyway, by its key.
addEventListener("submit", (event) => {
  const form = event.target.closest("form[data-once]");
  if (!form) return;
  if (form.dataset.sending) return event.preventDefault();
  form.dataset.sending = "yes";
  event.submitter?.setAttribute("aria-busy", "true");
});
// A page that comes back from the browser's memory can be sent again.
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-once]")) {
    delete form.dataset.sending;
    for (const busy of form.querySelectorAll("[aria-busy]")) busy.removeAttribute("aria-busy");
  }
});

// A link to a question moves the reader into it.
document.querySelector("#erreurs")?.addEventListener("click", (event) => {
  const id = event.target.closest("a")?.hash.slice(1);
  const found = id && document.getElementById(id);
  if (!found) return;
  event.preventDefault();
  const box = "input:not([type=hidden]), select, textarea";
  const field = found.matches(box) ? found : (found.querySelector(box) ?? found);
  field.focus();
  field.scrollIntoView({ block: "center" });
});
