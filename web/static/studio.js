// What the studio adds where there is JavaScript: shortcuts, dragging, two widths of the preview. Each thing has its button.
const studio = () => document.querySelector("#studio");

// -- shortcuts: Alt+N a new question, Alt+Z undo, Alt+D copy, Alt+↑ and Alt+↓ move what is worked on

addEventListener("keydown", (event) => {
  if (!event.altKey || event.ctrlKey || event.metaKey || !studio()) return;
  const step = { ArrowUp: "up", ArrowDown: "down" }[event.key];
  const current = studio().querySelector(".tree [aria-current]")?.dataset.node;
  const found = step
    ? current && studio().querySelector(`button[value="${step}:${current}"]:not(:disabled)`)
    : studio().querySelector(`[data-key="${CSS.escape(event.key.toLowerCase())}"]`);
  if (!found) return;
  event.preventDefault();
  if (found.matches("input")) found.focus();
  else found.click();
});

// -- the preview as on a phone, or as on a desk

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-widths] button");
  if (button) show(button.dataset.width);
});
let width = "phone";
function show(chosen = width) {
  width = chosen;
  const frame = document.querySelector("#apercu");
  if (!frame) return;
  frame.dataset.width = width;
  frame.closest(".previews").toggleAttribute("data-wide", width === "desk");
  const buttons = document.querySelector("[data-widths]");
  buttons.hidden = false;
  for (const each of buttons.children) each.setAttribute("aria-pressed", String(each.dataset.width === width));
}
show();
document.addEventListener("htmx:after:swap", () => show());

// -- dragging an element of the structure, by any pointer; the arrows beside it do the same

const FAR = 6; // pixels: less is a click
let drag = null;

document.addEventListener("pointerdown", (event) => {
  const node = event.target.closest(".tree .node");
  if (!node || event.button !== 0 || event.pointerType === "touch" || event.target.closest("button")) return;
  drag = { item: node.parentElement, x: event.clientX, y: event.clientY, on: false };
});
document.addEventListener("dragstart", (event) => {
  if (event.target.closest?.(".tree")) event.preventDefault(); // the browser's own dragging of links
});
document.addEventListener("pointermove", (event) => {
  if (!drag) return;
  if (!drag.on && Math.hypot(event.clientX - drag.x, event.clientY - drag.y) < FAR) return;
  drag.on = true;
  drag.item.dataset.dragged = "";
  clear();
  const [kind] = drag.item.dataset.element.split(":");
  const under = document.elementFromPoint(event.clientX, event.clientY)?.closest(".tree [data-element]");
  const target = kind === "page" ? under?.closest('[data-element^="page:"]') : under;
  if (!target || target === drag.item) return;
  const box = target.querySelector(".node").getBoundingClientRect();
  const before = target.dataset.element.startsWith(kind) && event.clientY < box.top + box.height / 2;
  target.dataset.drop = before ? "before" : "after";
  drag.target = target;
});
document.addEventListener("pointerup", () => {
  const { item, target, on } = drag ?? {};
  drag = null;
  if (!on) return;
  addEventListener("click", (event) => event.preventDefault(), { capture: true, once: true });
  setTimeout(() => delete item.dataset.dragged);
  const drop = target?.dataset.drop;
  clear();
  if (!drop) return;
  const form = document.querySelector("#place");
  const [kind, id] = target.dataset.element.split(":");
  const onPage = kind === "page" && item.dataset.element.startsWith("field:");
  const next = onPage ? target.querySelector("[data-element]") : target.nextElementSibling;
  form.elements.moved.value = item.dataset.element;
  form.elements.page.value = onPage ? id : (target.dataset.page ?? "");
  form.elements.before.value = drop === "before" ? id : (next?.dataset.element.split(":")[1] ?? "");
  form.requestSubmit();
});
function clear() {
  for (const each of document.querySelectorAll("[data-drop]")) delete each.dataset.drop;
}

// -- somebody else changed the draft: shown at once, unless one is in the middle of typing

document.addEventListener("htmx:after:swap", () => {
  const fresh = document.querySelector("[data-fresh]");
  if (fresh && !document.activeElement?.closest(".element, .adder")) fresh.click();
});

// -- on a narrow screen, what was picked in the structure comes into sight

const narrow = matchMedia("(max-width: 59.99rem)");
let shown = document.querySelector(".element")?.id;
document.addEventListener("htmx:after:swap", () => {
  const panel = document.querySelector(".element");
  if (!panel || panel.id === shown) return;
  shown = panel.id;
  if (narrow.matches) panel.scrollIntoView();
});
