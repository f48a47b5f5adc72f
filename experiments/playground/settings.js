// The settings that all pictures share, and the sliders that move them.

const data = JSON.parse(document.getElementById("data").textContent);
const settings = {m: 1e5, alpha: 0.01, beta: 5, floor: 1e-8, classes: 10, rate: 0.4};
const byId = (id) => document.getElementById(id);
const views = [];

const powerOfTen = {
  value: (position) => Number(`1e${position}`) || Math.pow(10, position),
  position: (value) => Math.log10(value),
};
const asItIs = {value: Number, position: Number};

// At its least position a slider of powers stands for `least`.
const SLIDERS = {
  m: {...powerOfTen, least: 0},
  alpha: {...powerOfTen, least: 0},
  beta: asItIs,
  floor: {...powerOfTen, least: null},
  classes: asItIs,
  rate: asItIs,
};

function shown(value) {
  if (value === null) return "none";
  if (value === Infinity) return "∞";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e4 || size < 1e-3) {
    const [digits, exponent] = value.toExponential(2).split("e");
    return `${Number(digits)}e${Number(exponent)}`;
  }
  return String(Number(value.toPrecision(3)));
}

function read(name) {
  const input = byId(name), slider = SLIDERS[name];
  const atLeast = "least" in slider && Number(input.value) <= Number(input.min);
  settings[name] = atLeast ? slider.least : slider.value(input.value);
}

function tell(name) {
  const value = settings[name], input = byId(name), slider = SLIDERS[name];
  const isLeast = "least" in slider && value === slider.least;
  input.value = isLeast ? input.min : slider.position(value);
  const text = name === "rate" ? `${Math.round(100 * value)} %` : shown(value);
  byId(`${name}-value`).textContent = text;
  input.setAttribute("aria-valuetext", text);
}

const drawAll = () => views.forEach((draw) => draw());

function startSettings() {
  for (const name of Object.keys(SLIDERS)) {
    byId(name).addEventListener("input", () => {
      read(name);
      tell(name);
      byId("preset").value = "";
      drawAll();
    });
    tell(name);
  }
  data.presets.forEach((preset, place) => byId("preset").add(new Option(preset.name, place)));
  byId("preset").value = "0";
  byId("preset").addEventListener("change", () => {
    const chosen = data.presets[byId("preset").value];
    if (!chosen) return;
    Object.assign(settings, chosen.settings);
    Object.keys(SLIDERS).forEach(tell);
    drawAll();
  });
}
