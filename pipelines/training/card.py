"""The model card: what was trained, how well it does beside others, and where it fails (after Mitchell et al. 2019)."""

from __future__ import annotations

import textwrap

CPU_WATTS = 25  # one busy core of a server with its share of memory and cooling; an estimate, said as such
METHODS = {
    "telea": "Telea",
    "navier_stokes": "Navier–Stokes",
    "biharmonic": "biharmonic",
    "fsr_fast": "FSR_FAST",
    "pyramid_harmonic": "pyramid harmonic",
    "mean_of_three": "mean of harmonic, FSR, biharmonic",
    "migan": "MI-GAN",
    "model_mean": "**this model, texture 0**",
    "model_flow": "**this model, texture 1**",
}
PURPOSE = """
Meant for: cracks, scratches, flaking and small losses of paintings, prints, drawings and photographs, as a preview that a
person judges. Not meant for: faces, inscriptions or any form that stood wholly inside a large loss; there it draws a
continuation of the surroundings, and what it draws is no evidence of what was lost. Texture above 0 makes the fill's own edges
crisper and adds grain, and no form.
Each picture first tests the model on itself; where it is not better than its own harmonic prefill, the prefill is the answer.
"""
LOOKED_AT = """
What was looked at while choices were made: crops of five of the museum works; the training log's sample sheets, which show
training pictures only; and the figures of 24 of the held-out pictures, when the network's form was chosen. What is printed
here is therefore no blind test: expect a little less elsewhere.
"""
PROTOCOL = """
Measured inside the hole, against the undamaged picture; each hole grown by a pixel and overwritten with a random colour
before the call. PSNR in dB; SSIM; gradient energy as a share of the truth's (1 = as much texture, 0 = flat); HaarPSI over the
hole and 4 px around it. A fill can be right in one of them and wrong in another: PSNR and SSIM reward blur. Repeat it with
`tests/benchmarks/restoration.py`.
"""
PEER = """
MI-GAN (Sargsyan et al. 2023; 7 M parameters, trained on photographs) invents a plausible content where this model continues
what is there. The hole was filled by Telea first, or the damage's colour comes through its feathered edge; the known pixels
that it changes were put back. It sees the crop enlarged to its own 512 px.
"""


def card(runs: list[tuple[dict, list[dict]]], digest: str, parameters: int, figures: dict, has_pictures: bool) -> str:
    """The text of the model folder's README.md.

    Args:
        runs: plan and log of each training run; the last one made these weights, the others came before it.
        digest: of the weights.
        parameters: how many the network has.
        figures: what the benchmark printed, or {} when nothing has been measured yet.
        has_pictures: whether `failures/` holds the pictures that the figures name.
    """
    parts = [
        "# Bundled restoration model",
        prose(
            f"Pixel-space diffusion model, {parameters / 1e6:.2f} M parameters, safetensors. Conditional on known pixels, the",
            "hole, the distance to its edge and, where given, a line map, the density of a veil and a reference picture.",
        )
        + f"\nDigest of the weights: `{digest}`.",
        "\n".join(trained(runs)),
        prose(PURPOSE),
    ]
    if not figures:
        return "\n\n".join([*parts, "Nothing has been measured with these weights yet."]) + "\n"
    parts += ["## Measured", prose(PROTOCOL), prose(LOOKED_AT)]
    for key, title in (("held_out", "works of artists never trained on"), ("museum", "museum works")):
        if key in figures:
            parts += compared(figures[key], title)
    if "migan" in figures:
        parts += beside_migan(figures["migan"])
    if "doubt" in figures.get("held_out", {}):
        parts += doubted(figures["held_out"]["doubt"])
    if figures.get("lines"):
        parts += led(figures["lines"])
    parts += performed(figures)
    if figures.get("failures"):
        parts += failed(figures["failures"], has_pictures)
    versions = ", ".join(f"{name} {number}" for name, number in figures["versions"].items())
    return "\n\n".join([*parts, f"Measured with {versions}."]) + "\n"


