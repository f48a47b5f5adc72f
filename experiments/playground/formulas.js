// The losses as the library computes them: functions of log p_y and of whether y is predicted.
// A floor of null is none. Weights are w of the gradient w · (p − e_y).

const crossEntropy = (logProb) => -logProb;

const meanAbsoluteError = (logProb) => -2 * Math.expm1(logProb);

// log((p + m) / (m + 1)), each form without cancellation where it is used.
function logEpsilonTop(logProb, m) {
  if (m < 1) return logProb + Math.log1p((m / (1 + m)) * Math.expm1(-logProb));
  return Math.log1p(Math.expm1(logProb) / (1 + m));
}

function logEpsilonProb(logProb, predicted, m) {
  return predicted ? logEpsilonTop(logProb, m) : logProb - Math.log1p(m);
}

function floored(logProb, floor) {
  return floor === null ? logProb : Math.max(logProb, Math.log(floor));
}

function epsilonCrossEntropy(logProb, predicted, {m, floor}) {
  return -floored(logEpsilonProb(logProb, predicted, m), floor);
}

function epsilonCrossEntropyWeight(logProb, predicted, {m, floor}) {
  if (floor !== null && logEpsilonProb(logProb, predicted, m) < Math.log(floor)) return 0;
  return predicted ? 1 / (1 + m * Math.exp(-logProb)) : 1;
}

const LOSSES = {
  ce: {name: "CE", value: crossEntropy, weight: () => 1},
  mae: {name: "MAE", value: meanAbsoluteError, weight: (logProb) => 2 * Math.exp(logProb)},
  ce_eps: {name: "CE_ε", value: epsilonCrossEntropy, weight: epsilonCrossEntropyWeight},
  ce_eps_mae: {
    name: "α·CE_ε + β·MAE",
    value: (logProb, predicted, given) =>
      given.alpha * epsilonCrossEntropy(logProb, predicted, given) +
      given.beta * meanAbsoluteError(logProb),
    weight: (logProb, predicted, given) =>
      given.alpha * epsilonCrossEntropyWeight(logProb, predicted, given) +
      given.beta * 2 * Math.exp(logProb),
  },
};

// Below it a label that is not predicted has no gradient of CE_ε.
const gate = ({m, floor}) => (floor === null ? 0 : (1 + m) * floor);

// Σ_k L(p, k); of classes that tie for the largest the first is the predicted one.
function sumOverLabels(loss, probabilities, given) {
  const top = probabilities.indexOf(Math.max(...probabilities));
  return probabilities.reduce(
    (sum, one, k) => sum + LOSSES[loss].value(Math.log(Math.max(one, 1e-30)), k === top, given),
    0,
  );
}
