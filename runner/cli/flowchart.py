"""Draws a workflow: its steps in order, and the variables that flow between them. Writes Mermaid text or SVG, without network access."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from xml.sax.saxutils import escape

import msgspec

from ..plan.plan import IncludePlan, Plan, StepPlan
from ..reporters.text import one_line

START = "given"
"""Key and title of the node for values that exist before the first step."""


class ChartNode(msgspec.Struct, frozen=True):
    """A step, a credential, or the values that exist before the first step.

    Attributes:
        key: Identifies it among all nodes.
        lines: Its title, and below it what decides whether and how often it runs.
        kind: `start`, `credential`, `step` or `cleanup`.
    """

    key: str
    lines: tuple[str, ...]
    kind: str = "step"


class Edge(msgspec.Struct, frozen=True):
    """Variables that one node provides and another uses.

    Attributes:
        source: The key of the node that provides them.
        target: The key of the node that uses them.
    """

    source: str
    target: str
    names: tuple[str, ...]


class Chart(msgspec.Struct, frozen=True):
    """The nodes of a workflow in the order in which they run, and the data flow between them."""

    nodes: tuple[ChartNode, ...]
    edges: tuple[Edge, ...]


def chart_of(plan: Plan) -> Chart:
    """Build the chart of a workflow."""
    steps = [*plan.steps, *plan.cleanup]
    first = {named.name for named in plan.variables} | plan.inputs | plan.environment_names.keys() | plan.accepts
    first |= {name for row in plan.rows for name in row.values}
    providers = dict.fromkeys(first, START)
    edges: dict[tuple[str, str], set[str]] = {}
    used: set[str] = set()
    for number, step in enumerate(steps):
        own = {step.as_name, "index"} if step.for_each is not None else set()
        for name in step.needs - own:
            if name in providers:
                edges.setdefault((providers[name], f"s{number}"), set()).add(name)
        for name in _credentials(step, plan):
            edges.setdefault((f"auth_{name}", f"s{number}"), set()).add("token")
            used.add(name)
        providers |= dict.fromkeys(step.provides, f"s{number}")
    used_at_start = {name for (source, _), names in edges.items() if source == START for name in names}
    nodes = [ChartNode(START, (START, ", ".join(sorted(used_at_start))), "start")] if used_at_start else []
    nodes += [ChartNode(f"auth_{name}", (f"auth {name}",), "credential") for name in plan.credentials if name in used]
    nodes += [
        ChartNode(f"s{number}", tuple(_lines(number, step)), step_kind(step)) for number, step in enumerate(steps)
    ]
    return Chart(tuple(nodes), tuple(Edge(*pair, tuple(sorted(names))) for pair, names in edges.items()))


def step_kind(step: StepPlan) -> str:
    """`step` or `cleanup`."""
    return "cleanup" if step.is_cleanup else "step"


def _credentials(step: StepPlan, plan: Plan) -> Iterator[str]:
    use = getattr(step.action, "auth", None)
    if use is not None and use.name in plan.credentials:
        yield use.name


def _lines(number: int, step: StepPlan) -> Iterator[str]:
    yield f"{number + 1}. {one_line(step.written_name, 60)}"
    if step.condition is not None:
        yield f"if {one_line(step.condition.text, 50)}"
    if step.for_each is not None:
        yield f"for each {step.as_name}"
    if step.retry is not None:
        yield "retried"
    if isinstance(step.action, IncludePlan):
        yield f"{len(step.action.plan.steps)} steps of {one_line(step.action.plan.file, 50)}"
    if step_kind(step) == "cleanup":
        yield "finally"


def mermaid(chart: Chart) -> str:
    """The chart as a Mermaid flowchart: plain arrows show variables, dotted ones the order of steps."""
    shapes = {"start": ("([", "])"), "credential": ("{{", "}}"), "step": ("[", "]"), "cleanup": ("[/", "/]")}
    lines = ["flowchart TD"]
    for node in chart.nodes:
        before, after = shapes[node.kind]
        lines.append(f'    {_key(node)}{before}"{"<br>".join(map(_entity, node.lines))}"{after}')
    lines += [
        f'    {_safe_key(edge.source)} -->|"{_entity(", ".join(edge.names))}"| {_safe_key(edge.target)}'
        for edge in chart.edges
    ]
    drawn = {(edge.source, edge.target) for edge in chart.edges}
    steps = [node for node in chart.nodes if node.kind in {"step", "cleanup"}]
    lines += [
        f"    {_key(one)} -.-> {_key(other)}" for one, other in pairwise(steps) if (one.key, other.key) not in drawn
    ]
    return "\n".join(lines) + "\n"


def _key(node: ChartNode) -> str:
    return _safe_key(node.key)


def _safe_key(key: str) -> str:
    return re.sub(r"\W", "_", key, flags=re.ASCII)


def _entity(text: str) -> str:
    """Escape text for Mermaid and HTML: everything but letters, digits and plain marks becomes a numeric entity."""
    return re.sub(r"[^\w .,:/=!()-]", lambda found: f"#{ord(found[0])};", text)


WIDTH, LINE, PAD, GAP = 340, 18, 10, 26
_STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#1b1f24}.title{font-weight:600}"
    ".name{font-size:12px;fill:#0757b8;paint-order:stroke;stroke:#fff;stroke-width:4px}"
    "rect{fill:#f6f7f9;stroke:#8b949e}.start rect,.credential rect{stroke-dasharray:4 3}.cleanup rect{fill:#fff6e5}"
    "path{fill:none;stroke:#0757b8}.next{stroke:#8b949e}marker path{fill:#0757b8;stroke:none}"
    "@media(prefers-color-scheme:dark){svg{background:#0f1318}text{fill:#e4e8ee}.name{fill:#70b0ff;stroke:#0f1318}"
    "rect{fill:#181d24}.cleanup rect{fill:#33270d}path{stroke:#70b0ff}marker path{fill:#70b0ff}}"
)


def svg(chart: Chart) -> str:
    """The chart as an SVG picture: the first step is at the top; arcs on the right show variables."""
    tops: dict[str, tuple[int, int]] = {}
    parts: list[str] = []
    y = PAD
    last: int | None = None
    for node in chart.nodes:
        height = PAD * 2 + LINE * len([line for line in node.lines if line])
        tops[node.key] = y, height
        if last is not None and node.kind in {"step", "cleanup"}:
            parts.append(f'<path class="next" d="M{PAD + 24} {last}V{y}"/>')
        parts.append(_box(node, y, height))
        last = y + height if node.kind in {"step", "cleanup"} else None
        y += height + GAP
    longest = max((len(", ".join(edge.names)) for edge in chart.edges), default=0)
    reach = 0
    order = list(tops)
    labels: list[str] = []
    for edge in chart.edges:
        start, end = (tops[key][0] + tops[key][1] / 2 for key in (edge.source, edge.target))
        bend = 10 + 34 * min(order.index(edge.target) - order.index(edge.source), 8)
        reach = max(reach, bend)
        x, middle = PAD + WIDTH, (start + end) / 2
        curve = f"C{x + bend * 1.33:.0f} {start + 4} {x + bend * 1.33:.0f} {end - 4} {x} {end - 4}"
        parts.append(f'<path marker-end="url(#to)" d="M{x} {start + 4}{curve}"/>')
        words = _text(", ".join(edge.names))
        labels.append(f'<text class="name" x="{x + bend + 4}" y="{middle + 4}">{words}</text>')
    width = PAD * 2 + WIDTH + reach + 12 + longest * 8
    marker = (
        '<marker id="to" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
        '<path d="M0 0L8 4L0 8z"/></marker>'
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{y}" viewBox="0 0 {width} {y}">'
        f"<style>{_STYLE}</style><defs>{marker}</defs>{''.join([*parts, *labels])}</svg>\n"
    )


def _box(node: ChartNode, y: int, height: int) -> str:
    shown = [line for line in node.lines if line]
    texts = "".join(
        f'<text class="{"words" if number else "title"}" x="{PAD * 2}" y="{y + PAD + LINE * (number + 1) - 5}">{_text(line[:48])}</text>'
        for number, line in enumerate(shown)
    )
    return f'<g class="{node.kind}"><rect x="{PAD}" y="{y}" width="{WIDTH}" height="{height}" rx="6"/>{texts}</g>'


def _text(text: str) -> str:
    return escape(one_line(text))
