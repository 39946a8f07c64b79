"""How the page looks: gradio's plainest theme in our colours, system fonts, and the pieces that it shares with the report."""

from __future__ import annotations

from typing import Any

from studio.report import look
from studio.web import painter, tracer

SCRIPTS = (look.SCRIPT, painter.SCRIPT, tracer.SCRIPT)
# gradio marks the dark look by a class; and it rewrites what it is given as css, but not what stands in the head
_COLOURS = f":root{{{look.LIGHT}}}body.dark,.dark{{{look.DARK}}}"
HEAD = f"<style>{_COLOURS}</style>" + "".join(f"<script>{script}</script>" for script in SCRIPTS)

CSS = look.COMPARE + look.LEVELS_TABLE + painter.STYLE + tracer.STYLE + """
.gradio-container{max-width:72rem!important;margin:0 auto!important;color:var(--ink)}
.gradio-container h1,.gradio-container h2{font-family:"Iowan Old Style","Palatino Linotype",Palatino,Georgia,serif;
font-weight:500;line-height:1.2;color:var(--ink)}
.gradio-container h1{font-size:2rem;margin:.6rem 0 .2rem}
.gradio-container h2{font-size:1.35rem;margin:1.4rem 0 .1rem}
.gradio-container h3{font-size:1rem;font-weight:600;margin:1.2rem 0 .3rem}
.prose p,.piece p,.piece li{max-width:66ch;color:var(--ink);line-height:1.55}
.soft{color:var(--soft)!important}
.piece code{overflow-wrap:anywhere;font-size:.85em}
.piece small{color:var(--soft)}
.piece ul{padding-left:1.2rem;list-style:disc}
.piece dl.facts{display:grid;grid-template-columns:minmax(7rem,10rem) 1fr;gap:.4rem 1.2rem;margin:.4rem 0}
.piece dl.facts dt{color:var(--soft)}.piece dl.facts dd{margin:0;overflow-wrap:anywhere}
.piece pre{white-space:pre-wrap;background:var(--wash);padding:1rem;border-radius:4px;overflow-wrap:anywhere;font-size:.82rem}
.piece summary{cursor:pointer;color:var(--accent);padding:.3rem 0}
.piece .bar{display:block;width:100%;height:.9rem;border:1px solid var(--soft);border-radius:2px;margin:.8rem 0}
.shown{margin:.6rem 0 0}.shown img{display:block;width:100%;height:auto;margin:0;border-radius:3px;background:var(--line)}
.shown figcaption{margin:.6rem 0 0;line-height:1.5;color:var(--ink);max-width:66ch}
.shown figcaption strong{font-size:1.05rem}
.shown figcaption small{font-size:.88rem;line-height:1.5}
span.free,span.keeps{display:inline-block;border:1px solid;border-radius:2rem;padding:0 .6rem;margin-left:.2rem;
font-size:.85rem}
span.free{color:var(--warn)}span.keeps{color:#1b6b45}.dark span.keeps{color:#7fc9a4}
.contact{display:grid;gap:1.4rem;grid-template-columns:repeat(auto-fill,minmax(min(100%,15rem),1fr));padding:0!important;
list-style:none!important;margin:.8rem 0 0}
@media(min-width:60rem){.contact.grid{grid-template-columns:repeat(var(--columns),1fr)}
.contact.grid>:first-child{grid-column:1/-1;max-width:22rem}}
.contact li{display:flex;flex-direction:column;margin:0}
.contact img{width:100%;height:auto;margin:auto 0 0;border-radius:3px;background:var(--line)}
.contact p{margin:.4rem 0 0;line-height:1.5;font-size:.92rem}
.fates{display:flex;flex-wrap:wrap;gap:.2rem 1.4rem;padding:0!important;list-style:none!important;margin:.4rem 0 0}
.fates i{display:inline-block;width:.85rem;height:.85rem;border-radius:2px;margin-right:.45rem;vertical-align:-.08rem}
@media (max-width:34rem){.piece dl.facts{grid-template-columns:1fr;gap:0}.piece dl.facts dd{margin:0 0 .7rem}}
.piece .levels,.piece .levels tr,.piece .levels th,.piece .levels td{border:0!important;background:none!important}
.piece .levels th,.piece .levels td{border-top:1px solid var(--line)!important;padding:.5rem .7rem .5rem 0!important}
.piece .levels img{margin:0}
.piece .compare input[type=radio]{appearance:none;flex:none;border:1.5px solid var(--soft)!important;border-radius:50%;
background:var(--card)!important;box-shadow:none!important}
.piece .compare input[type=radio]:checked{border:.32rem solid var(--accent)!important}
.gradio-container [role=tab][aria-selected=true]{color:var(--accent)!important}
#files button[aria-label*="emove"],.sent{display:none!important}
.message{border-left:4px solid var(--accent);background:var(--wash);padding:.7rem 1rem;border-radius:0 4px 4px 0;margin:.4rem 0;
color:var(--ink);overflow-wrap:anywhere}
.message.bad{border-color:var(--warn)}
.message progress{display:block;width:100%;height:.8rem;margin-top:.5rem;accent-color:var(--accent)}
.verdict{border:1px solid var(--line);border-left-width:8px;border-radius:4px;padding:1rem 1.3rem;background:var(--card)}
.verdict h2{margin:0!important;display:flex;align-items:center;gap:.7rem}
.verdict .sign{display:inline-grid;place-items:center;width:2.1rem;height:2.1rem;border-radius:50%;color:#fff;
font:700 1.2rem/1 system-ui,sans-serif;flex:none}
.verdict.intact{border-left-color:#1b6b45}.verdict.intact .sign{background:#1b6b45}
.verdict.altered{border-left-color:#a3271f}.verdict.altered .sign{background:#a3271f}
.verdict.recovered{border-left-color:#8a5a00}.verdict.recovered .sign{background:#8a5a00}
.verdict.unknown{border-left-color:#5b564d}.verdict.unknown .sign{background:#5b564d}
.seen{position:relative;line-height:0;width:fit-content;max-width:100%;margin:1rem 0}
.seen img{max-width:100%;height:auto;border-radius:3px}.seen svg{position:absolute;inset:0;width:100%;height:100%}
.seen rect{fill:none;stroke:#fff;stroke-width:3;vector-effect:non-scaling-stroke}
.seen rect+rect{stroke:#e0115f;stroke-width:2;stroke-dasharray:7 4}
.gradio-container :focus-visible{outline:3px solid var(--accent)!important;outline-offset:2px}
@media (prefers-reduced-motion:reduce){.gradio-container *{animation:none!important;transition:none!important}}
"""


