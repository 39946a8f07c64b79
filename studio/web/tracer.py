"""Where a reading is corrected: the sheet with its openings as boxes that can be moved, drawn, renamed and taken away.

Two clicks and a length set the scale. Everything can be done by keys. After each change the whole state goes as JSON into a
hidden text field, from where Python reads it; `studio.drawings.corrections` trusts nothing in it. Each board names its own
field, so that one page can have several.
"""

from __future__ import annotations

import json
from html import escape

import numpy as np

from studio.drawings.corrections import KINDS
from studio.report.preview import data_uri

_SHOWN_BYTES = 2_000_000


def tracer(
    shown: np.ndarray, size: tuple[int, int], openings: list[dict], field: str, alt: str = "The sheet, its walls tinted blue"
) -> str:
    """HTML of the board.

    Args:
        shown: uint8 [h, w, 3], a copy of the sheet with its walls tinted.
        size: width and height of the sheet itself, in whose pixels everything is said.
        openings: those of reading.json.
        field: id of the gradio text field that takes what changes; a word.
        alt: what is shown, for those who cannot see it.
    """
    ones = [{"was": k, "kind": one["kind"], "box": one["box"], "inferred": one["inferred"]} for k, one in enumerate(openings)]
    state = escape(json.dumps(ones), quote=True)
    kinds = "".join(f"<option>{kind}</option>" for kind in KINDS)
    return f"""<div class="tracer" data-field="{field}" data-width="{size[0]}" data-height="{size[1]}" data-openings="{state}">
<div class="tools" role="toolbar" aria-label="Correcting tools">
<button type="button" data-mode="move" aria-pressed="true">Move</button>
<button type="button" data-mode="add" aria-pressed="false">Add</button>
<label>Kind <select data-kind aria-label="Kind of the chosen or the next opening">{kinds}</select></label>
<button type="button" data-delete disabled>Take away</button>
<button type="button" data-undo disabled>Undo</button>
<button type="button" data-mode="scale" aria-pressed="false">Two points</button>
<label>are <input type="number" min="0.01" step="any" data-metres aria-label="Distance of the points in metres"> m apart</label>
<span class="zoom"><button type="button" data-zoom="-1" aria-label="Zoom out">−</button>
<button type="button" data-zoom="0">Fit</button><button type="button" data-zoom="1" aria-label="Zoom in">+</button></span></div>
<div class="board"><div class="sheet"><img src="{data_uri(shown, _SHOWN_BYTES)}" alt="{escape(alt)}">
<svg viewBox="0 0 {size[0]} {size[1]}" role="group" aria-label="Openings that were read. Tab goes to the next one, arrow
 keys move it, with Shift they change its size, K changes its kind, Delete takes it away."></svg></div></div>
<p class="soft" role="status" data-said>{len(ones)} openings were read. Click one to choose it.</p></div>"""


STYLE = """
.tracer .tools{display:flex;flex-wrap:wrap;gap:.4rem .5rem;align-items:center;margin:0 0 .6rem}
.tracer button,.tracer select,.tracer input{min-height:2.3rem;padding:0 .8rem;border:1px solid var(--line);border-radius:4px;
background:var(--card);color:var(--ink);font-size:.92rem}
.tracer button,.tracer select{cursor:pointer}
.tracer select{padding-right:2rem}
.tracer input{width:6.5rem}
.tracer button[aria-pressed=true]{background:var(--accent);border-color:var(--accent);color:var(--paper)}
.tracer button:disabled{opacity:.45;cursor:default}
.tracer .tools *{margin-bottom:0!important}
.tracer label{display:inline-flex;align-items:center;gap:.4rem;color:var(--soft)}
.tracer .zoom{display:inline-flex;gap:.25rem;margin-left:auto}
.tracer .board{contain:inline-size;overflow:auto;max-height:76vh;border:1px solid var(--line);border-radius:4px;
background:var(--line)}
.tracer .sheet{position:relative;margin:0 auto;line-height:0}
.tracer .sheet img{display:block;width:100%;height:100%;margin:0;user-select:none;-webkit-user-drag:none}
.tracer svg{position:absolute;inset:0;width:100%;height:100%;touch-action:pinch-zoom}
.tracer[data-mode=add] svg,.tracer[data-mode=scale] svg{cursor:crosshair}
.tracer rect{fill:#d55e0022;stroke:#d55e00;stroke-width:2.5;vector-effect:non-scaling-stroke;cursor:move}
.tracer rect.inferred{stroke:#cc79a7;stroke-dasharray:6 4;fill:#cc79a722}
.tracer rect.person{stroke:#c8003c;fill:#c8003c22}
.tracer rect.door{stroke-width:4.5}
.tracer rect.chosen,.tracer rect:focus{outline:none!important;fill:#ffd40066;stroke:#14596a;stroke-width:4}
.tracer rect.corner{fill:#fff;stroke:#14596a;stroke-width:2;cursor:nwse-resize}
.tracer line{stroke:#960096;stroke-width:3;vector-effect:non-scaling-stroke}
.tracer circle{fill:#960096;stroke:#fff;stroke-width:1.5;vector-effect:non-scaling-stroke}
"""

