"""Where a mask is painted: a picture under a canvas of the same pixel size, with brush, eraser, undo, zoom and keys.

The canvas holds opaque paint or nothing, so a pixel is hole or not and nothing in between. After each stroke it goes as a PNG
into a hidden text field, from where Python reads it; `read_painted` trusts nothing in it. Each painter names its own field, so
that one page can have several.
"""

from __future__ import annotations

import base64
import binascii
import struct

import cv2
import numpy as np

from studio.report.preview import data_uri
from studio.web.errors import NothingToDoError

_PREFIX = "data:image/png;base64,"
_LIMIT_BYTES = 32 * 2**20
_SHOWN_BYTES = 2_000_000
_PAINT = (0xE0, 0x11, 0x5F, 255)


def painter(
    shown: np.ndarray,
    mask: np.ndarray | None = None,
    *,
    field: str,
    alt: str = "The picture, to mark what is lost",
    said: str = "Painted areas will be filled; everything else stays as it is.",
) -> str:
    """HTML of the painter.

    Args:
        shown: the picture, uint8 [h, w, 3].
        mask: what is painted already, bool [h, w].
        field: id of the gradio text field that takes what is painted; a word.
        alt, said: what is shown, for those who cannot see it; and what painting means here. No markup.
    """
    height, width = shown.shape[:2]
    start = f' data-mask="{layer_uri(mask)}"' if mask is not None else ""
    return f"""<div class="painter" data-field="{field}" data-width="{width}" data-height="{height}"{start}>
<div class="tools" role="toolbar" aria-label="Painting tools">
<button type="button" data-tool="brush" aria-pressed="true">Brush</button>
<button type="button" data-tool="eraser" aria-pressed="false">Eraser</button>
<label>Size <input type="range" min="1" max="200" value="{max(3, min(width, height) // 40)}" data-size></label>
<button type="button" data-undo>Undo</button><button type="button" data-redo>Redo</button>
<span class="zoom"><button type="button" data-zoom="-1" aria-label="Zoom out">−</button>
<button type="button" data-zoom="0">Fit</button><button type="button" data-zoom="1" aria-label="Zoom in">+</button></span></div>
<div class="board" tabindex="0" role="application" aria-label="Mask over the picture. Arrow keys move the brush, Space sets it
 down and lifts it, E changes between brush and eraser, square brackets change its size, Control Z takes a stroke back.">
<div class="sheet"><img src="{data_uri(shown, _SHOWN_BYTES)}" alt="{alt}"><canvas></canvas>
<i class="tip" aria-hidden="true"></i></div></div>
<p class="soft" role="status" data-said>{said}</p></div>"""


def layer_uri(mask: np.ndarray) -> str:
    """A mask, bool [h, w], as the PNG that the painter starts from and sends back."""
    paint = np.zeros((*mask.shape, 4), np.uint8)
    paint[mask] = _PAINT
    return data_uri(paint)


def read_painted(text: str | None, shape: tuple[int, int]) -> np.ndarray:
    """What the browser sent, as bool [h, w] of `shape`; nothing painted for an empty text.

    Raises: NothingToDoError when it is no PNG of that size; the size is read before anything is decoded.
    """
    if not text:
        return np.zeros(shape, bool)
    again = NothingToDoError("The painted mask did not arrive whole: load the picture again and paint once more.")
    if not text.startswith(_PREFIX) or len(text) > _LIMIT_BYTES:
        raise again
    try:
        data = base64.b64decode(text[len(_PREFIX) :], validate=True)
        width, height = struct.unpack(">II", data[16:24])
    except (binascii.Error, struct.error, ValueError) as error:
        raise again from error
    if not data.startswith(b"\x89PNG\r\n\x1a\n") or (height, width) != shape:
        raise again
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if image is None or image.shape != (*shape, 4):
        raise again
    return image[..., 3] >= 128


