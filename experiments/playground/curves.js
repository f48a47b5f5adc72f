// Loss and weight against p_y, where the label is predicted and where it is not.

const LEAST_PROB = 1e-6, LEAST_WEIGHT = 1e-7;

// A label that is not predicted has at most 1/2, a predicted one at least 1/K.
function rangeOf(predicted) {
  return predicted ? [1 / settings.classes, 1 - 1e-9] : [LEAST_PROB, 0.5];
}

function curveOf(loss, kind, predicted) {
  const found = spaced(...rangeOf(predicted), 241, !predicted);
  const at = gate(settings);
  if (!predicted && at > LEAST_PROB && at < 0.5) found.push(at * (1 - 1e-9), at * (1 + 1e-9));
  found.sort((a, b) => a - b);
  return found.map((p) => [p, LOSSES[loss][kind](Math.log(p), predicted, settings)]);
}

function drawCurves() {
  const logarithmic = byId("log-weight").checked, probed = probedProbability();
  for (const kind of ["value", "weight"]) {
    const lines = {};
    for (const predicted of [false, true]) {
      lines[predicted] = Object.keys(LOSSES).map((loss) => ({
        class: loss, points: curveOf(loss, kind, predicted),
      }));
    }
    const largest = Math.max(...[...lines.false, ...lines.true].flatMap((one) => one.points.map((p) => p[1])));
    const y = kind === "weight" && logarithmic
      ? {min: LEAST_WEIGHT, max: Math.max(10, Math.pow(10, Math.ceil(Math.log10(largest)))), log: true}
      : {min: 0, max: largest * 1.15};
    for (const predicted of [false, true]) {
      const [low, high] = rangeOf(predicted);
      const marks = [];
      if (!predicted && gate(settings) > LEAST_PROB && gate(settings) < 0.5) {
        marks.push({x: gate(settings), class: "gate", text: "gate", row: 1});
      }
      if (probed >= low && probed <= high) marks.push({x: probed, class: "probe", text: "", row: 2});
      const what = kind === "value" ? "Loss" : "Weight of the gradient";
      drawChart(byId(`${kind}-${predicted ? "predicted" : "other"}`), {
        x: predicted ? {min: 0, max: 1, name: "p_y"} : {min: LEAST_PROB, max: 1, log: true, name: "p_y"},
        y, marks, lines: lines[predicted],
        label: `${what} against p_y of four losses, where the label is ${predicted ? "" : "not "}predicted. ` +
          "The table below has the numbers.",
      });
    }
  }
  drawProbe(probed);
}

const probedProbability = () => Math.pow(10, Number(byId("probe").value));

function drawProbe(probed) {
  byId("probe-value").textContent = shown(probed);
  byId("probe").setAttribute("aria-valuetext", shown(probed));
  const rows = Object.entries(LOSSES).map(([key, loss]) => {
    const row = document.createElement("tr");
    const name = document.createElement("th");
    name.scope = "row";
    name.append(sample(key), loss.name);
    row.append(name);
    for (const predicted of [false, true]) {
      const [low, high] = rangeOf(predicted);
      for (const kind of ["value", "weight"]) {
        const cell = document.createElement("td");
        const there = probed >= low * (1 - 1e-9) && probed <= high;
        cell.textContent = there ? shown(loss[kind](Math.log(probed), predicted, settings)) : "–";
        row.append(cell);
      }
    }
    return row;
  });
  byId("probe-rows").replaceChildren(...rows);
}

// How the line of a loss looks.
function sample(loss) {
  const svg = element("svg", {class: "sample", viewBox: "0 0 34 10", "aria-hidden": "true"});
  svg.append(element("path", {class: `line ${loss}`, d: "M1 5L33 5"}));
  return svg;
}

function startCurves() {
  byId("probe").addEventListener("input", drawCurves);
  byId("log-weight").addEventListener("change", drawCurves);
  byId("legend").replaceChildren(...Object.entries(LOSSES).map(([key, loss]) => {
    const item = document.createElement("li");
    item.append(sample(key), loss.name);
    return item;
  }));
  views.push(drawCurves);
}