def trained(runs: list[tuple[dict, list[dict]]]) -> list[str]:
    """Plan and cost of each run, and their sum."""
    hours = [core_hours(config, log) for config, log in runs]
    rows = {
        "widths": [" ".join(map(str, config["widths"])) for config, _ in runs],
        "pictures": [f"{config['pictures']:,}" for config, _ in runs],
        "examples seen": [f"{log[-1]['images']:,}" for _, log in runs],
        "crops, px": [crops(config) for config, _ in runs],
        "wall hours": [f"{log[-1]['seconds'] / 3600:.2f}" for _, log in runs],
        "core hours": [f"{one:.2f}" for one in hours],
        "energy, estimated, kWh": [f"{one * CPU_WATTS / 1000:.3f}" for one in hours],
        "seed": [str(config["seed"]) for config, _ in runs],
        "gain over the prefill on training crops at the end, dB": [f"{log[-1]['gain_db']:+.2f}" for _, log in runs],
    }
    sums = {
        "examples seen": f"{sum(log[-1]['images'] for _, log in runs):,}",
        "wall hours": f"{sum(log[-1]['seconds'] for _, log in runs) / 3600:.2f}",
        "core hours": f"{sum(hours):.2f}",
        "energy, estimated, kWh": f"{sum(hours) * CPU_WATTS / 1000:.3f}",
    }
    names = [f"run {number}" for number in range(1, len(runs) + 1)]
    lines = [f"| trained | {' | '.join(names)} | in all |", f"| --- |{' ---: |' * (len(runs) + 1)}"]
    lines += [f"| {title} | {' | '.join(cells)} | {sums.get(title, '')} |" for title, cells in rows.items()]
    warm = "Each run began with the weights of the one before it." if len(runs) > 1 else ""
    note = prose(
        f"{warm} On shared CPU cores, at {CPU_WATTS} W a core. What was lost between a kill and the checkpoint before it is",
        "not counted, nor are pilots and failed plans: `training/EXPERIMENTS.md` tells of them. Pictures: DATASHEET.md and",
        "training-images.csv.",
    )
    return [*lines, "", note]


def core_hours(config: dict, log: list[dict]) -> float:
    """Wall hours × cores, checkpoint by checkpoint where the log says how many threads there were."""
    cores, hours, before = config["threads"], 0.0, 0.0
    for line in log:
        hours += max(0.0, line["seconds"] - before) / 3600 * line.get("threads", cores) * config.get("processes", 1)
        before = line["seconds"]
    return hours


def crops(config: dict) -> str:
    """Sides of the crops of a plan, in px."""
    return " and ".join(str(side) for side, _ in config["crops"]) if "crops" in config else str(config["side"])


def compared(figures: dict, title: str) -> list[str]:
    """What the model gains over the best single fill, and every method's means."""
    families = figures["families"]
    pictures = max(of["pictures"] for of in families.values())
    titles = (
        "damage (area lost)",
        "PSNR over the best single fill",
        "p",
        "wins",
        "worst",
        "SSIM over the best single fill",
        "p",
        "PSNR over the mean of three",
        "below its prefill",
    )
    lines = [f"| {' | '.join(titles)} |", "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"]
    lines += [f"| {' | '.join(gains(family, of))} |" for family, of in families.items()]
    note = prose(
        "The best single fill is the one of five with the highest mean in that row. p: Wilcoxon's signed-rank test over",
        "pictures, one-sided. Below its prefill: share of pictures on which the answer, after the model's test on the picture",
        "itself, is worse than where it started.",
    )
    return [f"### {pictures} {title}, crops of {figures['crop']} px", "\n".join(lines), note, "\n".join(every_method(families))]