STYLE = """
.painter .tools{display:flex;flex-wrap:wrap;gap:.4rem .5rem;align-items:center;margin:0 0 .6rem}
.painter button{min-height:2.3rem;padding:0 .9rem;border:1px solid var(--line);border-radius:4px;background:var(--card);
color:var(--ink);cursor:pointer;font-size:.92rem}
.painter button[aria-pressed=true]{background:var(--accent);border-color:var(--accent);color:var(--paper)}
.painter button:disabled{opacity:.45;cursor:default}
.painter .tools *{margin-bottom:0!important}
.painter label{display:inline-flex;align-items:center;gap:.5rem;color:var(--soft)}
.painter input[type=range]{accent-color:var(--accent);width:9rem}
.painter .zoom{display:inline-flex;gap:.25rem;margin-left:auto}
.painter .board{contain:inline-size;overflow:auto;max-height:76vh;border:1px solid var(--line);border-radius:4px;
background:var(--line)}
.painter .sheet{position:relative;margin:0 auto;line-height:0;cursor:crosshair}
.painter .sheet img{display:block;width:100%;height:100%;margin:0;user-select:none;-webkit-user-drag:none}
.painter canvas{position:absolute;inset:0;width:100%;height:100%;opacity:.62;touch-action:pinch-zoom}
.painter .tip{position:absolute;border:1.5px solid #fff;border-radius:50%;box-shadow:0 0 0 1px #000;translate:-50% -50%;
pointer-events:none;display:none}
.painter .board:focus .tip,.painter .sheet:hover .tip{display:block}
"""

