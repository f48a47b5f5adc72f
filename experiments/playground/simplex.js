// Σ_k L over the probabilities of three classes: shades and contours.

const GRID = 96, EDGE = 5e-4;  // no probability is less than EDGE here
const CORNERS = [[0.5, 0.06], [0.06, 0.86], [0.94, 0.86]];  // of the unit square

// Probabilities of the node (i, j) of the grid.
function nodeOf(i, j) {
  const share = [GRID - i - j, i, j].map((one) => one / GRID);
  return share.map((one) => one * (1 - 3 * EDGE) + EDGE);
}

function sumsOnGrid(loss) {
  const sums = [];
  for (let i = 0; i <= GRID; i++) {
    sums.push(Array.from({length: GRID - i + 1}, (_, j) => sumOverLabels(loss, nodeOf(i, j), settings)));
  }
  return sums;
}

function triangles(visit) {
  for (let i = 0; i < GRID; i++) {
    for (let j = 0; j < GRID - i; j++) {
      visit([[i, j], [i + 1, j], [i, j + 1]]);
      if (i + j + 2 <= GRID) visit([[i + 1, j], [i, j + 1], [i + 1, j + 1]]);
    }
  }
}

const place = ([a, b, c]) => [0, 1].map((axis) => a * CORNERS[0][axis] + b * CORNERS[1][axis] + c * CORNERS[2][axis]);
const placeOfNode = (i, j) => place([GRID - i - j, i, j].map((one) => one / GRID));

// The pieces of one contour, as an SVG path in the unit square times 400.
function contour(sums, level) {
  const pieces = [];
  triangles((nodes) => {
    const ends = [];
    for (const [from, to] of [[0, 1], [1, 2], [2, 0]]) {
      const [a, b] = [nodes[from], nodes[to]], [low, high] = [sums[a[0]][a[1]], sums[b[0]][b[1]]];
      if (low < level === high < level) continue;
      const t = (level - low) / (high - low), [p, q] = [placeOfNode(...a), placeOfNode(...b)];
      ends.push([0, 1].map((axis) => (400 * (p[axis] + t * (q[axis] - p[axis]))).toFixed(1)).join(" "));
    }
    if (ends.length === 2) pieces.push(`M${ends.join("L")}`);
  });
  return pieces.join("");
}

// The larger the sum the stronger the shade, in so many steps as there are contours.
function shade(canvas, sums, levels) {
  const context = canvas.getContext("2d"), size = canvas.width;
  context.clearRect(0, 0, size, size);
  context.fillStyle = getComputedStyle(canvas).color;
  const bands = new Map();
  triangles((nodes) => {
    const mean = nodes.reduce((sum, [i, j]) => sum + sums[i][j], 0) / 3;
    const band = levels.filter((level) => mean >= level).length;
    if (!bands.has(band)) bands.set(band, []);
    bands.get(band).push(nodes);
  });
  for (const [band, members] of bands) {
    context.globalAlpha = levels.length ? 0.04 + (0.5 * band) / levels.length : 0.12;
    context.beginPath();
    for (const nodes of members) {
      nodes.forEach(([i, j], corner) => {
        const [x, y] = placeOfNode(i, j).map((one) => one * size);
        if (corner) context.lineTo(x, y);
        else context.moveTo(x, y);
      });
      context.closePath();
    }
    context.fill();
  }
}

function drawSimplex() {
  const loss = byId("simplex-loss").value, sums = sumsOnGrid(loss);
  const all = sums.flat(), low = Math.min(...all), high = Math.max(...all);
  const isFlat = high - low < 1e-7 * (1 + Math.abs(high));
  const step = isFlat ? 0 : niceStep(high - low, 9), levels = [];
  if (!isFlat) for (let i = Math.ceil(low / step); i * step < high; i++) levels.push(i * step);
  shade(byId("simplex-shade"), sums, levels);
  const parts = levels.map((level) => element("path", {class: "contour", d: contour(sums, level)}));
  const corners = CORNERS.map((corner) => corner.map((one) => 400 * one));
  parts.push(element("path", {class: "frame", d: `M${corners.map((one) => one.join(" ")).join("L")}Z`}));
  ["class 1", "class 2", "class 3"].forEach((name, k) => {
    const [x, y] = corners[k];
    parts.push(element("text", {x, y: k ? y + 22 : y - 8, class: "middle"}, name));
  });
  byId("simplex-lines").replaceChildren(...parts);
  const gap = gapOf(loss), spread = isFlat ? "the same everywhere" : `a line every ${shown(step)}`;
  const text = `Σ L of ${LOSSES[loss].name}: ${spread}, from ${shown(low)} to ${shown(high)} in the picture. ` +
    `Range over the whole simplex (symmetry gap): ${shown(gap)}.`;
  byId("simplex-text").textContent = text;
  byId("simplex-lines").setAttribute("aria-label", text);
}

function gapOf(loss) {
  if (loss === "mae") return 0;
  if (loss === "ce") return Infinity;
  const gap = symmetryGap({...settings, classes: 3});
  return loss === "ce_eps" ? gap : settings.alpha ? settings.alpha * gap : 0;
}

function startSimplex() {
  for (const [key, loss] of Object.entries(LOSSES)) byId("simplex-loss").add(new Option(loss.name, key));
  byId("simplex-loss").value = "ce_eps";
  byId("simplex-loss").addEventListener("change", drawSimplex);
  views.push(drawSimplex);
}
