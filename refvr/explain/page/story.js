"use strict";
// A pixel's story: rows of the Jacobian over the frames, and what the network says of itself there.

/** The weights of one frame, cut to where they are largest, as coloured cells with their sums. */
function rowFigure(part, frame, view) {
  const [h, w] = part.size, values = floats(part.f4);
  const most = Math.max(...values.map(Math.abs)) || 1;
  const canvas = cells(h, w, 6, (i, j) => signed(values[i * w + j] / most), `weights on ${frame.label}`);
  const picture = new Image();
  picture.onload = () => {  // the frame shows faintly through
    const to = canvas.getContext("2d");
    to.imageSmoothingEnabled = false;
    to.globalCompositeOperation = "multiply";
    to.globalAlpha = 0.35;
    to.drawImage(picture, part.left - view.left, part.top - view.top, w, h, 0, 0, 6 * w, 6 * h);
  };
  picture.src = view.src;
  canvas.addEventListener("mousemove", (event) => {
    const i = Math.min(Math.floor(event.offsetY / canvas.clientHeight * h), h - 1);
    const j = Math.min(Math.floor(event.offsetX / canvas.clientWidth * w), w - 1);
    canvas.title = `row ${part.top + i}, column ${part.left + j}: ${number(values[i * w + j])}`;
  });
  return figure(canvas, `${frame.label}: rows from ${part.top}, columns from ${part.left}; largest ${number(most)}, ` +
    `sum ${number(part.sum)}, sum of sizes ${number(part.all)}, ${(100 * part.kept).toFixed(1)} % of them shown`);
}

const chosen = { channel: 0 };

/** What is seen of frame k at a point: of a large frame a piece, otherwise all of it. */
const viewOf = (point, k) => point.views ? point.views[k] : { top: 0, left: 0, src: data.frames[k].src };

const exhibits = {
  filters(e) {
    const most = Math.max(...e.items.flatMap((item) => item.w.map(Math.abs)));
    const k = Math.sqrt(e.items[0].w.length);
    return make("div", { class: "tiles" }, ...e.items.map((item, n) => {
      const canvas = cells(k, k, 16, (i, j) => signed(item.w[i * k + j] / most), `${item.label}: ${item.w.join(", ")}`);
      canvas.title = item.w.map(number).join("  ");
      return figure(canvas, n === e.marked ? make("b", {}, `${item.label}, here`) : item.label);
    }));
  },
  channels(e) {  // the channel stays chosen from pixel to pixel
    const values = floats(e.f4), size = e.k * e.k, most = Math.max(...values.map(Math.abs)) || 1, shown = make("div");
    const input = make("input", { type: "number", min: 0, max: e.count - 1, value: Math.min(chosen.channel, e.count - 1) });
    const draw = () => {
      chosen.channel = Math.min(Math.max(Math.round(Number(input.value)) || 0, 0), e.count - 1);
      const w = Array.from(values.slice(chosen.channel * size, (chosen.channel + 1) * size));
      const canvas = cells(e.k, e.k, 24, (i, j) => signed(w[i * e.k + j] / most), `channel ${chosen.channel}: ${w.join(", ")}`);
      canvas.title = w.map(number).join("  ");
      const rows = Array.from({ length: e.k }, (_, i) => w.slice(i * e.k, (i + 1) * e.k).map(number));
      shown.replaceChildren(make("div", { class: "tiles" }, figure(canvas, `channel ${chosen.channel} of ${e.count}`),
        exhibits.table({ head: rows[0].map((_, j) => `column ${j}`), rows })));
    };
    input.addEventListener("input", draw);
    draw();
    return make("div", {}, make("label", {}, `channel, 0 to ${e.count - 1} `, input), shown);
  },
  taps(e, point) {
    const view = viewOf(point, e.frame), zoom = 12, side = 25;
    const [row, column] = e.at.map((v) => v * e.unit_px);
    const top = row - (side >> 1), left = column - (side >> 1);
    const canvas = make("canvas", { width: side * zoom, height: side * zoom, role: "img",
      "aria-label": `${e.title}: offsets (down, right) of nine taps of each group in steps of ${e.unit_px} input ` +
        `pixels: ${e.groups.map((g) => g.offset.join(" ")).join("; ")}` });
    const to = canvas.getContext("2d"), picture = new Image();
    picture.onload = () => {
      to.imageSmoothingEnabled = false;
      to.globalAlpha = 0.55;
      to.drawImage(picture, left - view.left, top - view.top, side, side, 0, 0, side * zoom, side * zoom);
      e.groups.forEach((g, n) => g.mask.forEach((mask, k) => drawTap(to, e, g, k, mask, n, top, left, zoom)));
    };
    picture.src = view.src;
    return figure(canvas, `${e.title}: squares are the regular taps, discs where each group reads; ` +
      `the fainter, the smaller its mask. Offsets in the network are in steps of ${e.unit_px} pixels.`);
  },
  bars(e) {
    const most = Math.max(...e.items.map((item) => Math.abs(item.value))) || 1;
    return make("div", {}, ...e.items.map((item) => {
      const bar = make("i", { style: `width:${100 * Math.abs(item.value) / most}%` });
      return make("div", { class: "bar" }, make("span", {}, item.label), bar, make("span", {}, number(item.value)));
    }), make("small", {}, e.unit));
  },
  table(e) {
    const line = (tag) => (cellsOf) => make("tr", {}, ...cellsOf.map((c) => make(tag, {}, c)));
    return make("table", {}, line("th")(e.head), ...e.rows.map(line("td")));
  },
};