def theme() -> Any:
    """Gradio's base theme in our colours; no font is fetched from anywhere."""
    import gradio as gr

    accent = gr.themes.Color(
        "#eef6f7", "#d7eaed", "#b3d6dc", "#86bcc6", "#4f97a5", "#2c7585", "#14596a", "#114a58", "#0e3d48", "#0b313a", "#072229"
    )
    plain = gr.themes.Base(
        primary_hue=accent,
        secondary_hue=accent,
        neutral_hue=gr.themes.colors.stone,
        text_size=gr.themes.sizes.text_md,
        radius_size=gr.themes.sizes.radius_sm,
        font=("ui-sans-serif", "system-ui", "Segoe UI", "Roboto", "Helvetica Neue", "Arial", "sans-serif"),
        font_mono=("ui-monospace", "Cascadia Mono", "Menlo", "Consolas", "monospace"),
    )
    return plain.set(
        body_background_fill="#faf8f3",
        body_background_fill_dark="#161513",
        block_background_fill="#ffffff",
        block_background_fill_dark="#1f1e1b",
        body_text_color="#211f1b",
        body_text_color_dark="#ece8df",
        body_text_color_subdued="#5b564d",
        body_text_color_subdued_dark="#b0a99b",
        block_info_text_color="#5b564d",
        block_info_text_color_dark="#b0a99b",
        button_primary_background_fill="#14596a",
        button_primary_background_fill_hover="#114a58",
        button_primary_background_fill_dark="#2c7585",
        button_primary_text_color="#ffffff",
        button_primary_text_color_dark="#ffffff",
        link_text_color_dark="#8fcbd6",
        link_text_color_hover_dark="#b3d6dc",
        link_text_color_visited_dark="#8fcbd6",
        slider_color="#14596a",
        slider_color_dark="#4f97a5",
    )
