"""How a page looks and the few lines of script that it needs; both go into the page itself, so nothing is fetched.

System fonts only. Light and dark follow the reader's setting; every text keeps a contrast of at least 4.5 : 1 in both.
"""

from __future__ import annotations

LIGHT = """--paper:#faf8f3;--card:#ffffff;--ink:#211f1b;--soft:#5b564d;--line:#ddd7ca;--accent:#14596a;
--wash:#eef3f2;--warn:#8a3b12"""
DARK = """--paper:#161513;--card:#1f1e1b;--ink:#ece8df;--soft:#b0a99b;--line:#3a3731;--accent:#8fcbd6;--wash:#1d2626;
--warn:#f0a878"""
COLOURS = f":root{{color-scheme:light dark;{LIGHT}}}@media (prefers-color-scheme:dark){{:root{{{DARK}}}}}"

COMPARE = """
.compare{margin:0}
.compare .stage{position:relative;width:min(100%,calc(76vh*var(--ratio,1.5)),var(--wide,1200px));margin:0 auto;
background:var(--line);border-radius:3px;overflow:hidden;line-height:0;--at:50%}
.compare .stage img{display:block;width:100%;height:auto;margin:0;border-radius:0;max-width:none}
.compare .after{position:absolute;inset:0;clip-path:inset(0 0 0 var(--at))}
.compare .after img{position:absolute;inset:0;height:100%;display:none}
.compare .edge{position:absolute;top:0;bottom:0;left:var(--at);width:2px;margin-left:-1px;background:#fff;
box-shadow:0 0 0 1px #0008;pointer-events:none}
.compare .edge::after{content:"\\2039\\2009\\203A";position:absolute;top:50%;left:50%;translate:-50% -50%;width:2.6rem;
height:2.6rem;border-radius:50%;background:#fff;color:#211f1b;font:600 1.3rem/2.4rem system-ui,sans-serif;text-align:center;
box-shadow:0 0 0 1px #0006,0 2px 8px #0004}
.compare .divider{position:absolute;inset:0;width:100%;height:100%;margin:0;opacity:0;cursor:ew-resize;touch-action:pan-y}
.compare .stage:has(.divider:focus-visible){outline:3px solid var(--accent);outline-offset:3px}
.compare .tag{position:absolute;top:.6rem;padding:.2rem .6rem;border-radius:2rem;background:#000b;color:#fff;
font:500 .78rem/1.4 system-ui,sans-serif;pointer-events:none}
.compare .tag.left{left:.6rem}.compare .tag.right{right:.6rem}
.compare .choices{display:flex;flex-wrap:wrap;gap:.9rem 2rem;margin:1rem 0 0}
.compare fieldset{border:0;padding:0;margin:0;min-width:0}
.compare legend{padding:0;margin:0 0 .35rem;font-size:.85rem;color:var(--soft)}
.compare label{display:inline-flex;align-items:center;gap:.4rem;margin:0 1rem .3rem 0;cursor:pointer;min-height:1.9rem}
.compare label:has(input:focus-visible){outline:3px solid var(--accent);outline-offset:2px;border-radius:3px}
.compare input[type=radio]{accent-color:var(--accent);width:1.05rem;height:1.05rem;margin:0}
.compare .strip label{flex-direction:column;align-items:flex-start;vertical-align:top;width:9.5rem;padding:.4rem;
border:1px solid var(--line);border-radius:4px;margin:0 .6rem .6rem 0}
.compare .strip label:has(:checked){border-color:var(--accent);box-shadow:inset 0 0 0 1px var(--accent)}
.compare .strip img{width:100%;height:auto;border-radius:2px}
.compare:has(.show input[value=lines]:checked) .overlay.lines,
.compare:has(.show input[value=levels]:checked) .overlay.levels{display:block}
""" + "\n".join(
    f'.compare:has(.strip input[value="{k}"]:checked) .after img[data-k="{k}"]{{display:block}}' for k in range(1, 17)
) + """
.compare:not(:has(.strip)) .after img[data-k="1"]{display:block}
@media print{.compare .edge,.compare .divider,.compare .choices{display:none}
.compare .stage{overflow:visible}.compare .after{position:relative;clip-path:none;margin-top:.5rem}
.compare .after img[data-k]:first-child{position:relative}}
@media (scripting:none){.compare .edge,.compare .divider{display:none}
.compare .stage{overflow:visible}.compare .after{position:relative;clip-path:none;margin-top:.5rem}
.compare .after img[data-k]:first-child{position:relative}}
"""

LEVELS_TABLE = """
.levels{width:100%;border-collapse:collapse;margin:.4rem 0 0}
.levels caption{text-align:left;color:var(--soft);font-size:.85rem;padding:0 0 .4rem}
.levels th,.levels td{padding:.5rem .7rem .5rem 0;border-top:1px solid var(--line);vertical-align:top;text-align:left;
font-weight:400}
.levels.shares td:last-child,.levels.shares thead th:last-child{text-align:right;font-variant-numeric:tabular-nums;
white-space:nowrap;
padding-right:0}
.levels thead th{font-size:.8rem;color:var(--soft);border:0;padding-top:0}
.levels td:first-child,.levels thead th:first-child{width:2.6rem}
.levels img{width:1.5rem;height:1.5rem;border:1px solid var(--soft);border-radius:2px;display:block}
.levels b{font-weight:600}.levels span{color:var(--soft)}
"""