const GROUPS = ["#ffd21f", "#00a6d6", "#e4572e", "#6cbf3d", "#b07be0", "#ff8fb1", "#9a9a9a", "#ffffff"];

function drawTap(to, e, group, k, mask, n, top, left, zoom) {
  const base = [Math.floor(k / 3) - 1 + e.at[0], k % 3 - 1 + e.at[1]];
  const place = (v, axis) => (v * e.unit_px - (axis ? left : top) + 0.5) * zoom;
  const from = base.map(place), end = base.map((v, axis) => place(v + group.offset[2 * k + axis], axis));
  to.globalAlpha = 0.9;
  to.strokeStyle = to.fillStyle = GROUPS[n % GROUPS.length];
  to.strokeRect(from[1] - 2, from[0] - 2, 4, 4);
  to.globalAlpha = 0.15 + 0.85 * mask;
  to.beginPath(); to.moveTo(from[1], from[0]); to.lineTo(end[1], end[0]); to.stroke();
  to.beginPath(); to.arc(end[1], end[0], 4, 0, 7); to.fill();
}

/** Show the story of point number `n`. */
function tell(n) {
  const point = data.points[n], which = byId("which").value;
  byId("where").textContent = `Row ${point.y}, column ${point.x} (${point.why}). Answer: red ${point.value[0].toFixed(4)}, ` +
    `green ${point.value[1].toFixed(4)}, blue ${point.value[2].toFixed(4)}.` +
    (point.off === undefined ? "" : ` The part around it, whose weights these are, answers within ${point.off.toExponential(1)}.`) +
    (which === "sum" ? ` Sum over the ${data.patch}x${data.patch} pixels around it.` : "");
  byId("rows").replaceChildren(...point[which].map((part, k) => rowFigure(part, data.frames[k], viewOf(point, k))));
  const kinds = { taps: "tiles" };
  const groups = make("div", { class: "tiles" });
  const others = point.says.filter((e) => !(e.kind in kinds)).map((e) => make("div", {}, make("h3", {}, e.title), exhibits[e.kind](e, point)));
  groups.append(...point.says.filter((e) => e.kind in kinds).map((e) => exhibits[e.kind](e, point)));
  byId("says").replaceChildren(...others, groups);
}
