"use strict";
// The controls: what a click, a key or a slider changes.

const state = { point: 0, time: Math.max(data.times.findIndex((t) => t.now), 0) };
const [HEIGHT, WIDTH] = data.size;

/** Screen pixels for a pixel of the result; a large result is shown smaller. */
const scaleOf = () => Number(byId("zoom").value) / data.shrink;

/** The picture with its wipe, and a mark on every pixel that has a story. */
function drawStage() {
  const zoom = scaleOf(), wipe = Number(byId("wipe").value), time = data.times[state.time];
  const size = `width:${WIDTH * zoom}px;height:${HEIGHT * zoom}px;image-rendering:pixelated;`;
  const after = make("img", { src: time.after, style: size, alt: `after, ${time.label}`, draggable: "false" });
  const before = make("img", { src: time.before, alt: `before, ${time.label}`, draggable: "false",
    style: `${size}position:absolute;left:0;top:0;clip-path:inset(0 ${100 - wipe}% 0 0)` });
  const marks = data.points.map((p, n) => make("span", { "data-point": n, style:
    `position:absolute;pointer-events:none;border:${n === state.point ? "3px solid #ff8000" : "1px solid #ffd21f"};` +
    `left:${(p.x + 0.5) * zoom - 6}px;top:${(p.y + 0.5) * zoom - 6}px;width:10px;height:10px;border-radius:50%` }));
  byId("stage").replaceChildren(after, before, ...marks);
  byId("time-label").textContent = time.label;
}

function choose(n) {
  state.point = (n + data.points.length) % data.points.length;
  drawStage();
  tell(state.point);
}

byId("stage").addEventListener("click", (event) => {
  const zoom = scaleOf(), stage = byId("stage"), frame = stage.getBoundingClientRect();
  const x = (event.clientX - frame.left - stage.clientLeft + stage.scrollLeft) / zoom;
  const y = (event.clientY - frame.top - stage.clientTop + stage.scrollTop) / zoom;
  const away = data.points.map((p) => (p.x + 0.5 - x) ** 2 + (p.y + 0.5 - y) ** 2);
  choose(away.indexOf(Math.min(...away)));
});
byId("stage").addEventListener("keydown", (event) => {
  const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  if (by) { event.preventDefault(); choose(state.point + by); }
});
byId("wipe").addEventListener("input", drawStage);
byId("zoom").addEventListener("input", drawStage);
byId("time").addEventListener("input", () => { state.time = Number(byId("time").value); drawStage(); });
byId("which").addEventListener("change", () => tell(state.point));

function drawMistake() {
  const at = Number(byId("share").value), mistake = data.what_ifs[Number(byId("mistake").value)];
  const share = at ? data.shares[at - 1] : 0;
  byId("wrong").src = at ? mistake.pictures[at - 1] : data.after;
  byId("wrong").alt = `the result, ${100 * share} % of the way to the mistake`;
  byId("share-label").textContent = `${100 * share} %`;
  byId("mistake-says").textContent = `${mistake.name}: equals the network with ${mistake.says}.`;
  const psnr = at ? mistake.psnr[at - 1] : null;
  byId("wrong-label").textContent = !at ? "the right result" :
    psnr === null ? "the same as the right result, to the bit" : `PSNR against the right result: ${psnr.toFixed(1)} dB`;
}

byId("title").textContent = data.title;
document.title = `refvr: ${data.title}`;
byId("notes").append(...data.notes.map((n) => make("li", {}, n)));
if (WIDTH / data.shrink > 640) byId("zoom").value = 1;
byId("time").max = data.times.length - 1;
byId("time").value = state.time;
byId("share").max = data.shares.length;
byId("mistake").append(...data.what_ifs.map((m, n) => make("option", { value: n }, m.name)));
for (const id of ["mistake", "share"]) byId(id).addEventListener("input", drawMistake);
if (data.what_ifs.length) drawMistake(); else byId("mistake").closest("section").hidden = true;
if (data.scales.length) {
  byId("scales-section").hidden = false;
  byId("scales").append(exhibits.table({ head: ["time", ...data.scales[0].scales.map((_, k) => `step ${k + 1}`)],
    rows: data.scales.map((row) => [String(row.time), ...row.scales]) }));
}
drawLevel("");
choose(0);
