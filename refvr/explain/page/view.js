"use strict";
// Small helpers that the parts of the page share. Nothing here knows what a network is.

const data = JSON.parse(document.getElementById("data").textContent);
const byId = (id) => document.getElementById(id);

/** A new element with attributes and children. */
function make(tag, attributes = {}, ...children) {
  const svg = ["svg", "rect", "text", "path", "g", "title"].includes(tag);
  const e = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) e.setAttribute(name, value);
  e.append(...children);
  return e;
}

/** base64 of little-endian float32 -> Float32Array. */
function floats(text) {
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  return new Float32Array(bytes.buffer);
}

const number = (v) => Math.abs(v) >= 0.001 || v === 0 ? v.toFixed(4) : v.toExponential(1);

/** Red above 0, blue below, white at 0; `share` of -1 .. 1 -> [r, g, b]. */
function signed(share) {
  const a = Math.min(Math.sqrt(Math.abs(share)), 1);
  const end = share > 0 ? [190, 30, 20] : [25, 70, 190];
  return end.map((c) => Math.round(255 + a * (c - 255)));
}

/** A canvas of h x w cells, each `zoom` pixels: colour(row, column) -> [r, g, b]. */
function cells(h, w, zoom, colour, label) {
  const canvas = make("canvas", { width: w * zoom, height: h * zoom, role: "img", "aria-label": label });
  const to = canvas.getContext("2d");
  for (let i = 0; i < h; i++) {
    for (let j = 0; j < w; j++) {
      to.fillStyle = `rgb(${colour(i, j).join()})`;
      to.fillRect(j * zoom, i * zoom, zoom, zoom);
    }
  }
  return canvas;
}

const figure = (picture, caption) => make("figure", {}, picture, make("figcaption", {}, caption));