def gains(family: str, of: dict) -> list[str]:
    """The cells of one family: texture 0 against the best single fill, the mean of three, and its own prefill."""
    model = of["model"]
    by_psnr, by_ssim, under = model["psnr"], model["ssim"], model["over_prefill"]
    return [
        f"{words(family)} ({of['lost']:.1%})",
        f"{by_psnr['gain']:+.2f} dB ({METHODS[by_psnr['best_single']]})",
        p(by_psnr["p"]),
        f"{by_psnr['wins']}/{by_psnr['pictures']}",
        f"{by_psnr['worst_gain']:+.2f} dB",
        f"{by_ssim['gain']:+.4f} ({METHODS[by_ssim['best_single']]})",
        p(by_ssim["p"]),
        f"{signed(model.get('gain_over_mean_of_three_db'))} dB",
        f"{under['share_below']:.1%}, worst {under['worst_db']:+.2f} dB",
    ]


def every_method(families: dict) -> list[str]:
    """PSNR / SSIM / gradient energy / HaarPSI of each method in each family; means over fewer pictures are left out."""
    names = [name for name in METHODS if any(name in of["methods"] for of in families.values())]
    lines = [
        f"| PSNR / SSIM / gradient energy / HaarPSI | {' | '.join(map(words, families))} |",
        f"| --- |{' --- |' * len(families)}",
    ]
    for name in names:
        cells = [cell(of["methods"][name]) if is_whole(name, of) else "–" for of in families.values()]
        if set(cells) == {"–"}:
            continue
        lines.append(f"| {METHODS[name]} | {' | '.join(cells)} |")
    flows = {family: of["model"]["flow"] for family, of in families.items() if of["model"] and "flow" in of["model"]}
    if flows:
        counts = {of["methods"]["model_flow"].get("pictures", of["pictures"]) for of in families.values()}
        on = "" if counts == {of["pictures"] for of in families.values()} else f", on {max(counts)} of them"
        places = [
            f"{words(family)} {of['rank_by_haarpsi']} of {len(of['order_by_haarpsi'])}, {beside_single_fills(of)} beside the "
            f"single fills ({of['psnr_against_mean_db']:+.2f} dB)"
            for family, of in flows.items()
        ]
        lines += [
            "",
            "Texture 1, place by HaarPSI among all methods (1 is best), and its PSNR against texture 0"
            f"{on}: {'; '.join(places)}.",
        ]
    return lines


def beside_single_fills(flow: dict) -> int:
    """The place of texture 1 by HaarPSI when neither texture 0 nor a mean of several fills counts; 1 is best."""
    order = [name for name in flow["order_by_haarpsi"] if name not in ("model_mean", "mean_of_three")]
    return 1 + order.index("model_flow")


def is_whole(name: str, of: dict) -> bool:
    """Whether a method filled all pictures of a family."""
    return name in of["methods"] and of["methods"][name].get("pictures", of["pictures"]) == of["pictures"]


def cell(means: dict) -> str:
    """The four figures of one method."""
    energy = "–" if means["gradient_energy"] is None else f"{means['gradient_energy']:.2f}"
    return f"{means['psnr']:.2f} / {means['ssim']:.3f} / {energy} / {means['haarpsi']:.3f}"


def beside_migan(figures: dict) -> list[str]:
    """The subset on which MI-GAN was asked, too."""
    title = f"### Beside MI-GAN, on {figures['pictures']} of the held-out pictures"
    return [title, prose(PEER), "\n".join(every_method(figures["families"]))]


def doubted(figures: dict) -> list[str]:
    """Whether the expected error lies where the error is."""
    lines = ["| damage | rank correlation with the true error | squared error in the worst fifth | expected ÷ true |"]
    lines.append("| --- | ---: | ---: | ---: |")
    for family, of in figures.items():
        model, distance, best = of["model"], of["distance"], of["best_possible"]
        ranks = f"{model['spearman']:.2f} / {distance['spearman']:.2f}"
        removed = f"{model['removed']:.0%} / {distance['removed']:.0%} / {best['removed']:.0%}"
        lines.append(f"| {words(family)} | {ranks} | {removed} | {of['expected_to_true']:.2f} |")
    note = prose(
        "Within a hole, mean over pictures, of the model's expected error / of the distance to the edge / of the best possible",
        "guess. The worst fifth is the part of the hole's area with the highest guess; 20% would be chance.",
    )
    return ["### Does it know where it is wrong?", "\n".join(lines), note]


