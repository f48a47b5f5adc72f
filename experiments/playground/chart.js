// A chart of lines as SVG. How a line looks is said by its class, in the style sheet.

const SVG = "http://www.w3.org/2000/svg";
const MARGIN = {left: 46, right: 16, top: 10, bottom: 40};

function element(name, attributes, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

function raised(power) {
  if (power >= -2 && power <= 3) return String(Number(`1e${power}`));
  return `10${[...String(power)].map((one) => "⁰¹²³⁴⁵⁶⁷⁸⁹⁻"["0123456789-".indexOf(one)]).join("")}`;
}

// The step of about so many ticks: 1, 2 or 5 times a power of ten.
function niceStep(range, count) {
  const rough = range / count, power = Math.pow(10, Math.floor(Math.log10(rough)));
  return power * [1, 2, 5, 10].find((one) => one * power >= rough * 0.999);
}

function ticks(axis, count) {
  const found = [];
  if (axis.log) {
    const [low, high] = [axis.min, axis.max].map((one) => Math.round(Math.log10(one)));
    const every = Math.max(1, Math.ceil((high - low) / count));
    for (let power = high; power >= low; power -= every) found.push([Number(`1e${power}`), raised(power)]);
    return found;
  }
  const step = niceStep(axis.max - axis.min, count);
  for (let i = Math.ceil(axis.min / step); i * step <= axis.max * 1.0001; i++) {
    found.push([i * step, String(Number((i * step).toPrecision(6)))]);
  }
  return found;
}

function scale(axis, from, to) {
  const at = axis.log ? Math.log : Number;
  const low = at(axis.min), high = at(axis.max);
  return (value) => {
    const inside = Math.min(Math.max(value, axis.min), axis.max);
    return from + ((at(inside) - low) / (high - low)) * (to - from);
  };
}

// Draw {x, y, lines, marks, dots, label}; x and y are axes {min, max, log, name, unit}.
function drawChart(svg, {x, y, lines, marks = [], dots = [], label}) {
  const width = Math.max(svg.clientWidth, 260), height = Math.min(290, Math.max(210, width * 0.6));
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", label);
  const right = width - MARGIN.right, bottom = height - MARGIN.bottom;
  const toX = scale(x, MARGIN.left, right), toY = scale(y, bottom, MARGIN.top);
  const parts = [], notes = [];
  for (const [value, text] of ticks(y, 6)) {
    const at = toY(value);
    parts.push(element("line", {class: "grid", x1: MARGIN.left, x2: right, y1: at, y2: at}));
    parts.push(element("text", {x: MARGIN.left - 6, y: at + 4, class: "end"}, text));
  }
  for (const [value, text] of ticks(x, width / 70)) {
    const at = toX(value);
    parts.push(element("line", {class: "grid", x1: at, x2: at, y1: MARGIN.top, y2: bottom}));
    parts.push(element("text", {x: at, y: bottom + 16, class: "middle"}, text));
  }
  const middle = (MARGIN.left + right) / 2;
  parts.push(element("text", {x: middle, y: height - 6, class: "middle name"}, x.name));
  for (const mark of marks) {
    const at = toX(mark.x), late = at > (MARGIN.left + right) / 2;
    parts.push(element("line", {class: `mark ${mark.class}`, x1: at, x2: at, y1: MARGIN.top, y2: bottom}));
    const where = {x: at + (late ? -5 : 5), y: MARGIN.top + mark.row * 15, class: late ? "end note" : "note"};
    notes.push(element("text", where, mark.text));
  }
  for (const line of lines) {
    const points = line.points.filter((point) => Number.isFinite(point[1]));
    const path = points.map(([a, b]) => `${toX(a).toFixed(2)} ${toY(b).toFixed(2)}`).join("L");
    if (path) parts.push(element("path", {class: `line ${line.class}`, d: `M${path}`}));
  }
  for (const [a, b] of dots) parts.push(element("circle", {class: "dot", cx: toX(a), cy: toY(b), r: 3.5}));
  svg.replaceChildren(...parts, ...notes);
}

// So many numbers from low to high, evenly or by factors.
function spaced(low, high, count, log) {
  const at = log ? Math.log : Number, back = log ? Math.exp : Number;
  return Array.from({length: count}, (_, i) =>
    i === count - 1 ? high : back(at(low) + ((at(high) - at(low)) * i) / (count - 1)),
  );
}
