"""proto."""

import numpy as np
import torch
from torch import nn

from xai_sleep.data.morlet import Grid, bands, interpolation, spectra

CH = 32


def boxsum(x, n):
    if n == 1:
        return x
    half = boxsum(x, n // 2)
    h = n // 2
    rows = len(x) - 2 * h + 1
    pair = half[:rows] + half[h:]
    return pair[:-1] + x[2 * h :] if n % 2 else pair


def smooth_scales(x, n, e):
    if n < 2:
        return x
    z = nn.functional.pad(x, (0, 0, 0, 0, n // 2, (n - 1) // 2))
    rows = len(x)
    ends = e * (z[:rows] + z[n - 1 :])
    return ends if n == 2 else ends + boxsum(z[1:-1], n - 2)


class WaveletCoherence(nn.Module):
    def __init__(
        self, n_times, sfreq, fmin=0.5, fmax=30.0, n_freqs=128, n_out=128, semantics="pycwt"
    ):
        super().__init__()
        self.grid = g = Grid(n_times, sfreq, fmin, fmax, n_freqs, n_out)
        p2 = 2 ** int(np.ceil(np.log2(n_times)))
        if semantics == "pycwt":
            self.n_fft = p2
            self.taps = (int(np.round(1.2 / g.dj)), 0.5)
        else:
            self.n_fft = 2 * p2
            d = 0.3 / g.dj
            self.taps = (2 * int(np.floor(d + 0.5)) + 1, d % 1)
        self.freqs = g.freqs
        self.samples = g.samples
        self._c = {}

    def tables(self, dtype):
        if dtype not in self._c:
            g = self.grid
            p2 = 2 ** int(np.ceil(np.log2(g.n_times)))
            k = 2 * np.pi * np.fft.rfftfreq(p2)
            out = []
            lag = (g.samples[:, None] - np.arange(g.n_times)) % p2
            for b in bands(g, self.n_fft, dtype):
                I = interpolation(len(b.at_times), self.n_fft, np.arange(g.n_times))
                ks = [
                    I @ np.fft.irfft(np.exp(-0.5 * (s * g.sfreq * k) ** 2))[lag].T
                    for s in g.scales[b.scales]
                ]
                out.append((b, torch.tensor(np.stack(ks), dtype=dtype)))
            self._c[dtype] = out
        return self._c[dtype]

    def forward(self, x):
        return torch.cat([self.img(p) for p in x.split(CH)])

    def img(self, x):
        B = len(x)
        y = x.double()
        y = y - y.mean(-1, keepdim=True)
        y = y / y.std(-1, keepdim=True)
        sp = spectra(y, self.n_fft).to(x.dtype.to_complex()).transpose(0, 1)
        sm, cr = [], []
        for b, k in self.tables(x.dtype):
            w = b.transform(sp)
            re, im = w.real.contiguous(), w.imag.contiguous()
            a, b_, c, d = re[:, 0], re[:, 1], im[:, 0], im[:, 1]
            p = torch.stack([a * a + c * c, b_ * b_ + d * d, a * b_ + c * d, c * b_ - a * d], 1)
            sm.append(p.flatten(1, 2) @ k)
            cr.append(p[:, 2:].flatten(0, 2) @ b.at_times)
        s = smooth_scales(torch.cat(sm), *self.taps).unflatten(1, (4, B))
        c = torch.cat(cr).view(-1, 2, B, self.grid.n_out)
        r2 = (s[:, 2] ** 2 + s[:, 3] ** 2) / (s[:, 0] * s[:, 1])
        h = r2 * (c[:, 0] ** 2 + c[:, 1] ** 2).rsqrt()
        return torch.stack([r2, h * c[:, 0], h * c[:, 1]]).permute(2, 0, 1, 3)
