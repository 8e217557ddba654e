"use strict";
// The network, one level of its modules at a time.

const WIDE = 230, HIGH = 46, GAP = 26;

/** Draw the boxes of the module `path`; "" is the network. */
function drawLevel(path) {
  const level = data.levels[path], places = {};
  let right = 0, low = 0;
  for (const box of level.boxes) {
    places[box.path] = [20 + box.column * (WIDE + GAP), 20 + box.layer * (HIGH + GAP)];
    right = Math.max(right, places[box.path][0] + WIDE + 20);
    low = Math.max(low, places[box.path][1] + HIGH + 20);
  }
  const svg = make("svg", { width: right, height: low, role: "group", "aria-label": `modules of ${path || "the network"}` });
  for (const [a, b] of level.edges) svg.append(edge(places[a], places[b]));
  for (const box of level.boxes) svg.append(boxOf(box, places[box.path], svg));
  byId("graph").replaceChildren(svg);
  byId("box").replaceChildren();
  drawCrumbs(path);
}

function edge([x0, y0], [x1, y1]) {
  const a = [x0 + WIDE / 2, y0 + HIGH], b = [x1 + WIDE / 2, y1];
  const bend = y1 > y0 ? (b[1] - a[1]) / 2 : 60;
  return make("path", { d: `M${a} C${a[0]},${a[1] + bend} ${b[0]},${b[1] - bend} ${b}` });
}

function boxOf(box, [x, y], svg) {
  const name = box.opens ? `${box.path} ▸` : box.path.replace(/^refvr\/networks\//, "");
  const rect = make("rect", { class: "box", x, y, width: WIDE, height: HIGH, rx: 6, tabindex: 0, role: "button",
    "aria-label": `${name}, ${box.operations} operations, result ${box.shape.join(" by ")}`, "data-path": box.path });
  const choose = () => {
    svg.querySelectorAll(".chosen").forEach((other) => other.classList.remove("chosen"));
    rect.classList.add("chosen");
    tellBox(box);
  };
  rect.addEventListener("click", choose);
  rect.addEventListener("dblclick", () => box.opens && drawLevel(box.path));
  rect.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === " ") { event.preventDefault(); choose(); }
  });
  const short = name.length > 34 ? `…${name.slice(-33)}` : name;
  return make("g", {}, rect, make("text", { x: x + 8, y: y + 18 }, short),
    make("text", { x: x + 8, y: y + 36 }, `${box.shape.join("×")}${box.calls > 1 ? `   ${box.calls} calls` : ""}`));
}

/** Everything that is known of one box. */
function tellBox(box) {
  const sums = box.multiply_adds ? `${(box.multiply_adds / 1e6).toFixed(1)} million multiply-adds` : "no sums of products";
  const parts = [make("h3", {}, box.path), make("p", {}, `Result ${box.shape.join(" × ")}, ${box.operations} operations, ${sums}.`)];
  if (box.opens) {
    const inside = make("button", { type: "button", id: "open" }, "look inside");
    inside.addEventListener("click", () => drawLevel(box.path));
    parts.push(inside);
  }
  const map = data.maps[box.value];
  if (map) {
    parts.push(make("div", { class: "tiles" }, ...map.maps.map((m) => figure(
      make("img", { src: m.src, alt: `${m.label} of ${box.value}`, width: 320 }),
      `${m.label} of ${box.value}: black ${number(m.low)}, white ${number(m.high)}` +
        (map.averaged > 1 ? `, means of ${map.averaged}×${map.averaged}` : "")))));
    if (map.noise) parts.push(make("p", {}, `Rounding noise, float32 against float64: rms ${map.noise.rms.toExponential(1)}, ` +
      `largest ${map.noise.largest.toExponential(1)}.`));
  }
  if (!box.opens) parts.push(make("pre", {}, box.formula));
  parts.push(make("p", {}, box.line), make("pre", {}, box.source.join("\n")));
  byId("box").replaceChildren(...parts);
}

function drawCrumbs(path) {
  const parents = Object.keys(data.levels).filter((p) => p === "" || p === path || path.startsWith(`${p}.`));
  byId("crumbs").replaceChildren(...parents.map((p) => {
    const button = make("button", { type: "button" }, p || "the network");
    if (p === path) button.setAttribute("aria-current", "location");
    button.addEventListener("click", () => drawLevel(p));
    return button;
  }));
}