# Runs once for the document and looks after every painter that appears in it, since gradio replaces its HTML at each update.
SCRIPT = """(() => {
const begin = (box) => {
  const w = +box.dataset.width, h = +box.dataset.height, find = (s) => box.querySelector(s), back = [], forth = [];
  const canvas = find("canvas"), board = find(".board"), sheet = find(".sheet"), tip = find(".tip"), size = find("[data-size]");
  canvas.width = w; canvas.height = h;
  const g = canvas.getContext("2d", {willReadFrequently: true});
  let erasing = false, last = null, before = null, area = null, zoom = 1, key = {x: w / 2, y: h / 2, down: false};
  const say = (text) => { find("[data-said]").textContent = text; };
  const fit = () => {
    const wide = Math.min(box.clientWidth - 2, innerHeight * 0.76 * w / h, Math.max(3 * w, 320)) * zoom;
    sheet.style.width = wide + "px"; sheet.style.height = wide * h / w + "px"; point(key.x, key.y);
  };
  const point = (x, y) => {
    key.x = x; key.y = y;
    const s = sheet.clientWidth / w, d = Math.max(size.value * s, 3) + "px";
    tip.style.left = x * s + "px"; tip.style.top = y * s + "px"; tip.style.width = d; tip.style.height = d;
  };
  const tell = () => {
    const field = document.getElementById(box.dataset.field)?.querySelector("textarea, input");
    find("[data-undo]").disabled = !back.length; find("[data-redo]").disabled = !forth.length;
    if (!field) return;
    Object.getOwnPropertyDescriptor(Object.getPrototypeOf(field), "value").set.call(field, canvas.toDataURL("image/png"));
    field.dispatchEvent(new Event("input", {bubbles: true}));
  };
  const line = (x, y) => {
    const r = size.value / 2;
    if (!last) last = {x, y};
    g.globalCompositeOperation = erasing ? "destination-out" : "source-over";
    g.strokeStyle = "#e0115f"; g.lineWidth = size.value; g.lineCap = g.lineJoin = "round";
    g.beginPath(); g.moveTo(last.x, last.y); g.lineTo(x + 0.001, y); g.stroke();
    area = [Math.min(area[0], x - r, last.x - r), Math.min(area[1], y - r, last.y - r),
            Math.max(area[2], x + r, last.x + r), Math.max(area[3], y + r, last.y + r)];
    last = {x, y};
  };
  const start = (x, y) => { before = g.getImageData(0, 0, w, h); area = [x, y, x, y]; last = null; line(x, y); };
  const end = () => {
    if (!before) return;
    const x = Math.max(0, Math.floor(area[0]) - 2), y = Math.max(0, Math.floor(area[1]) - 2);
    const wide = Math.min(w, Math.ceil(area[2]) + 2) - x, high = Math.min(h, Math.ceil(area[3]) + 2) - y;
    if (wide > 0 && high > 0) {
      const old = new ImageData(wide, high);
      for (let row = 0; row < high; row++) {
        const from = ((y + row) * w + x) * 4;
        old.data.set(before.data.subarray(from, from + wide * 4), row * wide * 4);
      }
      back.push({x, y, old}); forth.length = 0;
      if (back.length > 50) back.shift();
    }
    before = null; tell();
  };
  const swap = (from, to, word) => {
    const step = from.pop();
    if (!step) return;
    to.push({x: step.x, y: step.y, old: g.getImageData(step.x, step.y, step.old.width, step.old.height)});
    g.putImageData(step.old, step.x, step.y); say(word); tell();
  };
  const undo = () => swap(back, forth, "Taken back."), redo = () => swap(forth, back, "Done again.");
  const choose = (eraser) => {
    erasing = eraser; say(eraser ? "Eraser." : "Brush.");
    find("[data-tool=brush]").setAttribute("aria-pressed", !eraser);
    find("[data-tool=eraser]").setAttribute("aria-pressed", eraser);
  };
  const at = (e) => {
    const b = canvas.getBoundingClientRect();
    return [(e.clientX - b.x) * w / b.width, (e.clientY - b.y) * h / b.height];
  };
  canvas.onpointerdown = (e) => {
    if (e.button || !e.isPrimary) return;
    canvas.setPointerCapture(e.pointerId); point(...at(e)); start(...at(e));
    e.preventDefault(); board.focus({preventScroll: true});
  };
  canvas.onpointermove = (e) => {
    point(...at(e));
    if (before && !key.down) for (const p of e.getCoalescedEvents?.() || [e]) line(...at(p));
  };
  canvas.onpointerup = canvas.onpointercancel = () => { if (!key.down) end(); };
  board.onkeydown = (e) => {
    const step = e.shiftKey ? 1 : Math.max(1, size.value / 2), command = e.ctrlKey || e.metaKey;
    const ways = {arrowleft: [-1, 0], arrowright: [1, 0], arrowup: [0, -1], arrowdown: [0, 1]};
    const letter = e.key.toLowerCase(), go = ways[letter];
    if (command && letter === "z") e.shiftKey ? redo() : undo();
    else if (command && letter === "y") redo();
    else if (command) return;
    else if (go) {
      point(Math.min(w, Math.max(0, key.x + go[0] * step)), Math.min(h, Math.max(0, key.y + go[1] * step)));
      if (key.down) line(key.x, key.y);
      tip.scrollIntoView({block: "nearest", inline: "nearest"});
    } else if (letter === " ") {
      key.down = !key.down; key.down ? start(key.x, key.y) : end();
      say(key.down ? "Brush is down." : "Brush is lifted.");
    } else if (letter === "e") choose(!erasing);
    else if (letter === "[" || letter === "]") {
      const was = +size.value;
      size.value = letter === "]" ? Math.ceil(was * 1.25) : Math.floor(was * 0.8); point(key.x, key.y);
      say("Size " + size.value + " pixels.");
    } else return;
    e.preventDefault();
  };
  board.onblur = () => { if (key.down) { key.down = false; end(); } };
  box.onclick = (e) => {
    const b = e.target.closest("button");
    if (!b) return;
    if (b.dataset.tool) choose(b.dataset.tool === "eraser");
    else if ("undo" in b.dataset) undo();
    else if ("redo" in b.dataset) redo();
    else if (b.dataset.zoom) {
      zoom = b.dataset.zoom === "0" ? 1 : Math.min(16, Math.max(1, zoom * (b.dataset.zoom === "1" ? 1.5 : 1 / 1.5)));
      fit();
    }
  };
  size.oninput = () => point(key.x, key.y);
  new ResizeObserver(fit).observe(box);
  fit();
  find("[data-undo]").disabled = find("[data-redo]").disabled = true;
  if (!box.dataset.mask) { box.dataset.ready = "whole"; return; }
  const image = new Image();
  image.onload = () => { g.drawImage(image, 0, 0); box.dataset.ready = "whole"; };
  image.src = box.dataset.mask;
};
const look = () => document.querySelectorAll(".painter:not([data-ready])").forEach((box) => {
  box.dataset.ready = "soon"; begin(box);
});
new MutationObserver(look).observe(document, {childList: true, subtree: true}); look();
})();"""
