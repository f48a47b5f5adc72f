// A training that the library ran, epoch after epoch.

const REPLAYED = {CE: "ce", "CE_eps+MAE": "ce_eps_mae"};
const SHARES = {memorised: "Wrong labels memorised", clean_test: "Right on clean test digits", noisy_train: "Agrees with the noisy labels"};
let timer = null;

const epochShown = () => Number(byId("epoch").value);

function replayed() {
  const rate = Number(byId("replay-rate").value);
  return data.replay.runs.filter((run) => run.learning_rate === rate);
}

const percent = (share) => `${(100 * share).toFixed(1)} %`;

function drawReplay() {
  const epoch = epochShown(), runs = replayed();
  byId("epoch-value").textContent = `${epoch} of ${data.replay.epochs}`;
  byId("epoch").setAttribute("aria-valuetext", `epoch ${epoch}`);
  for (const [share, name] of Object.entries(SHARES)) {
    const lines = runs.map((run) => ({
      class: REPLAYED[run.loss], points: run[share].map((value, at) => [at + 1, 100 * value]),
    }));
    drawChart(byId(`replay-${share}`), {
      x: {min: 0, max: data.replay.epochs, name: "epoch"},
      y: {min: 0, max: 100}, lines,
      marks: [{x: epoch, class: "now", text: "", row: 1}],
      label: `${name}, in percent, over epochs. ` +
        runs.map((run) => `${run.loss} at epoch ${epoch}: ${percent(run[share][epoch - 1])}`).join("; "),
    });
  }
  drawReplayTable(runs, epoch);
  drawExamples(runs, epoch);
}

function drawReplayTable(runs, epoch) {
  const rows = runs.map((run) => {
    const row = document.createElement("tr"), name = heading(run.loss.replace("eps", "ε"), "row");
    name.prepend(sample(REPLAYED[run.loss]));
    row.append(name);
    for (const share of Object.keys(SHARES)) row.insertCell().textContent = percent(run[share][epoch - 1]);
    return row;
  });
  byId("replay-rows").replaceChildren(...rows);
  const ends = runs.map((run) => {
    const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;
    return `${run.loss.replace("eps", "ε")} ${percent(mean(run.seeds.memorised))} memorised, ` +
      `${percent(mean(run.seeds.clean_test))} right on clean digits`;
  });
  byId("replay-ends").textContent = `Mean of ${runs[0].seeds.memorised.length} seeds after the last epoch: ${ends.join("; ")}.`;
}

function drawExamples(runs, epoch) {
  data.replay.examples.forEach((_, place) => {
    for (const run of runs) {
      for (const label of ["right", "wrong"]) {
        const share = run[label][place][epoch - 1] / 1000;
        const bar = byId(`bar-${place}-${REPLAYED[run.loss]}-${label}`);
        bar.style.setProperty("--share", share);
        bar.lastElementChild.textContent = `${Math.round(100 * share)} %`;
      }
    }
  });
}

function digitOf(pixels) {
  const svg = element("svg", {class: "digit", viewBox: "0 0 8 8", "aria-hidden": "true"});
  pixels.forEach((value, at) => {
    if (value) svg.append(element("rect", {x: at % 8, y: Math.floor(at / 8), width: 1.02, height: 1.02, "fill-opacity": value / 16}));
  });
  return svg;
}

function cardOf(example, place) {
  const card = document.createElement("li"), said = document.createElement("p"), bars = document.createElement("div");
  said.textContent = `A ${example.right}, labelled ${example.wrong}`;
  for (const [name, key] of Object.entries(REPLAYED)) {
    const called = document.createElement("p");
    called.textContent = name.replace("eps", "ε");
    bars.append(called);
    for (const label of ["right", "wrong"]) {
      const bar = document.createElement("div"), text = document.createElement("span"), number = document.createElement("span");
      bar.id = `bar-${place}-${key}-${label}`;
      bar.className = `bar ${label}`;
      text.textContent = `${example[label]}, ${label}`;
      bar.append(text, number);
      bars.append(bar);
    }
  }
  card.append(digitOf(example.pixels), said, bars);
  return card;
}

function play() {
  if (timer !== null) return pause();
  if (epochShown() === data.replay.epochs) byId("epoch").value = 1;
  byId("play").textContent = "Pause";
  timer = setInterval(() => {
    byId("epoch").value = epochShown() + 1;
    drawReplay();
    if (epochShown() === data.replay.epochs) pause();
  }, 90);
}

function pause() {
  clearInterval(timer);
  timer = null;
  byId("play").textContent = "Play";
}

function startReplay() {
  const {runs, examples, epochs} = data.replay;
  byId("epoch").max = epochs;
  byId("epoch").value = epochs;
  for (const rate of new Set(runs.map((run) => run.learning_rate))) byId("replay-rate").add(new Option(rate, rate));
  byId("replay-rate").selectedIndex = byId("replay-rate").options.length - 1;
  byId("cards").replaceChildren(...examples.map(cardOf));
  byId("epoch").addEventListener("input", () => { pause(); drawReplay(); });
  byId("replay-rate").addEventListener("change", drawReplay);
  byId("play").addEventListener("click", play);
}