# Runs once for the document and looks after every tracer that appears in it, since gradio replaces its HTML at each update.
SCRIPT = """(() => {
const NS = "http://www.w3.org/2000/svg";
const begin = (box) => {
  const w = +box.dataset.width, h = +box.dataset.height, find = (s) => box.querySelector(s);
  const svg = find("svg"), sheet = find(".sheet"), kind = find("[data-kind]"), metres = find("[data-metres]"), back = [];
  let ones = JSON.parse(box.dataset.openings), points = [], chosen = -1, mode = "move", zoom = 1, drag = null;
  const say = (text) => { find("[data-said]").textContent = text; };
  const copy = () => JSON.stringify([ones, points]);
  const keep = () => { back.push(copy()); if (back.length > 100) back.shift(); };
  const fit = () => {
    const wide = Math.min(box.clientWidth - 2, innerHeight * 0.76 * w / h, Math.max(3 * w, 320)) * zoom;
    sheet.style.width = wide + "px"; sheet.style.height = wide * h / w + "px"; draw();
  };
  const tell = () => {
    const field = document.getElementById(box.dataset.field)?.querySelector("textarea, input"), far = parseFloat(metres.value);
    if (!field) return;
    const scale = points.length === 2 && far > 0 ? [...points[0], ...points[1], far] : null;
    const text = JSON.stringify({openings: ones.map(({was, kind, box}) => ({was, kind, box})), scale});
    Object.getOwnPropertyDescriptor(Object.getPrototypeOf(field), "value").set.call(field, text);
    field.dispatchEvent(new Event("input", {bubbles: true}));
  };
  const part = (name, values) => {
    const made = document.createElementNS(NS, name);
    for (const key in values) made.setAttribute(key, values[key]);
    svg.append(made); return made;
  };
  const draw = () => {
    const held = svg.contains(document.activeElement) ? chosen : -1, unit = w / Math.max(sheet.clientWidth, 1);
    svg.replaceChildren();
    ones.forEach((one, k) => {
      const [x0, y0, x1, y1] = one.box, name = [one.kind, one.inferred ? "inferred" : "", one.touched ? "person" : ""];
      const made = part("rect", {x: x0, y: y0, width: x1 - x0, height: y1 - y0, tabindex: 0, role: "button", "data-k": k,
        class: name.join(" ") + (k === chosen ? " chosen" : ""), "aria-label": one.kind + " " + (k + 1)});
      made.onfocus = () => { if (chosen !== k) choose(k); };
    });
    if (ones[chosen]) {
      const s = 9 * unit, [x0, y0, x1, y1] = ones[chosen].box;
      [[0, 1, x0, y0], [2, 1, x1, y0], [2, 3, x1, y1], [0, 3, x0, y1]].forEach(([a, b, x, y]) =>
        part("rect", {x: x - s / 2, y: y - s / 2, width: s, height: s, class: "corner", "data-a": a, "data-b": b}));
    }
    if (points.length === 2) part("line", {x1: points[0][0], y1: points[0][1], x2: points[1][0], y2: points[1][1]});
    points.forEach(([x, y]) => part("circle", {cx: x, cy: y, r: 5 * unit}));
    find("[data-delete]").disabled = !ones[chosen]; find("[data-undo]").disabled = !back.length;
    if (held >= 0) svg.querySelector(`[data-k="${held}"]`)?.focus({preventScroll: true});
  };
  const choose = (k) => {
    chosen = k; draw();
    if (ones[k]) {
      kind.value = ones[k].kind; say(ones[k].kind + ", " + (k + 1) + " of " + ones.length + ".");
      if (document.activeElement?.dataset?.k !== String(k)) svg.querySelector(`[data-k="${k}"]`)?.focus({preventScroll: true});
    }
  };
  const touch = (one) => { one.touched = true; one.inferred = false; };
  const remove = () => {
    if (!ones[chosen]) return;
    keep(); ones.splice(chosen, 1); chosen = -1; draw(); tell(); say("Taken away. " + ones.length + " openings are left.");
  };
  const undo = () => {
    if (!back.length) return;
    [ones, points] = JSON.parse(back.pop()); chosen = -1; draw(); tell(); say("Taken back.");
  };
  const turn = (to) => {
    mode = box.dataset.mode = to;
    box.querySelectorAll("[data-mode]").forEach((b) => b.setAttribute("aria-pressed", b.dataset.mode === to));
    say({move: "Drag an opening, or its corners.", add: "Draw a box around the opening.",
      scale: "Click two points whose distance you know, and write the distance."}[to]);
  };
  const at = (e) => {
    const b = svg.getBoundingClientRect();
    const x = (e.clientX - b.x) * w / b.width, y = (e.clientY - b.y) * h / b.height;
    return [Math.min(w, Math.max(0, x)), Math.min(h, Math.max(0, y))];
  };
  const inside = (b) => {
    const dx = Math.max(0, -b[0]) - Math.max(0, b[2] - w), dy = Math.max(0, -b[1]) - Math.max(0, b[3] - h);
    return [b[0] + dx, b[1] + dy, b[2] + dx, b[3] + dy];
  };
  svg.onpointerdown = (e) => {
    if (e.button || !e.isPrimary) return;
    const [x, y] = at(e), on = e.target.dataset;
    e.preventDefault();
    if (mode === "scale") {
      keep(); points = points.length === 2 ? [[x, y]] : [...points, [x, y]]; draw(); tell();
      say(points.length === 2 ? "Now write how many metres they are apart." : "And the second point."); return;
    }
    svg.setPointerCapture(e.pointerId);
    if (mode === "add") {
      keep(); ones.push({was: null, kind: kind.value, box: [x, y, x, y], touched: true}); chosen = ones.length - 1;
      drag = {a: 2, b: 3, fresh: true}; draw(); return;
    }
    if (on.a !== undefined) { keep(); drag = {a: +on.a, b: +on.b}; }
    else if (on.k !== undefined) { choose(+on.k); drag = {x, y, from: [...ones[chosen].box], still: true}; }
    else choose(-1);
  };
  svg.onpointermove = (e) => {
    const one = ones[chosen];
    if (!drag || !one) return;
    const [x, y] = at(e);
    if (drag.from) {
      const dx = x - drag.x, dy = y - drag.y;
      if (drag.still && Math.hypot(dx, dy) * sheet.clientWidth / w < 3) return;
      if (drag.still) { keep(); drag.still = false; }
      one.box = inside([drag.from[0] + dx, drag.from[1] + dy, drag.from[2] + dx, drag.from[3] + dy]);
    } else { one.box[drag.a] = x; one.box[drag.b] = y; }
    touch(one); draw();
  };
  svg.onpointerup = svg.onpointercancel = () => {
    const one = ones[chosen], moved = drag && !drag.still;
    if (one && moved) {
      const [a, b, c, d] = one.box.map(Math.round);
      one.box = [Math.min(a, c), Math.min(b, d), Math.max(a, c), Math.max(b, d)];
      if (one.box[2] - one.box[0] < 2 || one.box[3] - one.box[1] < 2) { [ones, points] = JSON.parse(back.pop()); chosen = -1; }
      draw(); tell();
      if (drag.fresh && ones[chosen]) say("Added: " + one.kind + ". " + ones.length + " openings.");
    }
    drag = null;
  };
  svg.onkeydown = (e) => {
    const one = ones[chosen], ways = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]}[e.key];
    if ((e.ctrlKey || e.metaKey) && e.key.toLowerCase() === "z") { undo(); e.preventDefault(); return; }
    if (!one || e.ctrlKey || e.metaKey) return;
    if (ways) {
      keep(); touch(one);
      const [dx, dy] = ways, b = one.box;
      one.box = e.shiftKey ? [b[0], b[1], Math.max(b[0] + 2, b[2] + dx), Math.max(b[1] + 2, b[3] + dy)]
        : inside([b[0] + dx, b[1] + dy, b[2] + dx, b[3] + dy]);
      draw(); tell();
    } else if (e.key === "Delete" || e.key === "Backspace") remove();
    else if (e.key.toLowerCase() === "k") {
      kind.selectedIndex = (kind.selectedIndex + 1) % kind.options.length; kind.onchange();
    } else return;
    e.preventDefault();
  };
  kind.onchange = () => {
    const one = ones[chosen];
    if (!one || one.kind === kind.value) return;
    keep(); one.kind = kind.value; touch(one); draw(); tell(); say("It is a " + one.kind + " now.");
  };
  metres.oninput = tell;
  box.onclick = (e) => {
    const b = e.target.closest("button");
    if (!b) return;
    if (b.dataset.mode) turn(b.dataset.mode);
    else if ("delete" in b.dataset) remove();
    else if ("undo" in b.dataset) undo();
    else if (b.dataset.zoom) {
      zoom = b.dataset.zoom === "0" ? 1 : Math.min(16, Math.max(1, zoom * (b.dataset.zoom === "1" ? 1.5 : 1 / 1.5))); fit();
    }
  };
  new ResizeObserver(fit).observe(box);
  fit(); tell(); box.dataset.ready = "whole";
};
const look = () => document.querySelectorAll(".tracer:not([data-ready])").forEach((box) => {
  box.dataset.ready = "soon"; begin(box);
});
new MutationObserver(look).observe(document, {childList: true, subtree: true}); look();
})();"""
