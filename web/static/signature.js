// A square to sign in with a finger, a pen or a mouse. The typed name is the signature; this is its picture.
const [WIDTH, HEIGHT] = [600, 200]; // the units of the points (casework.forms.model)
const MOST = 2_000; // points

function square(place) {
  if (place.querySelector("canvas")) return;
  const box = place.querySelector("input[type=hidden]");
  const label = Object.assign(document.createElement("p"), { className: "hint", textContent: place.dataset.label });
  const canvas = Object.assign(document.createElement("canvas"), { width: WIDTH, height: HEIGHT });
  canvas.setAttribute("aria-hidden", "true"); // nothing to do there for who does not see it: the name is typed
  const clear = Object.assign(document.createElement("button"), {
    type: "button",
    className: "link-button",
    textContent: place.dataset.clear,
  });
  place.append(label, canvas, clear);

  let strokes = read(box.value);
  let drawing = false;
  const pen = canvas.getContext("2d");
  pen.lineWidth = 3;
  pen.lineCap = pen.lineJoin = "round";

  const show = () => {
    pen.clearRect(0, 0, WIDTH, HEIGHT);
    for (const stroke of strokes) {
      pen.beginPath();
      pen.moveTo(...stroke[0]);
      for (const point of stroke.length > 1 ? stroke : [...stroke, stroke[0]]) pen.lineTo(...point);
      pen.stroke();
    }
    clear.hidden = !strokes.length;
  };
  const keep = () => {
    box.value = strokes.length ? JSON.stringify(strokes) : "";
  };
  const add = (event) => {
    const edge = canvas.getBoundingClientRect();
    const within = (value, most) => Math.min(most, Math.max(0, Math.round(value)));
    const point = [
      within(((event.clientX - edge.left) / edge.width) * WIDTH, WIDTH),
      within(((event.clientY - edge.top) / edge.height) * HEIGHT, HEIGHT),
    ];
    const stroke = strokes.at(-1);
    const last = stroke.at(-1);
    if (last && Math.hypot(point[0] - last[0], point[1] - last[1]) < 3) return;
    if (strokes.reduce((sum, each) => sum + each.length, 0) < MOST) stroke.push(point);
    show();
  };
  canvas.addEventListener("pointerdown", (event) => {
    if (strokes.reduce((sum, each) => sum + each.length, 0) >= MOST) return;
    event.preventDefault();
    canvas.setPointerCapture(event.pointerId);
    drawing = true;
    strokes.push([]);
    add(event);
  });
  canvas.addEventListener("pointermove", (event) => drawing && add(event));
  const stop = () => {
    if (drawing) keep();
    drawing = false;
  };
  canvas.addEventListener("pointerup", stop);
  canvas.addEventListener("pointercancel", stop);
  clear.addEventListener("click", () => {
    strokes = [];
    keep();
    show();
  });
  show();
}

function read(text) {
  try {
    return text ? JSON.parse(text) : [];
  } catch {
    return [];
  }
}

// Questions are replaced as answers show and hide them.
const all = () => document.querySelectorAll("[data-signature]").forEach(square);
new MutationObserver(all).observe(document.querySelector("main"), { childList: true, subtree: true });
all();
