// Theorem 1 for symmetric noise: closed forms, as in esoftmax_jax.theory.

// Lemma 1: how far an output of ε-softmax is from one-hot at most.
const epsilonBound = ({m, classes}) => Math.sqrt(1 - 1 / classes) / (1 + m);

// Σ_k CE_ε where the first class has p, `equal` further ones q each and the others nothing.
function sumOfLevels(p, q, equal, {m, floor, classes}) {
  const one = (logU) => -Math.max(logU, Math.log(floor));
  const rest = equal ? equal * one(Math.log(q) - Math.log1p(m)) : 0;
  const none = (classes - 1 - equal) * -Math.log(floor);
  return one(logEpsilonTop(Math.log(p), m)) + rest + none;
}

// The range of Σ_k CE_ε over the simplex: largest where all others lie at the gate, least where
// some classes share all of it.
function symmetryGap(given) {
  if (given.floor === null) return Infinity;
  const {classes} = given;
  const other = Math.min(gate(given), 1 / classes);
  const most = sumOfLevels(1 - (classes - 1) * other, other, classes - 1, given);
  let least = Infinity;
  for (let n = 1; n <= classes; n++) {
    least = Math.min(least, sumOfLevels(1 / n, 1 / n, n - 1, given));
  }
  return most - least;
}

// The bound, or the reason why there is none. `alpha` and `beta` are 1 and 0 for CE_ε alone.
function excessRiskBound(given, alpha, beta) {
  const {floor, classes, rate} = given;
  const margin = 1 - rate - rate / (classes - 1);
  if (margin <= 1e-12) return {refused: "the right label is no longer the most frequent one"};
  if (floor === null && alpha > 0) return {refused: "without a floor the loss is unbounded"};
  const delta = alpha > 0 ? alpha * symmetryGap(given) : 0;
  const factor = 1 + (1 - rate) / margin;
  return {
    delta,
    bound: 2 * delta * factor,
    tighter: delta * factor,
    largest: (alpha > 0 ? -alpha * Math.log(floor) : 0) + 2 * beta,
  };
}