def led(figures: dict) -> list[str]:
    """What a given line does."""
    lines = [
        "| hole, line | pictures | line that becomes an edge: without, with | step across the line: without, with, truth |"
    ]
    lines.append("| --- | ---: | ---: | ---: |")
    for family, kinds in figures.items():
        for kind, of in kinds.items():
            truth = f"{of['step_truth']:.0f}" if "step_truth" in of else "–"
            lines.append(
                f"| {words(family)}, {kind} | {of['pictures']} | {of['recall_without']:.0%}, {of['recall_with']:.0%} "
                f"| {of['step_without']:.0f}, {of['step_with']:.0f}, {truth} |"
            )
    changes = [
        f"{words(name)} {kinds['contours']['psnr_gain']:+.2f} dB" for name, kinds in figures.items() if "contours" in kinds
    ]
    note = prose(
        "At the usual line guidance. Contours are those of the undamaged picture; a stroke is one line drawn across the hole",
        f"that stands nowhere in the picture. Steps in levels of 255. With contours PSNR changes by: {', '.join(changes)}.",
    )
    return ["### Does it follow a line?", "\n".join(lines), note]


def performed(figures: dict) -> list[str]:
    """Speed, memory, and whether the bytes are always the same."""
    lines = []
    if "speed" in figures:
        of = figures["speed"]
        lines.append(
            f"- 512 × 512 px, {of['lost']:.0%} lost, {of['threads']} threads: {of['mean_seconds']:.2f} s at texture 0, "
            f"{of['mean_and_flow_seconds']:.2f} s at texture 1; loading {of['load_seconds']['weights']:.1f} s after "
            f"{of['load_seconds']['imports']:.1f} s of imports."
        )
    if "large" in figures:
        of = figures["large"]
        lines.append(
            f"- {of['megapixels']:.0f} megapixels with {of['spots']:,} scattered spots ({of['lost']:.1%} lost), "
            f"{of['threads']} threads: {of['seconds']:.0f} s, peak memory {of['peak_mib']:,} MiB."
        )
    if "equal" in figures:
        same = "the same bytes" if figures["equal"]["is_equal"] else "NOT the same bytes"
        lines.append(f"- {len(figures['equal']['runs'])} runs with four tile sizes and one or two threads: {same}.")
    return ["### Time, memory, sameness", "\n".join(lines)] if lines else []


def failed(shown: list[dict], has_pictures: bool) -> list[str]:
    """The worst cases, as the benchmark chose them by figures."""
    parts = ["## Known failures", "Chosen by the figures, not by eye. From left to right: truth, damaged, filled."]
    for one in shown:
        mode = "texture 1" if one["method"] == "model_flow" else "texture 0"
        text = f"{words(one['family'])}, {mode}: {one['why']}. PSNR {one['psnr']:.2f} dB, HaarPSI {one['haarpsi']:.3f}."
        credit = f"Detail of: {one['credit']}."
        text = text[0].upper() + text[1:]
        parts.append(f"![{text}](failures/{one['file']})\n\n{text} {credit}" if has_pictures else f"- {text} {credit}")
    return parts


def prose(*pieces: str) -> str:
    """One paragraph, in lines of 120."""
    return textwrap.fill(" ".join(" ".join(pieces).split()), 120)


def words(name: str) -> str:
    """A family's name as a person writes it."""
    return name.replace("_", " ").replace("-", " ")


def signed(value: float | None) -> str:
    """A gain, or a dash."""
    return "–" if value is None else f"{value:+.2f}"


def p(value: float | None) -> str:
    """A p value, or a dash when there were too few pictures."""
    return "–" if value is None else f"{value:.1g}" if value >= 1e-4 else "< 0.0001"
