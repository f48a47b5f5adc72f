"""The losses written down slowly: NumPy, one example at a time, straight from the definitions.

Softmax, one-hot, clip, logarithm; nothing is shared with the library.
"""

import functools

import numpy as np

LOG_FLOOR = np.log(1e-4)


def softmax(z):
    e = np.exp(z - np.max(z))
    return e / e.sum()


def one_hot(z, y):
    hot = np.zeros_like(z)
    hot[y] = 1
    return hot


def focal_term(p, gamma):
    return -((1 - p) ** gamma) * np.log(p)


def epsilon_prob(z, y, m, min_prob):
    p = softmax(z)
    predicted = z[y] >= np.max(z)
    u = (p[y] + m * predicted) / (m + 1)
    return u if min_prob is None else max(u, min_prob)


def ce_eps(z, y, *, m, min_prob=1e-8):
    return -np.log(epsilon_prob(z, y, m, min_prob))


def fl_eps(z, y, *, m, gamma=0.1, min_prob=1e-8, **_):
    return focal_term(epsilon_prob(z, y, m, min_prob), gamma)


def mae(z, y):
    return np.abs(one_hot(z, y) - softmax(z)).sum()


def ce_eps_mae(z, y, *, alpha, beta, **kw):
    return alpha * ce_eps(z, y, **kw) + beta * mae(z, y)


def fl_eps_mae(z, y, *, alpha, beta, **kw):
    return alpha * fl_eps(z, y, **kw) + beta * mae(z, y)


def ce(z, y):
    return -np.log(softmax(z)[y])


def ce_tau(z, y, *, tau):
    return ce(z / tau, y)


def focal(z, y, *, gamma=0.5, **_):
    return focal_term(softmax(z)[y], gamma)


def gce(z, y, *, q=0.7, min_prob=None):
    p = softmax(z)[y]
    p = p if min_prob is None else max(p, min_prob)
    return (1 - p**q) / q


def rce(z, y, *, min_target=1e-4):
    p = softmax(z)
    target = np.full_like(z, min_target)
    target[y] = 1
    return -(p * np.log(target)).sum()


def sce(z, y, *, alpha, beta):
    return alpha * ce(z, y) + beta * rce(z, y)


def nce(z, y):
    log_p = np.log(softmax(z))
    return log_p[y] / log_p[np.isfinite(z)].sum()


def nfl(z, y, *, gamma=0.5, **_):
    terms = focal_term(softmax(z)[np.isfinite(z)], gamma)
    return focal(z, y, gamma=gamma) / terms.sum()


def nnce(z, y, *, min_prob=1e-8):
    p = np.maximum(softmax(z), min_prob)
    positive = np.log(p) - np.log(min_prob)
    return 1 - positive[y] / positive.sum()


def nnfl(z, y, *, gamma=0.5, min_prob=1e-8, **_):
    p = np.maximum(softmax(z), min_prob)
    positive = focal_term(min_prob, gamma) - focal_term(p, gamma)
    return 1 - positive[y] / positive.sum()


def mse(z, y):
    return ((softmax(z) - one_hot(z, y)) ** 2).mean()


def amse(z, y, *, a):
    return ((softmax(z) - a * one_hot(z, y)) ** 2).mean()


def agce(z, y, *, a, q):
    return ((a + 1) ** q - (a + softmax(z)[y]) ** q) / q


def aul(z, y, *, a, q):
    return ((a - softmax(z)[y]) ** q - (a - 1) ** q) / q


def ael(z, y, *, a):
    return np.exp(-softmax(z)[y] / a)


def vce(z, y, *, a):
    return -np.log(softmax(z)[y] + a)


def vmse(z, y, *, a):
    return (a - softmax(z)[y]) ** 2


def taylor(z, y, *, order=2):
    return sum((1 - softmax(z)[y]) ** i / i for i in range(1, order + 1))


def phuber(z, y, *, tau=10.0):
    p = softmax(z)[y]
    return -np.log(p) if p > 1 / tau else -tau * p + np.log(tau) + 1


def dft(z, y):
    p = softmax(z)[y]
    return -p * np.log(p) if p > 0 else 0.0


def logit_clip(z, y, *, delta, continuous=False):
    norm = np.sqrt((z[np.isfinite(z)] ** 2).sum())
    if norm > (delta if continuous else 1 / delta):
        z = z * delta / norm
    return ce(z, y)


def ldr_kl(z, y, *, threshold=0.1, lam=1.0):
    present = np.isfinite(z)
    h = np.log1p(np.exp(-np.abs(z))) + np.maximum(z, 0)
    h = h / h[present].mean()
    margin = threshold * (1 - one_hot(z, y))
    return lam * np.log(np.exp((margin + h - h[y])[present] / lam).mean())


def js(z, y, *, pi=0.5):
    p, hot = softmax(z), one_hot(z, y)
    m = pi * hot + (1 - pi) * p
    used = p > 0
    from_prediction = (p[used] * np.log(p[used] / m[used])).sum()
    return (pi * -np.log(m[y]) + (1 - pi) * from_prediction) / (-(1 - pi) * np.log(1 - pi))


def bi_tempered(z, y, *, t1=0.8, t2=1.2, num_iterations=None):
    def exp_t(x):
        return np.exp(x) if t2 == 1 else np.maximum(1 + (1 - t2) * x, 0) ** (1 / (1 - t2))

    def log_t(x):
        return np.log(x) if t1 == 1 else (x ** (1 - t1) - 1) / (1 - t1)

    finite = z[np.isfinite(z)]
    low, high = finite.max(), finite.max() + 1
    while exp_t(finite - high).sum() > 1:
        high += high - low
    while low < (middle := (low + high) / 2) < high:  # bisection: slow and certain
        low, high = (middle, high) if exp_t(finite - middle).sum() > 1 else (low, middle)
    p = exp_t(finite - high)
    label = exp_t(z[y] - high) if np.isfinite(z[y]) else 0.0
    return -log_t(label) - (1 - (p ** (2 - t1)).sum()) / (2 - t1)


def forward(z, y, *, transition_matrix):
    return -np.log(softmax(z) @ np.asarray(transition_matrix, np.float64)[:, y])


def backward(z, y, *, transition_matrix):
    matrix = np.asarray(transition_matrix, np.float64)
    return -(_inverse(matrix.tobytes(), len(matrix))[y] * np.log(softmax(z))).sum()


@functools.lru_cache(maxsize=8)
def _inverse(matrix, size):
    return np.linalg.inv(np.frombuffer(matrix).reshape(size, size))
