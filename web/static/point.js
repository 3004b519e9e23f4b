// Where somebody is, put into the boxes of a question, on their demand alone. Without it they type.
const boxes = (place) => ["lat", "lon"].map((part) => place.querySelector(`input[name$=".${part}"]`));

function offer(place) {
  if (place.querySelector("button") || !navigator.geolocation) return;
  const button = Object.assign(document.createElement("button"), {
    type: "button",
    className: "ds-button",
    textContent: place.dataset.button,
  });
  button.dataset.variant = "secondary";
  const said = document.createElement("p");
  said.setAttribute("role", "status");
  said.className = "quiet small";
  button.addEventListener("click", () => {
    button.setAttribute("aria-busy", "true");
    const done = (words) => {
      button.removeAttribute("aria-busy");
      said.textContent = words;
    };
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        const comma = document.documentElement.lang === "fr";
        boxes(place).forEach((box, i) => {
          const degrees = [coords.latitude, coords.longitude][i].toFixed(6);
          box.value = comma ? degrees.replace(".", ",") : degrees;
        });
        done(place.dataset.found);
      },
      () => done(place.dataset.refused),
      { enableHighAccuracy: true, timeout: 15_000 },
    );
  });
  place.prepend(button, said);
}

// Questions are replaced as answers show and hide them.
const all = () => document.querySelectorAll("[data-point]").forEach(offer);
new MutationObserver(all).observe(document.querySelector("main"), { childList: true, subtree: true });
all();
