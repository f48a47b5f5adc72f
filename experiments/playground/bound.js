// The bound of Theorem 1 against m, beside what the library measured.

const M_RANGE = {min: 1, max: 1e10, log: true, name: "m"};
const BOUND_RANGE = {min: 1e-10, max: 1e4, log: true};

// CE_ε alone, and the sum: α and β of each.
const bounded = () => ({ce_eps: [1, 0], ce_eps_mae: [settings.alpha, settings.beta]});

// What the library measured of CE_ε at these settings, as [m, excess risk].
function measured() {
  const {classes, floor, rate} = settings;
  return data.measured
    .filter((row) => row.classes === classes && row.floor === floor && Math.abs(row.rate - rate) < 1e-9)
    .flatMap((row) => row.points);
}

function drawBound() {
  const lines = [], ms = spaced(M_RANGE.min, M_RANGE.max, 161, true);
  for (const [loss, weights] of Object.entries(bounded())) {
    const found = ms.map((m) => [m, excessRiskBound({...settings, m}, ...weights)]);
    lines.push({class: loss, points: found.map(([m, one]) => [m, one.bound])});
    lines.push({class: `${loss} limit`, points: found.map(([m, one]) => [m, one.largest])});
  }
  const dots = measured();
  drawChart(byId("bound"), {
    x: M_RANGE, y: BOUND_RANGE, lines, dots,
    marks: settings.m >= 1 ? [{x: settings.m, class: "now", text: "m", row: 1}] : [],
    label: "Bound of Theorem 1 and largest loss against m. The table beside it has the numbers.",
  });
  byId("bound-dots").hidden = dots.length === 0;
  drawFacts();
}

function drawFacts() {
  const found = Object.entries(bounded()).map(([loss, weights]) => [loss, excessRiskBound(settings, ...weights)]);
  const rows = [
    ["", ([loss]) => LOSSES[loss].name],
    ["δ at Lemma 1's ε", ([, one]) => shown(one.delta)],
    ["Bound, 2δ + 2cδ/a", ([, one]) => shown(one.bound)],
    ["Tighter, δ + cδ/a", ([, one]) => shown(one.tighter)],
    ["Largest loss", ([, one]) => shown(one.largest)],
    ["The bound says", ([, one]) => (one.bound < one.largest ? "something" : "nothing")],
  ].map(([name, cell], place) => {
    const row = document.createElement("tr");
    row.append(heading(name, "row"));
    for (const one of found) {
      const text = place && one[1].refused ? "–" : cell(one);
      if (!place) {
        const top = heading(text, "col");
        top.prepend(sample(one[0]));
        row.append(top);
      } else {
        row.insertCell().textContent = text;
      }
    }
    return row;
  });
  byId("bound-rows").replaceChildren(...rows);
  const {rate, classes} = settings, refused = found.map(([, one]) => one.refused).find(Boolean);
  byId("bound-text").textContent =
    `ε = ${shown(epsilonBound(settings))}, c = 1 − η = ${shown(1 - rate)}, ` +
    `a = 1 − η − η/(K − 1) = ${shown(1 - rate - rate / (classes - 1))}.` +
    (refused ? ` No bound: ${refused}.` : "");
}

function heading(text, scope) {
  const made = document.createElement("th");
  made.scope = scope;
  made.textContent = text;
  return made;
}

const startBound = () => views.push(drawBound);