PAGE = COLOURS + """
*{box-sizing:border-box}
html{font-size:106.25%;-webkit-text-size-adjust:100%}
body{margin:0;background:var(--paper);color:var(--ink);
font:400 1rem/1.6 ui-sans-serif,system-ui,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
main{max-width:66rem;margin:0 auto;padding:clamp(1.5rem,4vw,4rem) clamp(1rem,4vw,2.5rem) 4rem}
h1,h2{font-family:"Iowan Old Style","Palatino Linotype",Palatino,"URW Palladio L","Book Antiqua",Georgia,serif;font-weight:500;
line-height:1.15;text-wrap:balance;overflow-wrap:anywhere}
h1{font-size:clamp(1.8rem,5vw,2.9rem);margin:.3rem 0 1rem;letter-spacing:-.01em}
h2{font-size:1.45rem;margin:3.5rem 0 .8rem}
h3{font-size:1rem;font-weight:600;margin:1.5rem 0 .3rem}
p,li,dd{max-width:62ch}
p{margin:.6rem 0}
.over{color:var(--soft);font-size:.9rem;margin:0}
.lede{font-size:1.15rem;line-height:1.5;margin:0 0 2rem}
.mark{display:inline-block;border:1px solid currentColor;border-radius:2rem;padding:.05rem .7rem;font-size:.82rem;
color:var(--accent);margin-right:.6rem}
.note,figcaption,small{color:var(--soft);font-size:.9rem}
figure{margin:0}figure img,.plain{display:block;width:100%;height:auto;border-radius:3px;background:var(--line)}
figcaption{padding:.5rem 0 0;line-height:1.45}
.pair,.sheet{display:grid;gap:1.5rem;grid-template-columns:repeat(auto-fit,minmax(min(100%,20rem),1fr))}
.sheet{grid-template-columns:repeat(auto-fill,minmax(min(100%,17rem),1fr));padding:0;list-style:none}
.sheet li{max-width:none}
.sheet a{color:inherit;text-decoration:none;display:block;border-radius:3px}
.sheet a:hover strong{text-decoration:underline}
.sheet strong{display:block;color:var(--ink);font-size:1.02rem;font-weight:600}
.two{display:grid;gap:0 3rem;grid-template-columns:repeat(auto-fit,minmax(min(100%,22rem),1fr))}
dl.facts{margin:.5rem 0 0;display:grid;grid-template-columns:minmax(8rem,11rem) 1fr;gap:.45rem 1.2rem}
dl.facts dt{color:var(--soft)}dl.facts dd{margin:0;overflow-wrap:anywhere}
@media (max-width:34rem){dl.facts{grid-template-columns:1fr;gap:0}dl.facts dd{margin:0 0 .7rem}}
code,pre{font:.86em/1.5 ui-monospace,"Cascadia Mono",Menlo,Consolas,monospace;overflow-wrap:anywhere}
pre{white-space:pre-wrap;background:var(--wash);padding:1rem;border-radius:4px;margin:.6rem 0}
a{color:var(--accent);text-underline-offset:.18em}
:focus-visible{outline:3px solid var(--accent);outline-offset:3px}
summary{cursor:pointer;color:var(--accent);width:fit-content;padding:.2rem 0}
blockquote{margin:1rem 0;padding:1.2rem 1.5rem;background:var(--card);border:1px solid var(--line);border-radius:3px;
font:400 1.12rem/1.5 "Iowan Old Style","Palatino Linotype",Palatino,Georgia,serif}
blockquote p{margin:.3rem 0}
.bar{display:block;width:100%;height:.9rem;border:1px solid var(--soft);border-radius:2px;margin:.8rem 0}
.scale{display:flex;flex-wrap:wrap;align-items:center;gap:.6rem;color:var(--soft);font-size:.85rem;padding-top:.5rem}
.scale i{flex:1 1 6rem;min-width:6rem;height:.7rem;border:1px solid var(--soft);border-radius:2px;
background:linear-gradient(90deg,#000,#fff)}
footer{margin-top:4rem;padding-top:1rem;border-top:1px solid var(--line);color:var(--soft);font-size:.9rem}
@media (prefers-reduced-motion:no-preference){.sheet img{transition:opacity .2s}.sheet a:hover img{opacity:.92}}
@media print{:root{--paper:#fff;--card:#fff;--ink:#000;--soft:#444;--line:#bbb;--accent:#000;--wash:#f4f4f4}
html{font-size:10pt}main{padding:0;max-width:none}h2{margin-top:1.6rem;break-after:avoid}figure,blockquote,tr{break-inside:avoid}
details:not([open])>*:not(summary){display:block}}
""" + COMPARE + LEVELS_TABLE

# One listener for the whole document: the divider works wherever a comparison appears, also when it appears later.
SCRIPT = (
    'document.addEventListener("input",function(e){var d=e.target;if(d.classList&&d.classList.contains("divider"))'
    '{d.parentNode.style.setProperty("--at",d.value+"%")}});'
)
